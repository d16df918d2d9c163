package config

import (
	"path/filepath"

	"busbar/common/config"
)

// Canary is the [hub.canary] table: what `bus hub` says of the canaries that it sees.
type Canary struct {
	Alarm   bool     `toml:"alarm" doc:"Say on the bus, too, that a channel's canaries stay away (busbar.canary.miss), and that they come again, where the adapter itself does not. It needs [sign] certificate and key."`
	Journal string   `toml:"journal" doc:"The journal of what the hub says itself. Empty: /var/lib/busbar/hub/canary.db."`
	Ignore  []string `toml:"ignore" doc:"Channels whose canaries are not waited for any more, each PUBLISHER, or PUBLISHER and CHANNEL with a blank between."`
}

func (c *Canary) complete() {
	if c.Journal == "" {
		c.Journal = filepath.Join(config.StateDir, "hub", "canary.db")
	}
}
