package main

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"syscall"
	"time"

	"busbar/common/daemon"
	"busbar/common/show"
	"busbar/common/sign"
	"busbar/common/wire"
)

type tailCmd struct {
	Endpoint []string      `help:"Publisher to follow, such as tcp://127.0.0.1:9940. May be repeated. Default: [bus] subscribe." placeholder:"ENDPOINT"`
	Topic    []string      `help:"Only topics that begin so, with or without prefix and environment (debbugs.bug). May be repeated." placeholder:"TOPIC"`
	Package  []string      `help:"Only messages about this package. May be repeated." placeholder:"NAME"`
	Person   []string      `help:"Only messages about a person whose name or address holds this. May be repeated." placeholder:"TEXT"`
	JSON     bool          `help:"Print each message as one line of JSON, as received." xor:"form"`
	Pretty   bool          `help:"Print each message as indented JSON." xor:"form"`
	Count    int           `help:"End after this many messages." placeholder:"N"`
	Timeout  time.Duration `help:"End after this time; with --count, fewer messages are then a failure." placeholder:"D"`
	CA       string        `help:"Trust certificates of this authority (PEM file). Default: [sign] ca." placeholder:"FILE" type:"path"`
	CRL      string        `help:"Revocation list (PEM file). Default: [sign] crl." placeholder:"FILE" type:"path"`
	NoVerify bool          `help:"Follow without verifying: anybody can have said anything. Without it an authority is needed."`
	Color    string        `help:"Colours: auto, always, never." enum:"auto,always,never" default:"auto"`
}

// Run follows until told to stop.
func (c *tailCmd) Run(p *daemon.Program, g *daemon.Globals) error {
	cfg, err := load(p, g)
	if err != nil {
		return err
	}
	if len(c.Endpoint) == 0 {
		c.Endpoint = cfg.Bus.Subscribe
	}
	if c.Count < 0 {
		return &daemon.ExitError{Code: daemon.ExitUsage, Err: errors.New("following: --count must be more than 0")}
	}
	if len(c.Endpoint) == 0 {
		return &daemon.ExitError{Code: daemon.ExitUsage, Err: errors.New("following: no endpoint (give --endpoint, or set [bus] subscribe)")}
	}
	verifier, err := c.verifier(p, cfg)
	if err != nil {
		return &daemon.ExitError{Code: daemon.ExitConfig, Err: err}
	}
	if verifier == nil && !c.NoVerify {
		return &daemon.ExitError{Code: daemon.ExitConfig, Err: errors.New("following: no authority is known, so that anybody could say anything (give --ca and --crl, or set [sign] ca; --no-verify follows all the same)")}
	}
	for _, topic := range c.Topic {
		if near := nearest(kinds(), cfg.Bus, topic); near != "" {
			show.Fprintf(p.Stderr, "bus: no kind of event that is known here has the topic %s; the nearest is %s (bus catalog lists all); it is followed all the same\n", topic, near)
		}
	}
	daemon.SoftMemory(daemon.FollowMemory)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if c.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.Timeout)
		defer cancel()
	}
	f, err := wire.Follow(ctx, wire.FollowOptions{Endpoints: c.Endpoint, Verifier: verifier, Log: g.Logger(p)})
	if err != nil {
		return err
	}
	defer f.Close()
	return c.follow(ctx, f, newPrinter(p, c), filter{topics: c.Topic, packages: c.Package, people: c.Person, bus: cfg.Bus})
}

func (c *tailCmd) verifier(p *daemon.Program, cfg Config) (*sign.Verifier, error) {
	if c.NoVerify {
		return nil, nil
	}
	if c.CA != "" {
		cfg.Sign.CA, cfg.Sign.CRL, cfg.Sign.Backend = c.CA, c.CRL, "x509"
	} else if c.CRL != "" {
		cfg.Sign.CRL = c.CRL
	}
	v, err := cfg.Sign.Verifier(func(alarm string) { show.Fprintf(p.Stderr, "bus: ALARM: %s\n", alarm) })
	return v, err
}

func (c *tailCmd) follow(ctx context.Context, f *wire.Follower, out *printer, want filter) error {
	for n := 0; c.Count == 0 || n < c.Count; {
		d, err := f.Next(ctx)
		switch {
		case err == nil:
		case errors.Is(err, context.DeadlineExceeded) && c.Count > 0:
			return fmt.Errorf("following: %d of %d messages came within %s", n, c.Count, c.Timeout)
		case ctx.Err() != nil:
			return nil
		default:
			return err
		}
		if d.Gap != nil {
			out.notice("messages %d to %d of %s never came", d.Gap.From, d.Gap.To, d.Gap.Publisher)
		}
		if d.Back != 0 {
			out.notice("number %d of %s came after number %d: the count goes on from there", d.Envelope.Seq, d.Envelope.Publisher, d.Back)
		}
		for _, note := range d.Notes {
			out.notice("%s", note)
		}
		if d.Reused {
			out.notice("number %d of %s was another message before: its journal was put back to an older copy", d.Envelope.Seq, d.Envelope.Publisher)
		}
		switch {
		case d.Err != nil:
			out.notice("refused a message from %s with topic %s: %v", d.Endpoint, d.Topic, d.Err)
		case d.Heartbeat || d.Duplicate || !want.takes(d.Envelope):
		default:
			if err := out.print(d); err != nil {
				return fmt.Errorf("printing: %w", err)
			}
			n++
		}
	}
	return nil
}
