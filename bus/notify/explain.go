package notify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"busbar/bus/config"
	"busbar/bus/notify/match"
	"busbar/bus/notify/outbox"
	"busbar/bus/notify/plan"
	"busbar/bus/notify/rule"
	"busbar/common/archive"
	"busbar/common/event"
	"busbar/common/exit"
	"busbar/common/program"
)

// inArchive is where events are looked up.
type inArchive struct {
	Archive string `help:"The archive to look into. Default: [hub] archive." placeholder:"FILE" type:"path"`
}

func (a inArchive) open(ctx context.Context, cfg config.Config, doing string) (*archive.Reader, error) {
	path := a.Archive
	if path == "" {
		if err := cfg.Hub.Complete(); err != nil {
			return nil, &exit.Error{Code: exit.Config, Err: err}
		}
		path = cfg.Hub.Archive
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, &exit.Error{Code: exit.Config, Err: fmt.Errorf("%s: there is no archive %s (a hub makes it; give --archive FILE)", doing, path)}
	}
	r, err := archive.OpenReader(ctx, path)
	if err != nil {
		return nil, &exit.Error{Code: exit.TempFail, Err: fmt.Errorf("%s: %w", doing, err)}
	}
	return r, nil
}

type explainCommand struct {
	ID     string `arg:"" help:"The event's id, as in a mail's X-Busbar-Event."`
	Person string `arg:"" optional:"" help:"Only this person."`
	inArchive
	JSON bool `help:"Print one JSON object a line."`
}

// An explained rule is what it says of the event.
type explained struct {
	Person  string          `json:"person"`
	Rule    string          `json:"rule"`
	Filter  string          `json:"filter"`
	Verdict rule.Verdict    `json:"verdict"`
	When    string          `json:"when"`
	To      []string        `json:"to"`
	Notes   []outbox.Record `json:"-"`
}

// Run explains.
func (c *explainCommand) Run(p *program.Env, g *program.Globals) error {
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
	if c.Person != "" {
		one, err := find(people, c.Person)
		if err != nil {
			return &exit.Error{Code: exit.Usage, Err: fmt.Errorf("explaining: %w", err)}
		}
		people = []*rule.Person{one}
	}
	ev, err := c.event(ctx, cfg)
	if err != nil {
		return err
	}
	notes, reports, err := stored(ctx, cfg, c.ID)
	if err != nil {
		return err
	}
	m := match.New(cfg.Bus.Prefix, nil, match.NewReports(reports))
	lines := []string{fmt.Sprintf("%s, of %s, keyword %s", ev.Envelope.Topic, time.Unix(ev.Envelope.Timestamp, 0).UTC().Format(time.DateTime), ev.Keyword)}
	wanted := false
	for _, one := range people {
		for _, r := range one.Rules {
			x := explained{Person: one.Key, Rule: r.Name, Filter: r.Filter.Text, Verdict: r.Wants(ev, m.Of(one)), When: r.When.String(), To: []string{}}
			for _, a := range r.To {
				x.To = append(x.To, a.String())
			}
			wanted = wanted || x.Verdict == rule.Wanted
			if c.Person == "" && x.Verdict != rule.Wanted {
				continue
			}
			if c.JSON {
				if err := program.PrintJSON(p.Stdout, x); err != nil {
					return err
				}
			}
			line := fmt.Sprintf("%s, rule %s: %s", x.Person, x.Rule, x.Verdict)
			if x.Verdict == rule.Wanted {
				line += fmt.Sprintf(" (%s), %s, to %v", x.Filter, x.When, x.To)
			} else {
				line += fmt.Sprintf(" (%s)", x.Filter)
			}
			lines = append(lines, line)
		}
	}
	for _, n := range notes {
		if c.Person != "" && n.Person != c.Person {
			continue
		}
		if c.JSON {
			if err := program.PrintJSON(p.Stdout, n); err != nil {
				return err
			}
		}
		line := fmt.Sprintf("%s, %s to %s:%s: %s, note %s", n.Person, n.Kind, n.Way, n.To, n.State, n.ID)
		if !n.Done.IsZero() {
			line += ", at " + n.Done.Format(time.DateTime)
		}
		if n.Error != "" {
			line += ": " + n.Error
		}
		lines = append(lines, line)
	}
	if !wanted {
		lines = append(lines, "no rule wants it")
	}
	if c.JSON {
		return nil
	}
	return printLines(p, lines)
}

