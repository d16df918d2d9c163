package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"busbar/common/archive"
	"busbar/common/config"
	"busbar/common/subscribe"
)

// Hub is the [hub] table: what `bus hub` keeps and serves.
type Hub struct {
	Listen         string          `toml:"listen" doc:"Address where bus hub serves HTTP, such as 127.0.0.1:9480. In front of others belongs a proxy with TLS."`
	Certificate    string          `toml:"certificate" doc:"PEM file of the certificate with which it serves TLS by itself. Read again when it changes. Empty: no TLS."`
	Key            string          `toml:"key" doc:"PEM file of its key."`
	Archive        string          `toml:"archive" doc:"The archive's file. Empty: /var/lib/busbar/hub/archive.db."`
	From           string          `toml:"from" doc:"Where to begin with a publisher that is new: start (with the oldest that it keeps), now, or a time such as 2026-11-28T12:00:00Z."`
	KeepAge        config.Duration `toml:"keep_age" doc:"Forget archived messages older than this. 0s: keep for ever."`
	KeepSize       config.Size     `toml:"keep_size" doc:"Forget the oldest archived messages beyond this size of all. 0: no limit."`
	Push           []string        `toml:"push" doc:"Who may post messages to /push: files with secrets (whsec_ and 24 to 64 bytes in base64, one a line), one for each sender and named as it, NAME.secret; or folders of such files."`
	PushTokens     string          `toml:"push_tokens" doc:"File with NAME TOKEN lines: who may post with Authorization: Bearer TOKEN, unsigned."`
	PushCA         string          `toml:"push_ca" doc:"PEM file of an authority: who shows a certificate of it for TLS clients may post, unsigned. Needs certificate."`
	Publish        []string        `toml:"publish" doc:"Endpoints to bind for subscribers by ZeroMQ, such as tcp://*:9950: all that comes into the archive is published there as it came, as fedmsg-gateway does, and replay is answered. Empty: nowhere."`
	Replay         []string        `toml:"replay" doc:"Further endpoints to bind for replay alone, such as tcp://*:9951. The endpoints of publish answer replay anyway."`
	Relay          []string        `toml:"relay" doc:"Endpoints to bind for those who connect to publish, such as tcp://*:9952: fedmsg's active publishers (its relay_inbound), and PUSH sockets. What they say is verified as all else."`
	Clients        int             `toml:"clients" doc:"How many may listen to /events at once."`
	ClientsPerPeer int             `toml:"clients_per_peer" doc:"How many of one address may. Behind a proxy all have its address: set it to clients there."`
	Badges         string          `toml:"badges" doc:"File with who earned what, as bus badges keeps it ([badges] file): then the pages show badges. Empty: they do not."`
	Canary         Canary          `toml:"canary"`
	Lease          config.Duration `toml:"lease" doc:"After how long a listener to /events is sent away; it comes back by itself with its position."`
}

// DefaultHub is the [hub] table before any file is read.
func DefaultHub() Hub {
	return Hub{Listen: "127.0.0.1:9480", From: "start", Clients: 2000, ClientsPerPeer: 100, Lease: config.Duration(15 * time.Minute)}
}

// Complete fills what is left out, and reports what cannot work.
func (h *Hub) Complete() error {
	h.Canary.complete()
	if h.Archive == "" {
		h.Archive = filepath.Join(config.StateDir, "hub", "archive.db")
	}
	if err := config.CheckAddress(h.Listen); err != nil {
		return fmt.Errorf("checking [hub] listen: %w (want an address such as 127.0.0.1:9480)", err)
	}
	if (h.Certificate == "") != (h.Key == "") {
		return errors.New("checking [hub]: certificate and key belong together, and one is not set")
	}
	if h.PushCA != "" && h.Certificate == "" {
		return errors.New("checking [hub] push_ca: without certificate and key there is no TLS in which a client could show its own")
	}
	if h.Clients < 1 || h.ClientsPerPeer < 1 {
		return fmt.Errorf("checking [hub]: clients (%d) and clients_per_peer (%d) must be at least 1", h.Clients, h.ClientsPerPeer)
	}
	if h.Lease < config.Duration(time.Second) {
		return fmt.Errorf("checking [hub] lease: %s is less than a second", time.Duration(h.Lease))
	}
	if _, err := h.Begin(); err != nil {
		return err
	}
	taken := map[string]string{}
	for key, list := range map[string][]string{"publish": h.Publish, "replay": h.Replay, "relay": h.Relay} {
		for _, e := range list {
			if !strings.HasPrefix(e, "tcp://") {
				return fmt.Errorf("checking [hub] %s: %q is not an endpoint such as tcp://*:9950", key, e)
			}
			if err := config.CheckAddress(strings.TrimPrefix(e, "tcp://")); err != nil {
				return fmt.Errorf("checking [hub] %s: %w (want an endpoint such as tcp://*:9950)", key, err)
			}
			if taken[e] != "" && !strings.HasSuffix(e, ":0") {
				return fmt.Errorf("checking [hub]: %q is in %s and in %s", e, taken[e], key)
			}
			taken[e] = key
		}
	}
	if h.KeepAge < 0 || h.KeepSize < 0 {
		return fmt.Errorf("checking [hub]: keep_age and keep_size cannot be less than 0")
	}
	return nil
}

// Pushed says that somebody may push.
func (h *Hub) Pushed() bool { return len(h.Push) > 0 || h.PushTokens != "" || h.PushCA != "" }

// Begin is what From says.
func (h *Hub) Begin() (subscribe.From, error) {
	switch h.From {
	case "start":
		return subscribe.Start(), nil
	case "now":
		return subscribe.Now(), nil
	}
	t, err := archive.ParseTime(h.From)
	if err != nil {
		return subscribe.From{}, fmt.Errorf("checking [hub] from: %w (or start, or now)", err)
	}
	return subscribe.Since(t), nil
}
