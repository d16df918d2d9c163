package removals

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"busbar/adapters/dak"
	"busbar/common/journal"
	"busbar/common/pump"
	"busbar/common/pump/channeltest"
	"busbar/common/translate"
)

const source = "removals.822"

var numbered = regexp.MustCompile(`kettle_([0-9]+)\n`)

func entry(n int) string {
	at := time.Unix(1_790_000_000+int64(n)*60, 0).UTC().Format(time.RFC1123Z)
	return fmt.Sprintf("Date: %s\nFtpmaster: Iris\nSuite: unstable\nSources:\n kettle_%d\nReason: RoM; number %d\n\n", at, n, n)
}

func number(it translate.Item[any]) int {
	m := numbered.FindStringSubmatch(string(it.Value.(dak.Stanza)))
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(m[1])
	return n
}

func write(t *testing.T, file string, flags int, text string) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|flags, 0o600)
	if err == nil {
		_, err = f.WriteString(text)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestChannel: the log keeps what all channels promise. What it held at first is no
// news.
func TestChannel(t *testing.T) {
	channeltest.Run(t, func(t *testing.T) channeltest.Source {
		file := filepath.Join(t.TempDir(), source)
		write(t, file, 0, "Date: Sat, 01 Jan 2000 00:00:00 +0000\nSuite: unstable\nSources:\n old_1\nReason: x\n\n")
		open := func(once bool) func(*journal.Journal) (pump.Channel, func()) {
			return func(j *journal.Journal) (pump.Channel, func()) {
				l := Open(Options{File: file, Journal: j, Source: source, Poll: time.Millisecond, Once: once, Log: slog.New(slog.DiscardHandler)})
				if err := l.Begin(t.Context()); err != nil {
					t.Fatal(err)
				}
				return l, nil
			}
		}
		return channeltest.Source{
			Open: open(false), Once: open(true), Position: source, Number: number,
			Add: func(n int) { write(t, file, os.O_APPEND, entry(n)) },
			Break: func() func() {
				if err := os.Rename(file, file+".away"); err != nil {
					t.Fatal(err)
				}
				return func() {
					if err := os.Rename(file+".away", file); err != nil {
						t.Fatal(err)
					}
				}
			},
		}
	})
}

// site is a log and a journal.
type site struct {
	t    *testing.T
	file string
	j    *journal.Journal
}

func newSite(t *testing.T) *site {
	t.Helper()
	dir := t.TempDir()
	j, err := journal.Open(t.Context(), journal.Options{Path: filepath.Join(dir, "journal.db"), Identity: journal.Identity{Prefix: "org.example", Environment: "dev", Name: "removals", Username: "mail2bus"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return &site{t, filepath.Join(dir, source), j}
}

// news reads the log once, stores all, and gives the numbers that were published.
func (s *site) news(history bool) (numbers []int, log string) {
	s.t.Helper()
	var out bytes.Buffer
	l := Open(Options{File: s.file, Journal: s.j, Source: source, Once: true, History: history, Log: slog.New(slog.NewTextHandler(&out, nil))})
	table := []translate.Translator[any]{translate.Of(dak.RemovalLog())}
	for {
		it, position, done, err := l.Next(context.Background())
		if errors.Is(err, io.EOF) {
			return numbers, out.String()
		}
		if err != nil {
			s.t.Fatal(err)
		}
		o, err := translate.Run(table, it)
		if err != nil {
			s.t.Fatal(err)
		}
		for i := range o.Events {
			o.Events[i].Recovered = it.Recovered
		}
		res, err := s.j.Append(s.t.Context(), journal.Record{Events: o.Events, Skip: o.Skip, Poison: o.Poison, Item: it.Raw, Source: source, Position: position})
		if err != nil {
			s.t.Fatal(err)
		}
		if len(res.Seqs) > 0 {
			numbers = append(numbers, number(it))
		}
		done(nil)
	}
}

func (s *site) want(what string, history bool, want ...int) string {
	s.t.Helper()
	got, log := s.news(history)
	if !slices.Equal(got, want) {
		s.t.Errorf("%s: told %v, want %v", what, got, want)
	}
	return log
}

// TestFileIsReplaced: a copy of the log that is put in its place, longer, shorter or
// mended, loses nothing and tells nothing twice.
func TestFileIsReplaced(t *testing.T) {
	s := newSite(t)
	old := entry(1) + entry(2)
	write(t, s.file, 0, old)
	s.want("the baseline", false)
	write(t, s.file, os.O_APPEND, entry(3)+"Date: half")
	s.want("one, and half of one", false, 3)
	write(t, s.file, os.O_TRUNC, old+entry(3)+entry(4))
	s.want("copied again, longer", false, 4)
	write(t, s.file, os.O_TRUNC, strings.Replace(old, "number 1", "the number 1", 1)+entry(3)+entry(4)+entry(5))
	if log := s.want("mended in its first entry", false, 5); !strings.Contains(log, "another file") {
		t.Errorf("nothing is said: %s", log)
	}
	write(t, s.file, os.O_TRUNC, entry(4)+entry(5)+entry(6))
	s.want("without its first years", false, 6)
	s.want("nothing new", false)
}

// TestHistory: the whole log is published, once.
func TestHistory(t *testing.T) {
	s := newSite(t)
	write(t, s.file, 0, entry(1)+entry(2)+entry(3))
	s.want("the history", true, 1, 2, 3)
	s.want("once more", true)
	write(t, s.file, os.O_APPEND, entry(4))
	s.want("and then", false, 4)
}

// TestOddEntries: what is no entry, or has no end, is kept aside within bounds, and
// does not hold up what follows.
func TestOddEntries(t *testing.T) {
	s := newSite(t)
	write(t, s.file, 0, entry(1))
	s.want("the baseline", false)
	write(t, s.file, os.O_APPEND, "\n\n\nno entry\n\n"+strings.Repeat("x", 2*maxEntry)+"\n\n"+entry(2))
	s.want("behind odd ones", false, 2)
	n, err := s.j.Reader().Poisoned(t.Context())
	if err != nil || len(n) < 2 {
		t.Errorf("%d are kept (%v)", len(n), err)
	}
}
