package notify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"busbar/bus/config"
	"busbar/bus/notify/dest"
	"busbar/bus/notify/openid"
	"busbar/bus/notify/outbox"
	"busbar/bus/notify/rule"
	"busbar/common/exit"
	"busbar/common/program"
	"busbar/common/show"
)

func signals() (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
}

type checkCommand struct {
	Send string `help:"Send a test to each address of this person." placeholder:"PERSON"`
	To   string `help:"Send a test to this address alone, such as mail:jane@example.org." placeholder:"ADDRESS"`
	JSON bool   `help:"Print JSON."`
}

// A tested address is what came of a test.
type tested struct {
	Address string `json:"address"`
	Error   string `json:"error,omitempty"`
}

// Run checks.
func (c *checkCommand) Run(p *program.Env, g *program.Globals) error {
	ctx, stop := signals()
	defer stop()
	cfg, w, err := loaded(p, g, g.Logger(p))
	if err != nil {
		return err
	}
	defer w.Close()
	people, err := everybody(ctx, cfg, w)
	if err != nil {
		return err
	}
	rules, off := 0, 0
	for _, one := range people {
		for _, r := range one.Rules {
			if rules++; r.Off {
				off++
			}
		}
	}
	to, err := c.addresses(people)
	if err != nil {
		return &exit.Error{Code: exit.Usage, Err: err}
	}
	results, failed := []tested{}, 0
	provider, away := cfg.Notify.Self.OpenID, error(nil)
	if provider.Configured() {
		if away, err = lookAt(ctx, cfg.Notify); err != nil {
			return &exit.Error{Code: exit.Config, Err: err}
		}
	}
	for _, a := range to {
		t := tested{Address: a.String()}
		if err := sendTest(ctx, w, a, cmp.Or(c.Send, "test")); err != nil {
			t.Error = err.Error()
			failed++
		}
		results = append(results, t)
	}
	if c.JSON {
		all := map[string]any{"people": len(people), "rules": rules, "off": off, "destinations": w.names(), "tests": results}
		if provider.Configured() {
			one := tested{Address: provider.Issuer}
			if away != nil {
				one.Error = away.Error()
			}
			all["openid"] = one
		}
		err = program.PrintJSON(p.Stdout, all)
	} else {
		lines := []string{fmt.Sprintf("%d people with %d rules, %d of them off, in %s", len(people), rules, off, cfg.Notify.Rules), "destinations: " + orNone(w.names())}
		if away != nil {
			lines = append(lines, "people CANNOT sign in at "+provider.Issuer+": "+away.Error())
		} else if provider.Configured() {
			lines = append(lines, "people can sign in at "+provider.Issuer+", which sends them back to "+strings.TrimSuffix(cfg.Notify.Public, "/")+openid.Back)
		}
		for _, t := range results {
			if t.Error == "" {
				lines = append(lines, "sent a test to "+t.Address)
			} else {
				lines = append(lines, "NOT sent to "+t.Address+": "+t.Error)
			}
		}
		err = printLines(p, lines)
	}
	if err == nil && away != nil {
		err = &exit.Error{Code: exit.TempFail, Err: fmt.Errorf("checking: %w", away)}
	}
	if err == nil && failed > 0 {
		err = &exit.Error{Code: exit.TempFail, Err: fmt.Errorf("checking: %d of %d tests could not be sent", failed, len(results))}
	}
	return err
}

// lookAt asks the provider of OpenID Connect what it is; away is that it does not say it.
func lookAt(ctx context.Context, n config.Notify) (away, err error) {
	p, err := n.Self.OpenID.Open(n.Outside, n.Public)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	return p.Look(ctx), nil
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none is configured (see [notify.mail])"
	}
	return strings.Join(names, ", ")
}

func printLines(p *program.Env, lines []string) error {
	for _, line := range lines {
		if _, err := show.Fprintln(p.Stdout, show.OneLine(line)); err != nil {
			return err
		}
	}
	return nil
}

// addresses are those that get a test.
func (c *checkCommand) addresses(people []*rule.Person) (list []rule.Address, err error) {
	if c.To != "" {
		a, err := rule.ParseAddress(c.To)
		return []rule.Address{a}, err
	}
	if c.Send == "" {
		return nil, nil
	}
	one, err := find(people, c.Send)
	if err != nil {
		return nil, err
	}
	list = slices.Clone(one.To)
	for _, r := range one.Rules {
		for _, a := range r.To {
			if !slices.Contains(list, a) {
				list = append(list, a)
			}
		}
	}
	return list, nil
}

// find is a person by name.
func find(people []*rule.Person, key string) (*rule.Person, error) {
	i := slices.IndexFunc(people, func(p *rule.Person) bool { return p.Key == key })
	if i < 0 {
		return nil, fmt.Errorf("there is nobody %q among the people of the rules", key)
	}
	return people[i], nil
}

