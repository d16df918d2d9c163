package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"busbar/common/condition"
	"busbar/scmhook/feed"
	"busbar/scmhook/install"
)

// unwired says which repositories have no hook of ours; "": each has.
func unwired(o install.Options, all []feed.Repository) (string, error) {
	var names []string
	var errs []error
	for _, r := range all {
		wires, err := o.Wires(r.System, r.Dir)
		if err != nil {
			errs = append(errs, err)
		}
		for _, w := range wires {
			if w.State != "wired" {
				names = append(names, r.Name+" ("+w.State+")")
				break
			}
		}
	}
	if len(names) == 0 {
		return "", errors.Join(errs...)
	}
	return fmt.Sprintf("%d of %d repositories are not wired, and found by comparing only: %s", len(names), len(all), some(names)), errors.Join(errs...)
}

// again is when hooks are looked at again while some repository has none: soon, so
// that what `scmhook install` did is seen.
const again = 10 * time.Second

// watchHooks looks at the hooks of all repositories now and then: they go with
// an update of a forge, and new repositories have none.
func watchHooks(ctx context.Context, cfg *Config, conditions *condition.Set) error {
	for {
		wired, err := checkHooks(cfg, conditions)
		if err != nil {
			return err
		}
		pause := time.Duration(cfg.SCM.Reconcile)
		if !wired {
			pause = min(pause, again)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

func checkHooks(cfg *Config, conditions *condition.Set) (wired bool, err error) {
	o, err := hookOptions(cfg, "")
	if err != nil {
		return false, err
	}
	set, err := feed.NewSet(cfg.SCM.Repositories)
	if err != nil {
		return false, err
	}
	all, _ := set.All() // what is wrong with some is reported at each comparison
	text, err := unwired(o, all)
	if err != nil {
		text += "; " + err.Error()
	}
	if text == "" {
		conditions.Clear("hooks")
		return true, nil
	}
	conditions.Raise(condition.Condition{Name: "hooks", Level: condition.Warn, Text: text, Hint: "scmhook install"})
	return false, nil
}
