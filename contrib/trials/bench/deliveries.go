package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"time"

	"busbar/common/event"
	"busbar/common/sign"
	"busbar/common/wire"
	"busbar/contrib/trials/trial"
	"busbar/fixtures"
)

// deliveries measures the whole way: a mail moved into a Maildir, until its
// event is durable, signed, and verified at a subscriber.
func (b *bench) deliveries(ctx context.Context) error {
	if err := trial.Build(ctx, b.dir, "mail2bus"); err != nil {
		return err
	}
	for _, signed := range []bool{false, true} {
		if err := b.deliver(ctx, signed); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) deliver(ctx context.Context, signed bool) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	d, err := b.start(ctx, signed)
	if err != nil {
		return err
	}
	defer func() {
		if serr := d.End(); err == nil {
			err = serr
		}
	}()
	o := wire.FollowOptions{Endpoints: []string{d.endpoint}}
	if signed {
		if o.Verifier, err = sign.NewVerifier(sign.VerifierOptions{CAFile: filepath.Join(b.dir, "keys", "ca.crt")}); err != nil {
			return err
		}
	}
	f, err := wire.Follow(ctx, o)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := await(ctx, f, func(m wire.Delivery) bool { return m.Heartbeat }); err != nil {
		return fmt.Errorf("waiting for the publisher: %w", err)
	}
	if !signed {
		memory, err := trial.Resident(d.PID())
		if err != nil {
			return err
		}
		line("daemon, idle: resident memory", "%.0f kB", 1024*memory)
		line("daemon: from start to listening", "%d ms", d.started.Milliseconds())
	}
	if err := b.single(ctx, d, f, signed); err != nil {
		return err
	}
	return b.flood(ctx, d, f, signed)
}

// single delivers mails one by one, each when the one before has arrived.
func (b *bench) single(ctx context.Context, d *daemon, f *wire.Follower, signed bool) error {
	var took trial.Times
	for i := range b.singles {
		began := time.Now()
		if err := d.put(i); err != nil {
			return err
		}
		if err := await(ctx, f, isBug(i)); err != nil {
			return err
		}
		took = append(took, time.Since(began))
	}
	line("Maildir -> subscriber, one by one, "+signing(signed), "%s", took)
	return nil
}

// flood delivers all mails as fast as the folder takes them.
func (b *bench) flood(ctx context.Context, d *daemon, f *wire.Follower, signed bool) error {
	first := b.singles
	failed := make(chan error, 1)
	began := time.Now()
	go func() {
		for i := range b.mails {
			if err := d.put(first + i); err != nil {
				failed <- err
				return
			}
		}
	}()
	seen, before := 0, trial.CPU(d.PID())
	err := await(ctx, f, func(m wire.Delivery) bool {
		if !m.Heartbeat {
			seen++
		}
		return seen == b.mails || len(failed) > 0
	})
	if err != nil {
		return fmt.Errorf("after %d of %d mails: %w", seen, b.mails, err)
	}
	line("Maildir -> subscriber, all at once, "+signing(signed), "%.0f mails/s", float64(seen)/time.Since(began).Seconds())
	line("the daemon's processor time for each of them, "+signing(signed), "%s", ((trial.CPU(d.PID()) - before) / time.Duration(seen)).Round(time.Microsecond))
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

func await(ctx context.Context, f *wire.Follower, done func(wire.Delivery) bool) error {
	for {
		m, err := f.Next(ctx)
		switch {
		case err != nil:
			return err
		case m.Err != nil:
			return m.Err
		case m.Gap != nil:
			return fmt.Errorf("messages %d to %d were lost", m.Gap.From, m.Gap.To)
		case done(m):
			return nil
		}
	}
}

const firstBug = 900_000

func isBug(i int) func(wire.Delivery) bool {
	return func(m wire.Delivery) bool {
		body, _ := m.Envelope.Msg.(map[string]any)
		return event.Integer(body["bug"]) == int64(firstBug+i)
	}
}

// put delivers a report of a bug of its own, as a mail system does.
func (d *daemon) put(i int) error {
	raw, err := fs.ReadFile(fixtures.Mails, "debbugs/report.mail")
	if err != nil {
		return err
	}
	raw = bytes.ReplaceAll(raw, []byte("812001"), []byte(strconv.Itoa(firstBug+i)))
	return d.maildir.Deliver(fmt.Sprintf("1700000000.M%dP1.bench", i), raw)
}
