package tail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"busbar/bus/config"
	"busbar/bus/printer"
	"busbar/common/exit"
	"busbar/common/program"
	"busbar/common/sign"
	"busbar/common/subscribe"
	"busbar/common/wire"
)

// durable is the flags of a tail that misses nothing.
type durable struct {
	Position string `help:"Miss nothing: remember in this file up to where the lines are written, and go on there, with what was said meanwhile. After a crash some lines may come again." placeholder:"FILE" type:"path"`
	From     string `help:"Where to begin with a publisher of whom --position knows nothing: now; start, which is the oldest message that it keeps; or a time, such as 2026-01-31T12:00:00Z, 2026-01-31 or 2h (ago). Default: now." placeholder:"now|start|TIME"`
}

// asked says that one of the flags is there.
func (d durable) asked() bool { return d.Position != "" || d.From != "" }

// most is how many lines may be written before the position moves.
const most = 100

// runDurable follows with a position, until told to stop.
func (c *tail) runDurable(ctx context.Context, v *sign.Verifier, hubs []string, prefix string, out *printer.Printer, log *slog.Logger) error {
	from, err := config.Begin(c.From, "following", time.Now())
	if err != nil {
		return &exit.Error{Code: exit.Usage, Err: err}
	}
	file := c.Position
	if file == "" { // --from alone: for this time
		dir, err := os.MkdirTemp("", "bus-tail-")
		if err != nil {
			return fmt.Errorf("following: %w", err)
		}
		defer os.RemoveAll(dir)
		file = filepath.Join(dir, "position")
	}
	s, err := subscribe.Open(ctx, subscribe.Options{Publishers: c.Endpoint, Hubs: hubs, Verifier: v, File: file, From: from, Log: log})
	if err != nil {
		return program.Begun(ctx, &exit.Error{Code: exit.Config, Err: err})
	}
	err = c.write(ctx, s, prefix, out)
	return errors.Join(err, s.Close())
}

// write writes what comes, and moves the position after it.
func (c *tail) write(ctx context.Context, s *subscribe.Subscriber, prefix string, out *printer.Printer) error {
	var written []*subscribe.Message
	for n := 0; c.Count == 0 || n < c.Count; {
		m, err := s.Next(ctx)
		if err != nil {
			return errors.Join(c.ended(ctx, n, err), s.Ack(context.WithoutCancel(ctx), written...))
		}
		switch {
		case m.Gap != nil:
			out.Notice("%s", m.Gap)
		case c.Takes(prefix, m.Envelope):
			if err := c.print(out, wire.Delivery{Topic: m.Topic, Body: m.Body, Tree: m.Tree, Envelope: m.Envelope}); err != nil {
				return err
			}
			n++
		}
		if written = append(written, m); len(written) < most && s.Pending() > 0 && n != c.Count {
			continue
		}
		if err := s.Ack(context.WithoutCancel(ctx), written...); err != nil {
			return fmt.Errorf("following: %w", err)
		}
		written = written[:0]
	}
	return nil
}

// ended says whether the end of the time is a failure.
func (c *tail) ended(ctx context.Context, n int, err error) error {
	switch {
	case errors.Is(err, context.DeadlineExceeded) && c.Count > 0:
		return fmt.Errorf("following: %d of %d messages came within %s", n, c.Count, c.Timeout)
	case ctx.Err() != nil:
		return nil
	}
	return err
}
