// Package tail is `bus tail`: it follows the bus and shows what is said there.
package tail

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"syscall"
	"time"

	"busbar/bus/config"
	"busbar/bus/filter"
	"busbar/bus/notify/dest/desktop"
	"busbar/bus/printer"
	"busbar/common/exit"
	"busbar/common/program"
	"busbar/common/wire"
)

// Command is `bus tail`.
type Command struct {
	Tail tail `cmd:"" help:"Follow the bus: one English sentence for each message, verified."`
}

type tail struct {
	Endpoint []string `help:"Publisher to follow, such as tcp://127.0.0.1:9940. May be repeated. Default: [bus] subscribe and discover." placeholder:"ENDPOINT"`
	filter.Filter
	printer.Flags
	Count   int           `help:"End after this many messages." placeholder:"N"`
	Timeout time.Duration `help:"End after this time; with --count, fewer messages are then a failure." placeholder:"D"`
	durable
	Notify bool `help:"Show the messages on the desktop, too, one notification a second at most: what comes faster is shown together."`
	config.Trust
	NoVerify bool `help:"Follow without verifying: anybody can have said anything. Without it an authority is needed."`

	desktop *desktop.Notifier // nil without --notify
}

// Run follows until told to stop.
func (c *tail) Run(p *program.Env, g *program.Globals) error {
	cfg, err := config.Load(p, g)
	if err != nil {
		return err
	}
	if len(c.Endpoint) == 0 {
		c.Endpoint = cfg.Bus.Publishers()
	}
	if c.Count < 0 {
		return &exit.Error{Code: exit.Usage, Err: errors.New("following: --count must be more than 0")}
	}
	if len(c.Endpoint) == 0 {
		return &exit.Error{Code: exit.Usage, Err: errors.New("following: no endpoint (give --endpoint, or set [bus] subscribe)")}
	}
	verifier, err := c.Required(p, cfg.Sign, c.NoVerify, "following", "follows")
	if err != nil {
		return &exit.Error{Code: exit.Config, Err: err}
	}
	c.Hint(p.Stderr, cfg.Bus.Prefix)
	if c.Notify {
		log := g.Logger(p)
		c.desktop, err = desktop.Open(p.Getenv("DBUS_SESSION_BUS_ADDRESS"), func(err error) {
			if err != nil {
				log.Warn("messages are not shown on the desktop; they are printed, and the next are tried again", "error", err)
			}
		})
		if err != nil {
			return &exit.Error{Code: exit.Config, Err: fmt.Errorf("following: %w", err)}
		}
		defer c.desktop.Close()
	}
	program.SoftMemory(program.FollowMemory)
	ctx, stop := signal.NotifyContext(p.Base(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if c.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.Timeout)
		defer cancel()
	}
	if c.asked() {
		return c.runDurable(ctx, verifier, cfg.Bus.Hubs, cfg.Bus.Prefix, printer.New(p, c.Flags), g.Logger(p))
	}
	f, err := wire.Follow(ctx, wire.FollowOptions{Endpoints: c.Endpoint, Verifier: verifier, Log: g.Logger(p)})
	if err != nil {
		return program.Begun(ctx, err)
	}
	defer f.Close()
	return c.follow(ctx, f, cfg.Bus.Prefix, printer.New(p, c.Flags))
}

func (c *tail) follow(ctx context.Context, f *wire.Follower, prefix string, out *printer.Printer) error {
	for n := 0; c.Count == 0 || n < c.Count; {
		d, err := f.Next(ctx)
		if err != nil {
			return c.ended(ctx, n, err)
		}
		if d.Gap != nil {
			out.Notice("messages %d to %d of %s never came", d.Gap.From, d.Gap.To, d.Gap.Publisher)
		}
		if d.Back != 0 {
			out.Notice("number %d of %s came after number %d: the count goes on from there", d.Envelope.Seq, d.Envelope.Publisher, d.Back)
		}
		for _, note := range d.Notes {
			out.Notice("%s", note)
		}
		if d.Reused {
			out.Notice("number %d of %s was another message before: its journal was put back to an older copy", d.Envelope.Seq, d.Envelope.Publisher)
		}
		switch {
		case d.Err != nil:
			out.Notice("refused a message from %s with topic %s: %v", d.Endpoint, d.Topic, d.Err)
		case d.Heartbeat || d.Duplicate || !c.Takes(prefix, d.Envelope):
		default:
			if err := c.print(out, d); err != nil {
				return err
			}
			n++
		}
	}
	return nil
}

// print shows a message to a person, and on the desktop where that is wanted.
func (c *tail) print(out *printer.Printer, d wire.Delivery) error {
	if err := out.Print(d); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	if c.desktop != nil {
		title, link := out.Say(d.Envelope)
		c.desktop.Show(desktop.Message{Title: title, Link: link})
	}
	return nil
}
