// Package watch polls any one table by comparing it with what was published of it.
//
// Not here: comparing (dbpoll/compare), and what the changes become
// (adapters/tables).
package watch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"busbar/adapters/tables"
	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/rounds"
	"busbar/common/translate"
	"busbar/dbpoll/compare"
	"busbar/dbpoll/database"
)

// Options say what is polled, and how.
type Options struct {
	DB       *database.DB
	Journal  *journal.Journal
	Source   string // names the table in the journal
	Table    tables.Spec
	Interval time.Duration
	Full     time.Duration // how often all is compared although nothing seems written
	Most     int           // changes of one poll
	Once     bool          // one poll, then io.EOF
	Import   bool          // tell the present state once, as recovered; then io.EOF
	Wake     <-chan struct{}
	Log      *slog.Logger
	Now      func() time.Time // nil: time.Now
}

// A Watch is a channel of changed rows. It is for one reader.
type Watch struct {
	rounds.Rounds
	o     Options
	log   *slog.Logger
	table database.Table
	state *compare.State

	polls    int
	more     bool // the last poll left changes for the next
	marker   string
	compared time.Time // when everything was compared last
	keys     [][]string
	pause    time.Duration
	decoded  map[string]bool // columns whose bytes were no UTF-8
	odd      error           // rows that cannot be followed
	unkept   bool            // the journal does not hold the present columns yet

	mu    sync.Mutex
	stats compare.Stats
}

// Open prepares a watch. The database is asked at the first Next.
func Open(o Options) *Watch {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Interval <= 0 {
		o.Interval = 30 * time.Second
	}
	if o.Full <= 0 {
		o.Full = 10 * time.Minute
	}
	if o.Most <= 0 {
		o.Most = 20000
	}
	w := &Watch{o: o, log: o.Log, decoded: map[string]bool{}}
	w.Poll, w.Reset, w.Position, w.Now = w.poll, w.reset, func() []byte { return nil }, o.Now
	return w
}

// Stats tells of the polls so far.
func (w *Watch) Stats() compare.Stats {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.stats
	s.Changes = w.Given()
	return s
}

// reset forgets what was read and not published.
func (w *Watch) reset() { w.state, w.marker, w.compared = nil, "", time.Time{} }

func (w *Watch) poll(ctx context.Context) error {
	if err := w.settle(ctx); err != nil {
		return err
	}
	switch {
	case w.polls == 0: // at once
	case w.o.Import && len(w.keys) == 0:
		return io.EOF
	case w.o.Once && !w.o.Import && !w.more:
		if w.odd != nil { // all else is published
			return w.odd
		}
		return io.EOF
	case !w.o.Once && !w.o.Import && !w.more:
		if err := rounds.Wait(ctx, w.pause, w.o.Wake); err != nil {
			return err
		}
	}
	began := w.o.Now()
	if err := w.read(ctx); err != nil {
		return fmt.Errorf("polling table %s: %w", w.o.Table.Table, err)
	}
	w.polls++
	took := w.o.Now().Sub(began)
	w.pause = rounds.Pause(w.o.Interval, took)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stats.Polls++
	w.stats.Last, w.stats.Took, w.stats.Pause = w.o.Now(), took, w.pause
	return nil
}

func (w *Watch) read(ctx context.Context) error {
	if w.state == nil {
		if err := w.load(ctx); err != nil {
			return err
		}
	}
	if w.o.Import {
		return w.everything(ctx)
	}
	// The counters are asked before anything is read: what they have not
	// counted by then is counted later.
	var marker string
	var ok bool
	err := w.snapshot(ctx, func(s *database.Snapshot) (err error) {
		marker, ok, err = s.Marker(ctx, w.table)
		return err
	})
	if err != nil {
		return err
	}
	due := w.o.Now().Sub(w.compared) >= w.o.Full
	if ok && !due && !w.more && marker == w.marker {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.stats.Skipped++
		return nil
	}
	at := w.o.Now()
	altered := false
	err = w.snapshot(ctx, func(s *database.Snapshot) error {
		now, err := s.Complete(ctx, w.wanted())
		if altered = err == nil && !now.Same(w.table); altered || err != nil {
			return err
		}
		return w.compare(ctx, s)
	})
	if err != nil {
		return err
	}
	if altered {
		w.log.Info("the table was altered: its columns are read again", "table", w.o.Table.Table)
		w.state, w.marker = nil, ""
		return w.read(ctx)
	}
	w.marker = marker
	if !w.more {
		w.compared = at
	}
	return nil
}

// settle keeps the columns under which all rows are stored, once they are.
func (w *Watch) settle(ctx context.Context) error {
	if w.state == nil || !w.unkept || w.more || w.compared.IsZero() || w.state.Empty() {
		return nil
	}
	_, err := w.o.Journal.Append(ctx, journal.Record{States: []event.State{w.state.Columns()}})
	w.unkept = err != nil
	return err
}

// wanted is the table as the configuration has it.
func (w *Watch) wanted() database.Table {
	spec := w.o.Table
	t := database.Table{Name: spec.Table, Key: spec.Key, Watch: spec.Watch}
	if spec.Time != "" && len(t.Watch) > 0 && !slices.Contains(slices.Concat(t.Key, t.Watch), spec.Time) {
		t.Watch = append(slices.Clone(t.Watch), spec.Time)
	}
	return t
}

