package main

import (
	"compress/gzip"
	"context"
	"database/sql"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"busbar/common/journal"
)

// kept is what a journal holds that no later program may lose or tell again.
var kept = map[string]string{
	"messages": "SELECT count(*) FROM messages",
	"head":     "SELECT value FROM meta WHERE name = 'head_seq'",
	"ids":      "SELECT count(*) FROM ids",
	"heard":    "SELECT count(*) FROM ids WHERE seq = 0",
	"seen":     "SELECT count(*) FROM seen",
	"cursor":   "SELECT coalesce(sum(seq), 0) FROM cursors",
}

const (
	poison  = "SELECT count(*) FROM poison"
	doubles = "SELECT value FROM counters WHERE kind = 'total' AND name = 'duplicates'"
)

// since are the facts in the samples' mails that those earlier programs did not tell,
// and that are told now: of answers to mails to the tracker's control address. No other
// may come.
var since = map[string]int{"debbugs.control.process": 2, "debbugs.bug.severity.update": 1, "debbugs.bug.title.update": 1}

// TestEarlierJournals gives the journals of earlier programs to those of now. They
// are brought up to date in place, keep all that they held, verify, and know what
// they told: the same mails, rows, pushes and bugs are not told again.
func TestEarlierJournals(t *testing.T) {
	ctx := t.Context()
	bin := t.TempDir()
	if err := build(ctx, "../../..", bin); err != nil {
		t.Fatal(err)
	}
	commits, err := filepath.Glob("testdata/*")
	if err != nil || len(commits) < 2 {
		t.Fatalf("samples of %v (%v)", commits, err)
	}
	for _, from := range commits {
		t.Run(filepath.Base(from), func(t *testing.T) {
			s, err := newStory(t.TempDir(), bin)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.close() })
			for _, name := range programs {
				unpack(t, filepath.Join(from, name+".db.gz"), s.path(name+".db"))
				if err := s.configure(name, `backend = "none"`); err != nil { // the keys were thrown away
					t.Fatal(err)
				}
			}
			before, knew := s.holds(t), s.must(t, "mail2bus", doubles)
			// Brought up to date, without anything new, whose signatures would be others.
			if err := s.upgrade(ctx); err != nil {
				t.Fatal(err)
			}
			s.verify(t, from, "mail2bus")
			if err := s.again(ctx); err != nil {
				t.Fatal(err)
			}
			after := s.holds(t)
			told, all := s.topics(t, before["mail2bus head"]), 0
			if diff := cmp.Diff(since, told); diff != "" {
				t.Errorf("what was told again, or never before: %s", diff)
			}
			for _, n := range told {
				all += n
			}
			for _, what := range []string{"messages", "head", "ids"} {
				after["mail2bus "+what] -= all
			}
			after["mail2bus cursor"] = min(after["mail2bus cursor"], before["mail2bus cursor"])
			for what, n := range before {
				if after[what] != n {
					t.Errorf("%s: %d before, %d after", what, n, after[what])
				}
			}
			for _, name := range programs {
				if n := s.must(t, name, poison); n == 0 && (name == "mail2bus" || name == "scmhook") {
					t.Errorf("%s: the poison is gone", name)
				}
				if name != "mail2bus" {
					s.verify(t, from, name)
				}
			}
			if n := s.must(t, "mail2bus", doubles); n <= knew {
				t.Errorf("mail2bus knew %d of the mails before, %d now: it did not read them again", knew, n)
			}
		})
	}
}

// verify has bus check a journal, by the authority of its sample.
func (s *story) verify(t *testing.T, from, name string) {
	t.Helper()
	ca, err := filepath.Abs(filepath.Join(from, "ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"verify", "--ca", ca, s.path(name + ".db")}
	if name == "dbpoll" { // unsigned
		args = []string{"verify", s.path(name + ".db")}
	}
	if err := command(t.Context(), s.dir, filepath.Join(s.bin, "bus"), args...); err != nil {
		t.Error(err)
	}
}

// upgrade has mail2bus open its journal while there is nothing to be read.
func (s *story) upgrade(ctx context.Context) error {
	mail, err := s.daemon("mail2bus")
	if err != nil {
		return err
	}
	return errors.Join(s.wait(ctx, "mail2bus opens its journal", func() bool {
		r, err := journal.OpenReader(ctx, s.path("mail2bus.db"))
		return err == nil && r.Close() == nil
	}), mail.Stop())
}

// topics are what mail2bus told behind a number, without prefix and environment.
func (s *story) topics(t *testing.T, seq int) map[string]int {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+s.path("mail2bus.db")+"?mode=ro&_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), "SELECT topic FROM messages WHERE seq > ?", seq)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	told := map[string]int{}
	for rows.Next() {
		var topic string
		if err := rows.Scan(&topic); err != nil {
			t.Fatal(err)
		}
		told[topic[strings.Index(topic, ".debbugs.")+1:]]++
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return told
}

// again shows the programs once more what their journals have told of.
func (s *story) again(ctx context.Context) error {
	for _, statements := range shopBooks {
		if _, err := s.shop.ExecContext(ctx, statements); err != nil {
			return err
		}
	}
	if err := command(ctx, s.dir, "git", "init", "--quiet", "--bare", "git/kettle.git"); err != nil {
		return err
	}
	if err := s.history(ctx); err != nil {
		return err
	}
	s.begin()
	s.happen()
	if err := s.deliver(); err != nil {
		return err
	}
	for _, name := range []string{"dbpoll poll", "scmhook reconcile", "soapbus poll", "soapbus poll"} {
		program, verb, _ := strings.Cut(name, " ")
		if err := s.run(ctx, program, verb); err != nil {
			return err
		}
	}
	mail, err := s.daemon("mail2bus")
	if err != nil {
		return err
	}
	return errors.Join(s.wait(ctx, "mail2bus reads the mails", s.read), mail.Stop())
}

// holds counts what is kept in all journals.
func (s *story) holds(t *testing.T) map[string]int {
	t.Helper()
	all := map[string]int{}
	for _, name := range programs {
		for what, query := range kept {
			all[name+" "+what] = s.must(t, name, query)
		}
	}
	for _, what := range []string{"mail2bus messages", "mail2bus cursor", "soapbus heard", "soapbus seen", "dbpoll seen", "dbpoll messages", "scmhook seen", "scmhook messages"} {
		if all[what] == 0 {
			t.Fatalf("%s: nothing", what)
		}
	}
	return all
}

func (s *story) must(t *testing.T, name, query string) int {
	t.Helper()
	n, err := s.count(name, query)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func unpack(t *testing.T, from, to string) {
	t.Helper()
	f, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}
