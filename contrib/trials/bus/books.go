package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"

	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/sqlfile"
	"busbar/common/subscribe"
	"busbar/contrib/trials/trial"
)

// A book is what a subscriber got, as far as it was read.
type book struct {
	name    string
	repeats bool // after a start the last messages may come again
	hubs    bool // it came from hubs
	entries []entry
	had     map[fact]bool
	named   map[place]bool // in gaps
	more    func(ctx context.Context, add func(entry)) error
}

// read reads what is new.
func (b *book) read(ctx context.Context) error {
	if b.had == nil {
		b.had, b.named = map[fact]bool{}, map[place]bool{}
	}
	err := b.more(ctx, func(e entry) {
		b.entries = append(b.entries, e)
		switch {
		case e.begun:
		case e.gap == "":
			b.had[e.fact] = true
		default:
			for seq := e.seq; seq <= e.until; seq++ {
				b.named[place{e.publisher, e.epoch, seq}] = true
			}
		}
	})
	if err != nil {
		return fmt.Errorf("reading what %s got: %w", b.name, err)
	}
	return nil
}

// lines hands out the whole lines that are new in a file.
func lines(path string, take func(line []byte) error) func() error {
	at := int64(0)
	return func() error {
		f, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		defer f.Close()
		if _, err := f.Seek(at, io.SeekStart); err != nil {
			return err
		}
		for r := bufio.NewReaderSize(f, 1<<20); ; {
			line, err := r.ReadBytes('\n')
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			at += int64(len(line))
			if err := take(bytes.TrimSuffix(line, []byte("\n"))); err != nil {
				return err
			}
		}
	}
}

// entryOf is a message as an entry.
func (t *truth) entryOf(body []byte) (entry, error) {
	tree, e, err := event.ParseMessage(body)
	if err != nil {
		return entry{}, err
	}
	return t.entry(tree, e)
}

func (t *truth) entry(tree map[string]any, e event.Envelope) (entry, error) {
	text, err := event.Canonical(tree)
	if err != nil {
		return entry{}, err
	}
	f, err := t.fact(e.MsgID, e.Topic)
	return entry{place: place{t.text(e.Publisher), t.text(e.Epoch), e.Seq}, fact: f, digest: sha256.Sum256(text)}, err
}

func (t *truth) fact(id, topic string) (fact, error) {
	u, err := event.IDUUID(id)
	return fact{u, t.text(topic)}, err
}

// text keeps each text once, and none as a part of a message.
func (t *truth) text(s string) string {
	if known, ok := t.names[s]; ok {
		return known
	}
	s = strings.Clone(s)
	t.names[s] = s
	return s
}

var gapLine = regexp.MustCompile(`^bus: messages (\d+) to (\d+) of (.*), epoch (.*?): (.*)$`)

// tailBook reads what a tail wrote: messages as JSON, and gaps as sentences.
func (t *truth) tailBook(name, path string) *book {
	why := map[string]string{}
	for _, r := range []subscribe.Reason{subscribe.Retention, subscribe.Lost, subscribe.PutBack, subscribe.NoReplay, subscribe.Refused, subscribe.Missing, subscribe.Slow} {
		_, text, _ := strings.Cut(subscribe.Gap{From: 1, To: 1, Reason: r}.String(), ": ")
		why[text] = string(r)
	}
	var add func(entry)
	next := lines(path, func(line []byte) error {
		switch m := gapLine.FindSubmatch(line); {
		case string(line) == runMark:
			add(entry{begun: true})
		case m != nil:
			from, err := strconv.ParseInt(string(m[1]), 10, 64)
			if err != nil {
				return err
			}
			to, err := strconv.ParseInt(string(m[2]), 10, 64)
			if err != nil {
				return err
			}
			reason, _, _ := strings.Cut(string(m[5]), " (")
			if known, ok := why[reason]; ok {
				reason = known
			}
			add(entry{place: place{t.text(string(m[3])), t.text(string(m[4])), from}, until: to, gap: reason})
		case bytes.HasPrefix(line, []byte("{")):
			e, err := t.entryOf(line)
			if err != nil { // a kill cut it, and it comes again
				return nil
			}
			add(e)
		}
		return nil
	})
	return &book{name: name, repeats: true, more: func(_ context.Context, a func(entry)) error { add = a; return next() }}
}

// eventsBook reads what the listener to /events wrote.
func (t *truth) eventsBook(name, path string) *book {
	var add func(entry)
	next := lines(path, func(line []byte) error {
		parts := strings.SplitN(string(line), "\t", 3)
		if len(parts) != 3 {
			return fmt.Errorf("a line without tabs: %.200q", line)
		}
		switch {
		case parts[1] == "gap":
			var g struct {
				Publisher, Epoch, Reason string
				First, Last              int64
			}
			if err := json.Unmarshal([]byte(parts[2]), &g); err != nil {
				return err
			}
			reason, _, _ := strings.Cut(g.Reason, ":")
			add(entry{place: place{t.text(g.Publisher), t.text(g.Epoch), g.First}, until: g.Last, gap: reason})
		case parts[2] != "":
			e, err := t.entryOf([]byte(parts[2]))
			if err != nil {
				return err
			}
			add(e)
		}
		return nil
	})
	return &book{name: name, hubs: true, more: func(_ context.Context, a func(entry)) error { add = a; return next() }}
}

// programBook reads the database of the program.
func (t *truth) programBook(name, path string) *book {
	last := int64(0)
	more := func(ctx context.Context, add func(entry)) error {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		db, err := sqlfile.Open(path, 1, url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(60000)"}})
		if err != nil {
			return err
		}
		defer db.Close()
		var there int
		if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master WHERE name = 'got'").Scan(&there); err != nil || there == 0 {
			return err
		}
		rows, err := db.QueryContext(ctx, "SELECT n, publisher, epoch, seq, COALESCE(until, 0), COALESCE(id, ''), COALESCE(topic, ''), digest, COALESCE(gap, '') FROM got WHERE n > ? ORDER BY n", last)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var e entry
			var id, topic string
			var sum []byte
			if err := rows.Scan(&last, &e.publisher, &e.epoch, &e.seq, &e.until, &id, &topic, &sum, &e.gap); err != nil {
				return err
			}
			e.publisher, e.epoch = t.text(e.publisher), t.text(e.epoch)
			if e.gap == "" {
				copy(e.digest[:], sum)
				if e.fact, err = t.fact(id, topic); err != nil {
					return err
				}
			}
			add(e)
		}
		return rows.Err()
	}
	return &book{name: name, more: more}
}

// take takes down all that a publisher's journal has, and checks it. lasting says that
// it is not lost later, but by retention.
func (s *site) take(ctx context.Context, t *truth, p *publisher, lasting bool) error {
	_, faults, err := trial.Verify(ctx, p.journal, func(m journal.Message, tree map[string]any) error {
		if s.verifier != nil {
			if v := s.verifier.Verify(tree); !v.OK {
				return errors.New(v.Reason)
			}
		}
		e, err := t.entry(tree, event.View(tree))
		if err != nil {
			return err
		}
		t.note(e.place, e.fact, e.digest)
		if lasting {
			t.kept[e.fact] = true
		}
		return nil
	})
	for _, f := range faults {
		t.faults = append(t.faults, p.name+": "+f)
	}
	return err
}