// sendTest sends a test to a person's address.
func sendTest(ctx context.Context, w ways, a rule.Address, person string) error {
	if err := w.check(a); err != nil {
		return err
	}
	d := w[a.Way]
	limit := d.Traits().Patience
	if limit == 0 {
		limit = sendPatience
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	now := time.Now().UTC()
	return d.Send(ctx, dest.Note{
		ID: fmt.Sprintf("test%x", now.UnixNano()), Person: person, To: a.To, Kind: dest.Test, Rule: "test", Time: now,
		Subject: "A test of Busbar", Text: "This is a test of bus notify: notes reach you here.\n",
	})
}

// beside opens the outbox while the daemon may run.
func beside(p *program.Env, g *program.Globals) (*outbox.Outbox, error) {
	cfg, err := config.Load(p, g)
	if err == nil {
		if err = cfg.Notify.Complete(); err != nil {
			err = &exit.Error{Code: exit.Config, Err: err}
		}
	}
	if err != nil {
		return nil, err
	}
	out, err := outbox.OpenBeside(context.Background(), cfg.Notify.Outbox)
	if err != nil {
		return nil, &exit.Error{Code: exit.Config, Err: err}
	}
	return out, nil
}

type deadList struct {
	JSON bool `help:"Print one JSON object a line."`
}

// Run lists dead letters.
func (c *deadList) Run(p *program.Env, g *program.Globals) error {
	out, err := beside(p, g)
	if err != nil {
		return err
	}
	defer out.Close()
	ctx := context.Background()
	dead, err := out.Dead(ctx)
	if err != nil {
		return err
	}
	paused, err := out.Paused(ctx)
	if err != nil {
		return err
	}
	var lines []string
	for _, r := range dead {
		if c.JSON {
			if err := program.PrintJSON(p.Stdout, r); err != nil {
				return err
			}
		}
		lines = append(lines, fmt.Sprintf("%s  %s  %s:%s  %s: %s", r.ID, r.Made.Format(time.DateTime), r.Way, r.To, r.Subject, r.Error))
	}
	for _, a := range paused {
		if c.JSON {
			if err := program.PrintJSON(p.Stdout, map[string]any{"paused": a}); err != nil {
				return err
			}
		}
		lines = append(lines, fmt.Sprintf("paused since %s: %s:%s: %s", a.Since.Format(time.DateTime), a.Way, a.To, a.Reason))
	}
	if c.JSON {
		return nil
	}
	return printLines(p, lines)
}

// ids says which dead letters are meant.
type ids struct {
	ID  []string `arg:"" optional:"" help:"The notes, as bus notify dead list has them." placeholder:"ID"`
	All bool     `help:"All of them."`
}

func (c ids) check(doing string) error {
	if c.All == (len(c.ID) > 0) {
		return &exit.Error{Code: exit.Usage, Err: fmt.Errorf("%s: which notes? (give ids, or --all)", doing)}
	}
	return nil
}

type deadRetry struct{ ids }

// Run gives dead letters back.
func (c *deadRetry) Run(p *program.Env, g *program.Globals) error {
	return c.do(p, g, "trying again", "are sent again", (*outbox.Outbox).Revive)
}

type deadDrop struct{ ids }

// Run forgets dead letters.
func (c *deadDrop) Run(p *program.Env, g *program.Globals) error {
	return c.do(p, g, "dropping", "are forgotten", (*outbox.Outbox).Drop)
}

func (c ids) do(p *program.Env, g *program.Globals, doing, done string, what func(*outbox.Outbox, context.Context, ...string) (int64, error)) error {
	if err := c.check(doing); err != nil {
		return err
	}
	out, err := beside(p, g)
	if err != nil {
		return err
	}
	n, err := what(out, context.Background(), c.ID...)
	if err = errors.Join(err, out.Close()); err != nil {
		return &exit.Error{Code: exit.Failure, Err: fmt.Errorf("%s: %w", doing, err)}
	}
	_, err = show.Fprintf(p.Stdout, "%d notes %s\n", n, done)
	return err
}

type resumeCommand struct {
	Person string `arg:"" help:"Whose rules they are."`
}

// Run resumes.
func (c *resumeCommand) Run(p *program.Env, g *program.Globals) error {
	out, err := beside(p, g)
	if err != nil {
		return err
	}
	n, err := out.Resume(context.Background(), c.Person)
	if err = errors.Join(err, out.Close()); err != nil {
		return &exit.Error{Code: exit.TempFail, Err: err}
	}
	_, err = show.Fprintf(p.Stdout, "%d rules of %s are in force again\n", n, c.Person)
	return err
}

type statusCommand struct {
	JSON bool `help:"Print JSON."`
}

// Run counts.
func (c *statusCommand) Run(p *program.Env, g *program.Globals) error {
	out, err := beside(p, g)
	if err != nil {
		return err
	}
	defer out.Close()
	tallies, err := out.Tallies(context.Background())
	if err != nil {
		return err
	}
	if c.JSON {
		return program.PrintJSON(p.Stdout, tallies)
	}
	var lines []string
	for _, way := range slices.Sorted(maps.Keys(tallies)) {
		t := tallies[way]
		name := way
		if way == "" {
			name = "events"
		}
		line := fmt.Sprintf("%s: %d wait, %d could not be sent", name, t.Waiting, t.Dead)
		for _, what := range slices.Sorted(maps.Keys(t.Counts)) {
			line += fmt.Sprintf(", %s %d", what, t.Counts[what])
		}
		lines = append(lines, line)
	}
	if len(lines) == 0 {
		lines = []string{"nothing was made yet"}
	}
	return printLines(p, lines)
}
