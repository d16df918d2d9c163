package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"busbar/fixtures/cases"
)

// TestFilesUnderTheWriter does to the files of a running writer whatever a person
// or a disk may do: nothing is acknowledged from then on, and it is said.
func TestFilesUnderTheWriter(t *testing.T) {
	t.Parallel()
	move := func(suffix string) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			if err := os.Rename(path+suffix, path+suffix+".moved"); err != nil {
				t.Fatal(err)
			}
		}
	}
	remove := func(suffixes ...string) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			for _, s := range suffixes {
				if err := os.Remove(path + s); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	cut := func(suffix string, size int64) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			if err := os.Truncate(path+suffix, size); err != nil {
				t.Fatal(err)
			}
		}
	}
	replace := func(suffix string) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			raw := readFile(t, path+suffix)
			move(suffix)(t, path)
			writeFile(t, path+suffix, raw)
		}
	}
	garble := func(suffix string, at int64, n int) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			f, err := os.OpenFile(path+suffix, os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			// Not closed before the test ends: that would drop SQLite's locks.
			t.Cleanup(func() { f.Close() })
			if _, err := f.WriteAt(bytes.Repeat([]byte{0xa5}, n), at); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, c := range map[string]struct {
		do    func(*testing.T, string)
		saved bool // what was stored is there at the next start
	}{
		"all removed":          {remove("", "-wal", "-shm"), true},
		"the journal removed":  {remove(""), true},
		"the log removed":      {remove("-wal"), true},
		"the index removed":    {remove("-shm"), true},
		"the journal moved":    {move(""), true},
		"the log moved":        {move("-wal"), true},
		"the journal replaced": {replace(""), true},
		"the log replaced":     {replace("-wal"), true},
		"the log emptied":      {cut("-wal", 0), false},
		"the log cut":          {cut("-wal", 5000), false},
		"the log garbled":      {garble("-wal", 100, 2000), false},
		"the log's header":     {garble("-wal", 0, 32), false},
		"the journal emptied":  {cut("", 0), false},
		"the journal cut":      {cut("", 8192), false},
		"the journal's tables": {garble("", 4096, 3000), false},
		"the journal's header": {garble("", 0, 100), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var said bytes.Buffer
			o := options(journalPath(t))
			o.Log = slog.New(slog.NewTextHandler(&said, nil))
			j, err := Open(context.Background(), o)
			if err != nil {
				t.Fatal(err)
			}
			const stored = 30
			for _, r := range numbered("m", stored) {
				mustAppend(t, j, r)
			}
			if said.Len() > 0 && strings.Contains(said.String(), "another process") {
				t.Fatalf("before anything was done: %s", &said)
			}
			if strings.HasPrefix(name, "the journal") { // what the log covers is no damage
				if err := j.do(context.Background(), func() error {
					_, err := j.db.Exec("PRAGMA wal_checkpoint(TRUNCATE)")
					return err
				}); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(10 * time.Millisecond) // a file's times are as coarse as the kernel's clock
			c.do(t, o.Path)
			for i := range 5 {
				if _, err := j.Append(context.Background(), noteRecord(fmt.Sprint("late ", i))); err == nil {
					t.Fatalf("record %d was acknowledged", i)
				}
			}
			if j.Err() == nil || !strings.Contains(said.String(), "level=ERROR") {
				t.Errorf("trouble %v; said: %s", j.Err(), &said)
			}
			j.Close()
			j, err = Open(context.Background(), o)
			if err != nil {
				if c.saved {
					t.Errorf("at the next start: %v", err)
				}
				return
			}
			defer j.Close()
			if c.saved {
				if last, err := j.Reader().LastSeq(context.Background()); err != nil || last < stored {
					t.Errorf("at the next start there are %d messages, %v", last, err)
				}
				mustVerify(t, j.Reader())
				mustAppend(t, j, noteRecord("after all"))
			}
		})
	}
}

// A damaged index is recreated by SQLite from the log: nothing is lost.
func TestTheIndexHeals(t *testing.T) {
	t.Parallel()
	j := mustOpen(t, options(journalPath(t)))
	for _, r := range numbered("m", 30) {
		mustAppend(t, j, r)
	}
	f, err := os.OpenFile(j.o.Path+"-shm", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if _, err := f.WriteAt(bytes.Repeat([]byte{0xa5}, 100), 0); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, j, noteRecord("late"))
	if r := mustVerify(t, j.Reader()); r.Last != 31 {
		t.Errorf("%+v", r)
	}
}

// What others may do with the files is nobody's fault.
func TestReadersAreNoDamage(t *testing.T) {
	t.Parallel()
	var said bytes.Buffer
	o := options(journalPath(t))
	o.Log = slog.New(slog.NewTextHandler(&said, nil))
	j := mustOpen(t, o)
	for i := range 4 {
		mustAppend(t, j, noteRecord(fmt.Sprint("m ", i)))
		r, err := OpenReader(context.Background(), o.Path)
		if err != nil {
			t.Fatal(err)
		}
		mustVerify(t, r)
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Link(o.Path, o.Path+".link"); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(o.Path, 0o600); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, j, noteRecord("last"))
	if j.Err() != nil || strings.Contains(said.String(), "another process") {
		t.Errorf("%v: %s", j.Err(), &said)
	}
}

// TestAudit flips single bits of a closed journal at random. What Open does not
// see, Audit finds, or nobody needs: then the journal says all that it said.
func TestAudit(t *testing.T) {
	t.Parallel()
	const facts = 120
	flips := cases.Of(20, 60)
	rng := rand.New(rand.NewPCG(7, 11))
	origin := closedJournal(t, facts)
	raw := readFile(t, origin)
	refused, found, harmless := 0, 0, 0
	for range flips {
		path := journalPath(t)
		spoilt := bytes.Clone(raw)
		at := rng.IntN(len(spoilt) * 8)
		spoilt[at/8] ^= 1 << (at % 8)
		writeFile(t, path, spoilt)
		j, err := Open(context.Background(), options(path))
		if err != nil {
			refused++
			continue
		}
		report, err := j.Audit(context.Background())
		switch {
		case err != nil || !report.OK():
			found++
			if _, err := j.Append(context.Background(), noteRecord("late")); err == nil || j.Err() == nil {
				t.Errorf("bit %d: after the audit a record was acknowledged", at)
			}
		default:
			harmless++
			if res := mustAppend(t, j, numbered("m", facts)[at%facts]); res.Duplicates != 1 {
				t.Errorf("bit %d: a known fact was told again: %+v", at, res)
			}
			if got := all(t, j.Reader()); len(got) != facts {
				t.Errorf("bit %d: %d messages", at, len(got))
			}
		}
		j.Close()
	}
	t.Logf("of %d flipped bits %d were refused at the start, %d found by the audit, %d in bytes that mean nothing", flips, refused, found, harmless)
}

func TestCheckFiles(t *testing.T) {
	t.Parallel()
	path := closedJournal(t, 3)
	if err := CheckFiles(path); err != nil {
		t.Errorf("a whole journal: %v", err)
	}
	writeFile(t, path+"-wal", bytes.Repeat([]byte{1}, walHeaderSize)) // a header that never reached the disk
	if err := CheckFiles(path); err != nil {
		t.Errorf("a log with nothing but a torn header: %v", err)
	}
	mustAppend(t, mustOpen(t, options(path)), noteRecord("after the cut"))
	if err := CheckFiles(path + "x"); !errors.Is(err, ErrMissing) {
		t.Errorf("no journal: %v", err)
	}
}
