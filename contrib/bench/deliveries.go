package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"busbar/common/event"
	"busbar/common/sign"
	"busbar/common/wire"
	"busbar/fixtures"
)

// deliveries measures the whole way: a mail moved into a Maildir, until its
// event is durable, signed, and verified at a subscriber.
func (b *bench) deliveries(ctx context.Context) error {
	program, err := build(ctx, b.dir)
	if err != nil {
		return err
	}
	for _, signed := range []bool{false, true} {
		if err := b.deliver(ctx, program, signed); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) deliver(ctx context.Context, program string, signed bool) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	d, err := startDaemon(ctx, program, filepath.Join(b.dir, signing(signed)), b.dir, signed)
	if err != nil {
		return err
	}
	defer func() {
		if serr := d.stop(); err == nil {
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
		line("daemon, idle: resident memory", "%s", value(fmt.Sprintf("/proc/%d/status", d.cmd.Process.Pid), "VmRSS"))
		line("daemon: from start to listening", "%d ms", d.started.Milliseconds())
	}
	if err := b.single(ctx, d, f, signed); err != nil {
		return err
	}
	return b.flood(ctx, d, f, signed)
}

// single delivers mails one by one, each when the one before has arrived.
func (b *bench) single(ctx context.Context, d *daemon, f *wire.Follower, signed bool) error {
	var took []time.Duration
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
	slices.Sort(took)
	line("Maildir -> subscriber, one by one, "+signing(signed), "p50 %s, p99 %s",
		took[len(took)/2].Round(10*time.Microsecond), took[len(took)*99/100].Round(10*time.Microsecond))
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
	seen := 0
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
	name := fmt.Sprintf("1700000000.M%dP1.bench", i)
	tmp := filepath.Join(d.maildir, "tmp", name)
	if err := os.WriteFile(tmp, raw, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, filepath.Join(d.maildir, "new", name))
}
