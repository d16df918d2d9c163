package config

import (
	"fmt"
	"time"
)

// Canary is what the [canary] tables of all adapters have in common. It is embedded.
type Canary struct {
	Interval Duration `toml:"interval" doc:"How often a marked item is sent through the channel, give or take a tenth. If none comes out for twice as long, the channel counts as broken."`
}

// DefaultCanary is that part before any file is read.
func DefaultCanary() Canary { return Canary{Interval: Duration(10 * time.Minute)} }

// Check reports an interval that cannot work; least is what the channel needs.
func (c Canary) Check(least time.Duration) error {
	if time.Duration(c.Interval) < least {
		return fmt.Errorf("checking [canary] interval: %s is less than %s", time.Duration(c.Interval), least)
	}
	return nil
}
