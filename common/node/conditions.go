package node

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"busbar/common/canary"
	"busbar/common/condition"
	"busbar/common/config"
	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/sign"
)

// An Outlook is what any process can tell of a program's state: the daemon of
// itself, and `status` and `check` where none runs.
type Outlook struct {
	Program string
	Bus     config.Bus
	Sign    config.Sign
	Places  []string // directories whose file systems must not fill up, beside the journal's
	// signer is what a running daemon signs with, which may be older than the
	// file; nil: none runs, or nothing is signed.
	signer *sign.Signer
	statfs func(string, *unix.Statfs_t) error // for tests; nil: the system's
}

// conditions looks at the journal that reader reads, and at the world around.
func (o Outlook) conditions(ctx context.Context, reader *journal.Reader, now time.Time) []condition.Condition {
	return append(o.kept(ctx, reader, now), o.around(now)...)
}

// around is what can be said without a journal.
func (o Outlook) around(now time.Time) []condition.Condition {
	list := certificates(o.Sign, o.signer, now)
	list = append(list, exposed(o.Sign)...)
	return append(list, o.disks(o.dirs())...)
}

// dirs are the directories that must not fill up.
func (o Outlook) dirs() []string {
	dirs := []string{filepath.Dir(o.Bus.Journal)}
	for _, dir := range o.Places {
		if !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// kept is what the journal says: poison, and when something was last published.
func (o Outlook) kept(ctx context.Context, reader *journal.Reader, now time.Time) []condition.Condition {
	counts, err := reader.Counts(ctx)
	if err != nil {
		return []condition.Condition{{Name: "journal", Level: condition.Fail, Text: err.Error()}}
	}
	var list []condition.Condition
	if counts.Poisoned > 0 {
		list = append(list, o.poison(ctx, reader, counts.Poisoned))
	}
	missed, err := missed(ctx, reader, now)
	if err != nil {
		return append(list, condition.Condition{Name: "journal", Level: condition.Fail, Text: err.Error()})
	}
	list = append(list, missed...)
	if counts.Messages == 0 {
		return list
	}
	last, err := reader.Last(ctx)
	if err != nil {
		return append(list, condition.Condition{Name: "journal", Level: condition.Fail, Text: err.Error()})
	}
	said, err := o.said(ctx, reader, last)
	if err != nil {
		return append(list, condition.Condition{Name: "journal", Level: condition.Fail, Text: err.Error()})
	}
	if quiet := time.Duration(o.Bus.Quiet); quiet > 0 && now.Sub(said) > quiet {
		list = append(list, condition.Condition{
			Name: "quiet", Level: condition.Fail, Since: said.Add(quiet),
			Text: fmt.Sprintf("nothing was published since %s, for longer than %s", event.Stamp(said), quiet),
			Hint: "look whether its source still says anything; [bus] quiet sets the time",
		})
	}
	if ahead := last.Time.Sub(now); ahead > maxAhead {
		list = append(list, condition.Condition{
			Name: "clock", Level: condition.Warn,
			Text: fmt.Sprintf("the clock is %s behind the newest message: it was set back, or was wrong before", ahead.Round(time.Second)),
			Hint: "set the clock, and let NTP keep it",
		})
	}
	return list
}

// said is when something was last published but what became of canaries; last is the
// newest message. Where all that is kept is of canaries, it is when the oldest came.
func (o Outlook) said(ctx context.Context, reader *journal.Reader, last journal.Message) (time.Time, error) {
	if o.Bus.Quiet == 0 || canary.Topic(last.Topic) == "" {
		return last.Time, nil
	}
	m, err := reader.LastBeside(ctx, canary.Topics)
	if errors.Is(err, journal.ErrNotFound) {
		var oldest []journal.Message
		if oldest, err = reader.After(ctx, 0, 1); err == nil && len(oldest) > 0 {
			m = oldest[0]
		}
	}
	return m.Time, err
}

// missedSaid is for how long it is said that a sink missed messages: nothing brings
// them back. `status` counts them for longer.
const missedSaid = 7 * 24 * time.Hour

// missed is what sinks lately missed.
func missed(ctx context.Context, reader *journal.Reader, now time.Time) ([]condition.Condition, error) {
	sinks, err := reader.Sinks(ctx)
	if err != nil {
		return nil, err
	}
	var list []condition.Condition
	for _, s := range sinks {
		if s.Missed == 0 {
			continue
		}
		rows, err := reader.Missed(ctx, s.Name)
		if err != nil {
			return nil, err
		}
		newest := slices.MaxFunc(rows, func(a, b journal.Missed) int { return a.Time.Compare(b.Time) })
		if now.Sub(newest.Time) < missedSaid {
			list = append(list, condition.Condition{
				Name: "missed", Level: condition.Warn, Since: newest.Time,
				Text: fmt.Sprintf("sink %s never got %d messages, lately %d to %d: %s", s.Name, s.Missed, newest.First, newest.Last, newest.Reason),
				Hint: "what was refused is handed over again at the next start; what retention dropped is gone: [bus] keep_age, keep_size",
			})
		}
	}
	return list, nil
}

// maxAhead is how far the newest message's time may be ahead of the clock.
const maxAhead = time.Minute

func (o Outlook) poison(ctx context.Context, reader *journal.Reader, n int64) condition.Condition {
	c := condition.Condition{
		Name: "poison", Level: condition.Fail,
		Hint: fmt.Sprintf("see `%s poison list`; `poison retry` with a version that reads them, or `poison drop`, ends this", o.Program),
		Text: fmt.Sprintf("%d items could not be read, and are kept", n),
	}
	if rows, err := reader.Poisoned(ctx); err == nil && len(rows) > 0 {
		c.Since = rows[0].First
		newest := rows[0].Last
		for _, r := range rows {
			if r.First.Before(c.Since) {
				c.Since = r.First
			}
			if r.Last.After(newest) {
				newest = r.Last
			}
		}
		c.Text += fmt.Sprintf(": the oldest since %s, the newest since %s", event.Stamp(c.Since), event.Stamp(newest))
	}
	return c
}