func (w *Watch) load(ctx context.Context) error {
	err := w.snapshot(ctx, func(s *database.Snapshot) (err error) {
		w.table, err = s.Complete(ctx, w.wanted())
		return err
	})
	if err != nil {
		return err
	}
	state, err := compare.Load(ctx, w.o.Journal.Reader(), w.o.Source, w.table)
	if err != nil {
		return err
	}
	if w.unkept, err = state.Renew(ctx); err != nil {
		return err
	}
	w.state = state
	return nil
}

// compare makes ready what differs. The first time everything is recorded, and
// nothing published.
func (w *Watch) compare(ctx context.Context, s *database.Snapshot) error {
	if w.state.Empty() {
		w.log.Info("first poll: the present rows are recorded as the baseline, and only what changes from now on is published", "table", w.o.Table.Table)
		err := w.state.Baseline(ctx, s, func(seen []event.State) error {
			_, err := w.o.Journal.Append(ctx, journal.Record{Origin: w.o.Source + " baseline", States: seen})
			w.mu.Lock()
			defer w.mu.Unlock()
			w.stats.Recorded, w.stats.Whole = w.stats.Recorded+int64(len(seen)), w.state.Whole()
			return err
		})
		w.mu.Lock()
		defer w.mu.Unlock()
		w.stats.Rows = int64(w.state.Len())
		return err
	}
	found, err := w.state.Compare(ctx, s, w.o.Most)
	if err != nil {
		return err
	}
	recovered := w.compared.IsZero() // found after a start: it happened before
	for _, c := range found.Changes {
		w.add(c.Key, tables.Change{
			Table: w.o.Table.Table, Before: c.Before, After: c.After, BeforeBytes: c.BeforeBytes, AfterBytes: c.AfterBytes,
			Revision: c.Revision, Recovered: recovered, TimeInUTC: w.table.InUTC(w.o.Table.Time),
		}, func() { w.state.Published(c) }, c.Seen)
	}
	w.more = found.More
	if err := found.Err; err != nil && (w.odd == nil || w.odd.Error() != err.Error()) {
		w.log.Error("rows cannot be followed", "table", w.o.Table.Table, "error", err)
	}
	w.odd = found.Err
	rows := int64(w.state.Len())
	w.log.Debug("compared", "table", w.o.Table.Table, "rows", rows, "listed", found.Listed, "changes", len(found.Changes))
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stats.Rows, w.stats.Listed, w.stats.Odd = rows, found.Listed, found.Err
	return nil
}

// shareBytes bounds the texts of what one share of an import holds.
const shareBytes = 32 << 20

// everything makes the present rows ready, for import: first the keys, then
// the rows in shares, each in a snapshot of its own.
func (w *Watch) everything(ctx context.Context) error {
	const most = 5000
	return w.snapshot(ctx, func(s *database.Snapshot) error {
		if w.polls == 0 {
			return s.Digests(ctx, w.table, nil, func(raw [][]byte, _ database.Digest) error {
				if err := database.Named(w.table, raw); err != nil {
					return err
				}
				key := make([]string, len(raw))
				for i, k := range raw {
					key[i] = string(k)
				}
				w.keys = append(w.keys, key)
				return nil
			})
		}
		share := w.keys[:min(most, len(w.keys))]
		got, room := map[string]bool{}, shareBytes
		_, err := s.Find(ctx, w.table, share, func(r database.Row) error { // what is gone by now is no news
			w.add(r.Key, tables.Change{Table: w.o.Table.Table, After: r.Columns, AfterBytes: r.Bytes, Recovered: true, TimeInUTC: w.table.InUTC(w.o.Table.Time)}, nil)
			got[strings.Join(r.Key, "\x00")] = true
			room -= r.Columns.Size()
			if room < 0 {
				return database.ErrEnough
			}
			return nil
		})
		switch {
		case errors.Is(err, database.ErrEnough):
			w.keys = slices.DeleteFunc(w.keys, func(key []string) bool { return got[strings.Join(key, "\x00")] })
		case err == nil:
			w.keys = w.keys[len(share):]
		default:
			return err
		}
		return nil
	})
}

func (w *Watch) add(key []string, ch tables.Change, stored func(), states ...event.State) {
	w.Add(translate.Item[any]{
		Origin: strings.ToValidUTF8(w.o.Table.Table+" "+strings.Join(key, "/"), "\uFFFD"), Value: ch, States: states,
	}, stored)
}

// snapshot reads in one transaction.
func (w *Watch) snapshot(ctx context.Context, read func(*database.Snapshot) error) (err error) {
	s, err := w.o.DB.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() {
		for column, n := range s.Decoded() {
			if !w.decoded[column] {
				w.decoded[column] = true
				w.log.Warn("values that are not UTF-8 are read as Windows-1252", "table", w.o.Table.Table, "column", column, "values", n)
			}
		}
		err = errors.Join(err, s.Close())
	}()
	return read(s)
}
