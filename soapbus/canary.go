package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"busbar/common/canary"
	"busbar/common/config"
	"busbar/common/translate"
	"busbar/soapbus/sweep"
)

// CanaryConfig is the [canary] table.
type CanaryConfig struct {
	config.Canary
	Bug     int    `toml:"bug" doc:"A bug that is known: the canary asks for it, and compares the answer. 0: none."`
	Title   string `toml:"title" doc:"The title that it must have. This or package must be set."`
	Package string `toml:"package" doc:"A package that it must be filed against."`
}

func (c CanaryConfig) check() error {
	switch {
	case c.Bug == 0:
		return nil
	case c.Bug < 0:
		return fmt.Errorf("checking [canary] bug: %d is no bug number", c.Bug)
	case c.Title == "" && c.Package == "":
		return errors.New("checking [canary]: neither title nor package is set: what must the tracker say of the bug?")
	}
	return c.Check(time.Second)
}

// route is how canaries go through the tracker; nil: none do. opened is the sweep, once
// there is one.
func (c *Config) route(log *slog.Logger, opened func() *sweep.Sweep) *canary.Route {
	if c.Canary.Bug == 0 {
		return nil
	}
	return &canary.Route{
		Interval: time.Duration(c.Canary.Interval),
		Send: func(_ context.Context, token string) error {
			s := opened()
			if s == nil {
				return fmt.Errorf("%w: the tracker is not asked yet", canary.ErrNotYet)
			}
			s.Ask(c.Canary.Bug, token)
			return nil
		},
		Find: func(it translate.Item[any]) *canary.Found { return c.Canary.find(it, log) },
		Hint: fmt.Sprintf("look whether the tracker answers, and what it says of bug %d", c.Canary.Bug),
	}
}

func (c CanaryConfig) find(it translate.Item[any], log *slog.Logger) *canary.Found {
	a, ok := it.Value.(sweep.Canary)
	if !ok {
		return nil
	}
	f := &canary.Found{Token: a.Token}
	switch st := a.Status; {
	case st == nil:
		f.Amiss = "the tracker does not know the bug"
	case c.Title != "" && st.Title != c.Title:
		f.Amiss = "the tracker gives the bug another title"
		log.Warn("canary: the tracker gives the bug another title", "bug", c.Bug, "title", st.Title, "want", c.Title)
	case c.Package != "" && !slices.Contains(st.Packages, c.Package):
		f.Amiss = "the tracker files the bug against another package"
		log.Warn("canary: the tracker files the bug against another package", "bug", c.Bug, "packages", st.Packages, "want", c.Package)
	}
	return f
}
