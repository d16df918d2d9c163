package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"busbar/common/journal"
	"busbar/common/wire"
)

// feed gives the fixtures to the adapter, by turns into its Maildir and through
// the pipe of a mail system, and at last something that is no mail.
func (d *demo) feed(ctx context.Context) error {
	for i, m := range d.mails {
		if i%2 == 0 {
			if err := d.deliver(i, m.raw); err != nil {
				return err
			}
		} else if err := d.pipe(ctx, m.raw); err != nil {
			return fmt.Errorf("piping %s: %w", m.name, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(d.pace):
		}
	}
	return d.pipe(ctx, bytes.Repeat([]byte{0, 0xff, 0x80, 7}, 64))
}

// deliver puts a mail into the Maildir as a mail system does: written in tmp/,
// moved to new/.
func (d *demo) deliver(i int, raw []byte) error {
	name := fmt.Sprintf("%d.M%06dP%d.demo", time.Now().Unix(), i, os.Getpid())
	tmp := d.path("maildir", "tmp", name)
	if err := os.WriteFile(tmp, raw, 0o600); err != nil {
		return fmt.Errorf("delivering a mail: %w", err)
	}
	return os.Rename(tmp, d.path("maildir", "new", name))
}

func (d *demo) pipe(ctx context.Context, raw []byte) error {
	cmd := exec.CommandContext(ctx, d.mail2bus, "deliver", "--spool", d.path("spool"))
	cmd.Stdin = bytes.NewReader(raw)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

func awaitHeartbeat(ctx context.Context, f *wire.Follower) error {
	for {
		d, err := f.Next(ctx)
		if err != nil {
			return err
		}
		if d.Err == nil && d.Heartbeat {
			return nil
		}
	}
}

// seen is what arrived.
type seen struct {
	topics map[string]int
	last   int64
}

// watch prints what arrives until all that the journal holds has come.
func (d *demo) watch(ctx context.Context, f *wire.Follower, fed <-chan error) (seen, error) {
	s := seen{topics: map[string]int{}}
	out := newPrinter(d.p, &tailCmd{Color: "auto"})
	done := false
	for {
		m, err := f.Next(ctx)
		switch {
		case err != nil:
			return s, fmt.Errorf("following the bus: %w", err)
		case m.Err != nil:
			return s, m.Err
		case m.Gap != nil:
			return s, fmt.Errorf("following the bus: messages %d to %d never came", m.Gap.From, m.Gap.To)
		}
		select {
		case err := <-fed:
			if err != nil {
				return s, fmt.Errorf("feeding the adapter: %w", err)
			}
			done = true
		default:
		}
		if !m.Heartbeat {
			s.last = m.Envelope.Seq
			if k, ok := out.catalog.ByTopic(m.Topic); ok {
				s.topics[k.Topic]++
			}
			d.say("  %s\n      %s, signed by %s, from %s", out.sentence(m), m.Topic, m.Verdict.Signer, m.Envelope.Origin)
			continue
		}
		if done && d.settled(ctx, s.last) {
			return s, nil
		}
	}
}

// settled says that nothing waits to be read, and that last is the newest
// message: a mail leaves its folder only when its events are in the journal.
func (d *demo) settled(ctx context.Context, last int64) bool {
	for _, sub := range []string{"maildir", "spool"} {
		if waiting, err := os.ReadDir(d.path(sub, "new")); err != nil || len(waiting) > 0 {
			return false
		}
	}
	r, err := journal.OpenReader(ctx, d.path("journal.db"))
	if err != nil {
		return false
	}
	defer r.Close()
	newest, err := r.LastSeq(ctx)
	return err == nil && newest == last
}

// summary says what was shown, and fails if a kind is missing.
func (d *demo) summary(ctx context.Context, s seen) error {
	r, err := journal.OpenReader(ctx, d.path("journal.db"))
	if err != nil {
		return err
	}
	defer r.Close()
	c, err := r.Counts(ctx)
	if err != nil {
		return err
	}
	rows, err := r.Poisoned(ctx)
	if err != nil {
		return err
	}
	total := 0
	var missing []string
	for _, k := range kinds() {
		total += s.topics[k.Topic]
		if s.topics[k.Topic] == 0 {
			missing = append(missing, k.Topic)
		}
	}
	d.say("\n%d mails became %d events of %d kinds; every signature was verified, no number was missing.", len(d.mails)+1, total, len(s.topics))
	d.say("%d facts were told twice and dropped; %s.", c.Duplicates, skippedLine(c.Skipped))
	for _, row := range rows {
		d.say("Kept aside as poison, to be looked at: %s (%s).", row.Origin, row.Reason)
	}
	d.say("What to do next: docs/tutorial.md.")
	if len(missing) > 0 {
		return errors.New("the demo is incomplete: nothing was shown of " + strings.Join(missing, ", "))
	}
	return nil
}

func skippedLine(skipped map[string]int64) string {
	n := int64(0)
	for _, v := range skipped {
		n += v
	}
	return fmt.Sprintf("%d mails tell the bus nothing, counted by reason", n)
}
