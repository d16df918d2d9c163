package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"busbar/common/config"
)

// Badges is the [badges] table: what `bus badges` gives people for what they do.
type Badges struct {
	Rules   string          `toml:"rules" doc:"Folder of *.toml files with badges and with who wants none, or one such file. Empty: /etc/busbar/badges.d."`
	Archive string          `toml:"archive" doc:"The archive that badges are questions to. Empty: that of [hub]."`
	File    string          `toml:"file" doc:"File with who earned what, and up to where the archive was read. Empty: /var/lib/busbar/badges/badges.db."`
	Journal string          `toml:"journal" doc:"The journal of what is said of awards (badges.badge.award). Empty: /var/lib/busbar/badges/journal.db."`
	Name    string          `toml:"name" doc:"Name of this publisher, once per bus. Empty: badges.HOST."`
	Publish []string        `toml:"publish" doc:"Endpoints to bind for subscribers of awards, such as tcp://*:9946. Empty: keep in the journal only."`
	Metrics string          `toml:"metrics" doc:"Address where Prometheus reads /metrics, and others ask /healthz, such as 127.0.0.1:9484. Empty: nowhere."`
	Site    string          `toml:"site" doc:"Address of the hub whose pages show badges, such as https://hub.example.org: awards have a link to it. Empty: they have none."`
	Every   config.Duration `toml:"every" doc:"How often the archive is looked at for what is new."`
}

// DefaultBadges is the [badges] table before any file is read.
func DefaultBadges() Badges { return Badges{Every: config.Duration(5 * time.Second)} }

// Complete fills what is left out, and reports what cannot work.
func (b *Badges) Complete(hub Hub) error {
	fill := func(to *string, parts ...string) {
		if *to == "" {
			*to = filepath.Join(parts...)
		}
	}
	fill(&b.Rules, config.Dir, "badges.d")
	fill(&b.Archive, hub.Archive)
	fill(&b.Archive, config.StateDir, "hub", "archive.db")
	fill(&b.File, config.StateDir, "badges", "badges.db")
	fill(&b.Journal, config.StateDir, "badges", "journal.db")
	if err := config.CheckAddress(b.Metrics); b.Metrics != "" && err != nil {
		return fmt.Errorf("checking [badges] metrics: %w (want an address such as 127.0.0.1:9484)", err)
	}
	if b.Site != "" && !strings.HasPrefix(b.Site, "https://") && !strings.HasPrefix(b.Site, "http://") {
		return fmt.Errorf("checking [badges] site: %q is no address such as https://hub.example.org", b.Site)
	}
	if b.Every < config.Duration(100*time.Millisecond) {
		return errors.New("checking [badges] every: it is less than 100ms")
	}
	return nil
}

// Publisher is the [bus] table of who says awards.
func (c Config) Publisher() (config.Bus, error) {
	bus := c.Bus
	bus.Name, bus.Journal, bus.Publish, bus.Replay, bus.Metrics, bus.Quiet = c.Badges.Name, c.Badges.Journal, c.Badges.Publish, nil, c.Badges.Metrics, 0
	return bus, bus.Complete("badges")
}