// event looks the event up.
func (c *explainCommand) event(ctx context.Context, cfg config.Config) (*rule.Event, error) {
	r, err := c.open(ctx, cfg, "explaining")
	if err != nil {
		return nil, err
	}
	defer r.Close()
	found, err := r.ByID(ctx, c.ID)
	if err != nil {
		return nil, &exit.Error{Code: exit.Failure, Err: fmt.Errorf("explaining: %w", err)}
	}
	_, e, err := event.ParseMessage(found.Wire)
	if err != nil {
		return nil, fmt.Errorf("explaining: %w", err)
	}
	return rule.NewEvent(cfg.Bus.Prefix, e, found.Wire), nil
}

// stored is what the outbox has of an event, and who reported which bug; nothing where
// there is no outbox yet.
func stored(ctx context.Context, cfg config.Config, id string) ([]outbox.Record, map[string]string, error) {
	if _, err := os.Stat(cfg.Notify.Outbox); errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	out, err := outbox.OpenBeside(ctx, cfg.Notify.Outbox)
	if err != nil {
		return nil, nil, &exit.Error{Code: exit.TempFail, Err: err}
	}
	defer out.Close()
	notes, err := out.About(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	reports, err := out.Reports(ctx)
	return notes, reports, err
}

type testCommand struct {
	Person string `arg:"" help:"Whose rule it is."`
	Rule   string `arg:"" optional:"" help:"The rule's name. Without it: all rules of the person, as they work together."`
	Filter string `help:"Try this filter instead of a rule." placeholder:"FILTER"`
	Since  string `help:"Of which time: a time, or a while ago, such as 168h." default:"168h" placeholder:"TIME"`
	Limit  int    `help:"Print at most so many notes; all are counted." default:"50"`
	inArchive
	JSON bool `help:"Print each note as one JSON object a line."`
}

// Run tries a rule on what the archive has.
func (c *testCommand) Run(p *program.Env, g *program.Globals) error {
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
	one, err := c.person(people, cfg)
	if err != nil {
		return &exit.Error{Code: exit.Usage, Err: fmt.Errorf("trying a rule: %w", err)}
	}
	since, ok := config.Moment(c.Since, time.Now())
	if !ok {
		return &exit.Error{Code: exit.Usage, Err: fmt.Errorf("trying a rule: --since %q is no time such as 2026-01-31, and no while such as 168h", c.Since)}
	}
	r, err := c.open(ctx, cfg, "trying a rule")
	if err != nil {
		return err
	}
	defer r.Close()
	t := trial{prefix: cfg.Bus.Prefix, person: one, out: func(at time.Time, to rule.Address, n plan.Out) error { return c.print(p, one, at, to, n) }}
	if err := t.run(ctx, r, since); err != nil {
		return &exit.Error{Code: exit.TempFail, Err: fmt.Errorf("trying a rule: %w", err)}
	}
	if c.JSON {
		return nil
	}
	return printLines(p, []string{fmt.Sprintf("%d of %d events are wanted; they would have been %d notes, %d events of them held back by the limit, %d taken back", t.wanted, t.events, t.notes, t.held, t.back)})
}

// person is whose rules are tried, with those alone that are.
func (c *testCommand) person(people []*rule.Person, cfg config.Config) (*rule.Person, error) {
	p, err := find(people, c.Person)
	if err != nil {
		return nil, err
	}
	one := *p
	one.Paused = false
	if c.Filter != "" {
		f, err := rule.ParseFilter(c.Filter, cfg.Bus.Prefix, one.Packages, func(string) ([]string, bool) { return nil, false })
		if err != nil {
			return nil, err
		}
		one.Rules = []*rule.Rule{{Name: "tried", Filter: f, To: one.To}}
	} else if c.Rule != "" {
		one.Rules = nil
		for _, r := range p.Rules {
			if r.Name == c.Rule {
				on := *r
				on.Off = false
				one.Rules = append(one.Rules, &on)
			}
		}
		if len(one.Rules) == 0 {
			return nil, fmt.Errorf("%s has no rule %q", c.Person, c.Rule)
		}
	}
	for i, r := range one.Rules {
		if len(r.To) == 0 { // it can be tried before it has one
			with := *r
			with.To = []rule.Address{{Way: "nowhere", To: c.Person}}
			one.Rules[i] = &with
		}
	}
	return &one, nil
}

func (c *testCommand) print(p *program.Env, one *rule.Person, at time.Time, to rule.Address, o plan.Out) error {
	if c.Limit--; c.Limit < 0 {
		return nil
	}
	n := o.Note(one.Key, to.Way, to.To)
	if c.JSON {
		return program.PrintJSON(p.Stdout, map[string]any{"at": at.UTC(), "to": to.String(), "kind": n.Kind, "subject": n.Subject, "events": len(o.Items) + o.More, "text": n.Text})
	}
	return printLines(p, []string{fmt.Sprintf("%s  %s  %s: %s", at.UTC().Format(time.DateTime), to, n.Kind, n.Subject)})
}
