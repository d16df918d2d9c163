package search

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"busbar/bus/printer"
	"busbar/bus/trace"
	"busbar/common/event"
	"busbar/common/exit"
	"busbar/common/program"
	"busbar/common/show"
)

type traceCommand struct {
	Package string `arg:"" help:"The package."`
	Since   string `help:"Only what was published at this time or later: 2026-01-31." placeholder:"TIME"`
	Limit   int    `help:"The newest messages, so many." default:"1000"`
	JSON    bool   `help:"Print each step as one line of JSON: its place, the place of what it followed from, and the message."`
	Color   string `help:"Colours: auto, always, never." enum:"auto,always,never" default:"auto"`
	Where
}

// A traced is a step as JSON.
type traced struct {
	Step    int       `json:"step"` // from 1
	Time    time.Time `json:"time"` // when it happened
	Because int       `json:"because,omitempty"`
	Why     string    `json:"why,omitempty"`
	ID      string    `json:"id"`
	Topic   string    `json:"topic"`
	Title   string    `json:"title"`
	Link    string    `json:"link,omitempty"`
}

// Run shows a package's life.
func (c *traceCommand) Run(p *program.Env, g *program.Globals) error {
	switch {
	case strings.ContainsAny(c.Package, "\" \t\n") || c.Package == "":
		return &exit.Error{Code: exit.Usage, Err: fmt.Errorf("tracing: %q is no name of a package", c.Package)}
	case c.Limit < 1:
		return &exit.Error{Code: exit.Usage, Err: errors.New("tracing: --limit must be more than 0")}
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	from, r, err := c.open(ctx, p, g, "tracing")
	if err != nil {
		return err
	}
	out := printer.New(p, printer.Flags{Color: c.Color})
	r.refused = func(e event.Envelope, reason string) { out.Notice("refused message with id %s: %s", e.MsgID, reason) }
	var list []event.Envelope
	for _, q := range trace.Questions(c.Package) {
		if c.Since != "" {
			q += " since:" + c.Since
		}
		if err = from.find(ctx, q, false, c.Limit, func(wire []byte) error {
			if _, e, ok := r.read(wire); ok {
				list = append(list, e)
			}
			return nil
		}); err != nil {
			break
		}
	}
	steps := trace.Of(c.Package, list)
	if err == nil {
		err = c.print(p, out, steps)
	}
	return ended(errors.Join(err, from.close()), len(steps), r.n, "tracing")
}

func (c *traceCommand) print(p *program.Env, out *printer.Printer, steps []trace.Step) error {
	last := ""
	for i, s := range steps {
		title, link := out.Say(s.Envelope)
		if c.JSON {
			line, err := json.Marshal(traced{i + 1, s.At, s.Because + 1, s.Why, s.MsgID, s.Topic, title, link})
			if err != nil {
				return err
			}
			if _, err := show.Fprintln(p.Stdout, show.Clean(show.JSON(line))); err != nil {
				return err
			}
			continue
		}
		if d := day(s.At); d != last {
			if last = d; i > 0 {
				d = "\n" + d
			}
			if _, err := show.Fprintln(p.Stdout, out.Bold(d)); err != nil {
				return err
			}
		}
		why := ""
		if s.Because >= 0 {
			why = fmt.Sprintf("  ← %d, %s", s.Because+1, s.Why)
		}
		number := fmt.Sprintf("%4d  %s  ", i+1, s.At.Format(time.TimeOnly))
		if _, err := show.Fprintln(p.Stdout, out.Dim(number)+show.Clean(show.Line(title))+out.Dim(why)+out.Dim(space(link))); err != nil {
			return err
		}
	}
	return nil
}

func space(link string) string {
	if link == "" {
		return ""
	}
	return "  " + link
}
