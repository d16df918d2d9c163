package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"busbar/adapters/tables"
	"busbar/common/canary"
	"busbar/common/config"
	"busbar/common/secret"
	"busbar/common/translate"
	"busbar/dbpoll/database"
)

// CanaryConfig is the [canary] table.
type CanaryConfig struct {
	config.Canary
	Table string     `toml:"table" doc:"Table made for canaries, in the database of [db] url, with the columns publisher (its key) and token, both text. Empty: none."`
	URL   secret.URL `toml:"url" doc:"That database by an account that may write this table, and nothing else; as [db] url, or file:PATH."`
}

// The columns of a table for canaries.
const (
	canaryPublisher = "publisher"
	canaryToken     = "token"
)

func (c *Config) checkCanary() error {
	switch {
	case c.Canary.Table == "":
		return nil
	case c.Canary.URL.Empty():
		return errors.New("checking [canary] url: it is not set: who writes the rows? The account of [db] url need not be able to")
	case slices.ContainsFunc(c.Table, func(t TableConfig) bool { return t.Name == c.Canary.Table }):
		return fmt.Errorf("checking [canary] table: %s is a [[table]], too; its rows would be published", c.Canary.Table)
	}
	return c.Canary.Check(2 * time.Duration(c.DB.Interval))
}

// canaries is the table of the canaries, which is polled as any other.
func (c *Config) canaries() polled {
	t := TableConfig{Name: c.Canary.Table, Key: []string{canaryPublisher}, Watch: []string{canaryToken}}
	return polled{name: tableName(t), url: c.DB.URL, table: &t, canary: true}
}

// route is how canaries go through what is polled; nil: none do. read says whether it
// was polled yet: what is there before is not handed out.
func (c *Config) route(what polled, read func() bool) *canary.Route {
	if !what.canary {
		return nil
	}
	return &canary.Route{
		Interval: time.Duration(c.Canary.Interval), Find: c.findCanary,
		Send: func(ctx context.Context, token string) error {
			if !read() {
				return fmt.Errorf("%w: the table was not read yet", canary.ErrNotYet)
			}
			o, err := c.options(polled{url: c.Canary.URL})
			if err != nil {
				return err
			}
			return database.ReplaceRow(ctx, o, c.Canary.Table, database.Cell{Column: canaryPublisher, Value: c.Bus.Name}, database.Cell{Column: canaryToken, Value: token})
		},
		Hint: "look whether [db] url can be read, and [canary] url can write",
	}
}

// findCanary takes every row of the canaries' table for one: no row of it is a fact.
func (c *Config) findCanary(it translate.Item[any]) *canary.Found {
	ch, ok := it.Value.(tables.Change)
	if !ok || ch.Table != c.Canary.Table {
		return nil
	}
	if ch.After == nil || ch.After.Text(canaryPublisher) != c.Bus.Name {
		return &canary.Found{Rest: true}
	}
	return &canary.Found{Token: ch.After.Text(canaryToken)}
}
