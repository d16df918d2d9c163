package badges

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"busbar/bus/badges/ledger"
	"busbar/bus/badges/rule"
	"busbar/common/exit"
	"busbar/common/program"
	"busbar/common/show"
)

func printLines(p *program.Env, lines []string) error {
	for _, line := range lines {
		if _, err := show.Fprintln(p.Stdout, show.OneLine(line)); err != nil {
			return err
		}
	}
	return nil
}

// printAll prints one JSON object a line, or lines.
func printAll[T any](p *program.Env, json bool, list []T, line func(T) string) error {
	for _, one := range list {
		if json {
			if err := program.PrintJSON(p.Stdout, one); err != nil {
				return err
			}
			continue
		}
		if _, err := show.Fprintln(p.Stdout, show.OneLine(line(one))); err != nil {
			return err
		}
	}
	return nil
}

type checkCommand struct {
	JSON bool `help:"Print the rules as they are understood, one JSON object a line."`
}

// Run reads the rules.
func (c *checkCommand) Run(p *program.Env, g *program.Globals) error {
	cfg, err := loaded(p, g)
	if err != nil {
		return err
	}
	set, err := rules(cfg)
	if err != nil {
		return err
	}
	if c.JSON {
		return printAll(p, true, set.Badges, nil)
	}
	return printLines(p, []string{fmt.Sprintf("%d badges, in order; %d people opted out", len(set.Badges), len(set.OptOut))})
}

type listCommand struct {
	JSON bool `help:"Print one JSON object a line."`
}

// Run lists badges.
func (c *listCommand) Run(p *program.Env, g *program.Globals) error {
	cfg, err := loaded(p, g)
	if err != nil {
		return err
	}
	r, err := beside(cfg)
	if err != nil {
		return err
	}
	defer r.Close()
	list, err := r.Badges(context.Background())
	if err != nil {
		return err
	}
	if len(list) == 0 && !c.JSON {
		return printLines(p, []string{"there are no badges (see [badges] rules)"})
	}
	return printAll(p, c.JSON, list, func(b ledger.Badge) string {
		var have []string
		for _, level := range b.Levels {
			if len(b.Levels) == 1 {
				have = append(have, fmt.Sprint(b.Holders[level]))
			} else {
				have = append(have, fmt.Sprintf("%d at %d", b.Holders[level], level))
			}
		}
		return fmt.Sprintf("%-24s %s: %s (%s have it)", b.Name, b.Title, b.Text, strings.Join(have, ", "))
	})
}

// who is what commands about a person share.
type who struct {
	Person string `arg:"" help:"The person's address or account."`
	JSON   bool   `help:"Print one JSON object a line."`
}

// look opens the file, and finds the person there.
func (c *who) look(p *program.Env, g *program.Globals) (r *ledger.Reader, key, name string, err error) {
	cfg, err := loaded(p, g)
	if err != nil {
		return nil, "", "", err
	}
	key, ok := rule.Key(c.Person)
	if !ok {
		return nil, "", "", &exit.Error{Code: exit.Usage, Err: fmt.Errorf("%q is no address or account", c.Person)}
	}
	if r, err = beside(cfg); err != nil {
		return nil, "", "", err
	}
	if name, err = r.Name(context.Background(), key); err != nil {
		return nil, "", "", errors.Join(&exit.Error{Code: exit.Failure, Err: fmt.Errorf("looking for %s: %w", key, err)}, r.Close())
	}
	return r, key, name, nil
}

type showCommand struct{ who }

// Run shows what somebody earned.
func (c *showCommand) Run(p *program.Env, g *program.Globals) error {
	r, key, name, err := c.look(p, g)
	if err != nil {
		return err
	}
	defer r.Close()
	list, err := r.Of(context.Background(), key)
	if err != nil {
		return err
	}
	if len(list) == 0 && !c.JSON {
		return printLines(p, []string{fmt.Sprintf("%s <%s> has no badge yet (see bus badges progress)", name, key)})
	}
	return printAll(p, c.JSON, list, func(a ledger.Award) string {
		title := a.Title
		if len(a.Rule.Levels) > 1 {
			title += fmt.Sprintf(" (%d)", a.Level)
		}
		return fmt.Sprintf("%s  %-24s %s  by %s", a.Time.Format(time.DateTime), a.Badge, title, a.Message)
	})
}

type progressCommand struct{ who }

// Run says how far somebody is.
func (c *progressCommand) Run(p *program.Env, g *program.Globals) error {
	r, key, _, err := c.look(p, g)
	if err != nil {
		return err
	}
	defer r.Close()
	list, err := r.Progress(context.Background(), key, time.Now())
	if err != nil {
		return err
	}
	return printAll(p, c.JSON, list, func(o ledger.Progress) string { return fmt.Sprintf("%-24s %s: %s", o.Badge, o.Title, o.Say()) })
}

type forgetCommand struct {
	Person string `arg:"" help:"The person's address or account, which must be in optout of the rules."`
}

// Run deletes what is known of somebody.
func (c *forgetCommand) Run(p *program.Env, g *program.Globals) error {
	cfg, err := loaded(p, g)
	if err != nil {
		return err
	}
	key, ok := rule.Key(c.Person)
	if !ok {
		return &exit.Error{Code: exit.Usage, Err: fmt.Errorf("%q is no address or account", c.Person)}
	}
	set, err := rules(cfg)
	if err != nil {
		return err
	}
	if _, out := slices.BinarySearch(set.OptOut, key); !out {
		return &exit.Error{Code: exit.Config, Err: fmt.Errorf("forgetting %s: %w", key, ledger.ErrNotOut)}
	}
	r, err := beside(cfg)
	if err != nil {
		return err
	}
	ctx := context.Background()
	known, err := r.Forget(ctx, key)
	if errors.Is(err, ledger.ErrNotOut) { // the daemon did not read the rules since
		err = &exit.Error{Code: exit.TempFail, Err: fmt.Errorf("forgetting %s: what gives badges has not read of it yet (systemctl reload bus-badges, or bus badges run --once; then again)", key)}
	}
	if err = errors.Join(err, r.Close()); err != nil {
		return err
	}
	if !known {
		return printLines(p, []string{fmt.Sprintf("nothing is known of %s", key)})
	}
	return printLines(p, []string{fmt.Sprintf("all of %s is deleted here; what was said on the bus stays with those who heard it", key)})
}
