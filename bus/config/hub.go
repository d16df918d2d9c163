package config

import (
	"fmt"
	"net"
	"path/filepath"
	"time"

	"busbar/common/config"
)

// Hub is the [hub] table: what `bus hub` keeps and serves.
type Hub struct {
	Listen         string          `toml:"listen" doc:"Address where bus hub serves HTTP, such as 127.0.0.1:9480. In front of others belongs a proxy with TLS."`
	Archive        string          `toml:"archive" doc:"The archive's file. Empty: /var/lib/busbar/hub/archive.db."`
	KeepAge        config.Duration `toml:"keep_age" doc:"Forget archived messages older than this. 0s: keep for ever."`
	KeepSize       config.Size     `toml:"keep_size" doc:"Forget the oldest archived messages beyond this size of all. 0: no limit."`
	Clients        int             `toml:"clients" doc:"How many may listen to /events at once."`
	ClientsPerPeer int             `toml:"clients_per_peer" doc:"How many of one address may. Behind a proxy all have its address: set it to clients there."`
	Lease          config.Duration `toml:"lease" doc:"After how long a listener to /events is sent away; it comes back by itself with its position."`
}

// DefaultHub is the [hub] table before any file is read.
func DefaultHub() Hub {
	return Hub{Listen: "127.0.0.1:9480", Clients: 2000, ClientsPerPeer: 100, Lease: config.Duration(15 * time.Minute)}
}

// Complete fills what is left out, and reports what cannot work.
func (h *Hub) Complete() error {
	if h.Archive == "" {
		h.Archive = filepath.Join(config.StateDir, "hub", "archive.db")
	}
	if _, _, err := net.SplitHostPort(h.Listen); err != nil {
		return fmt.Errorf("checking [hub] listen: %w (want an address such as 127.0.0.1:9480)", err)
	}
	if h.Clients < 1 || h.ClientsPerPeer < 1 {
		return fmt.Errorf("checking [hub]: clients (%d) and clients_per_peer (%d) must be at least 1", h.Clients, h.ClientsPerPeer)
	}
	if h.Lease < config.Duration(time.Second) {
		return fmt.Errorf("checking [hub] lease: %s is less than a second", time.Duration(h.Lease))
	}
	if h.KeepAge < 0 || h.KeepSize < 0 {
		return fmt.Errorf("checking [hub]: keep_age and keep_size cannot be less than 0")
	}
	return nil
}
