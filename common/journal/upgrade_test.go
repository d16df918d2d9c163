package journal

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"busbar/common/event"
)

// aged is a closed journal as the programs of an older version left it.
func aged(t *testing.T, version, messages int) string {
	t.Helper()
	path := closedJournal(t, messages)
	j := mustOpen(t, options(path))
	mustAppend(t, j, poison("notes", 1, 1))
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	statements := []string{"ALTER TABLE poison DROP COLUMN source", "PRAGMA user_version = 4"}
	if version < 4 {
		statements = append(statements, "ALTER TABLE cursors DROP COLUMN used", "DROP TABLE missed", "PRAGMA user_version = 3")
	}
	if version < 3 {
		statements = append(statements,
			"ALTER TABLE ids DROP COLUMN substance", "ALTER TABLE ids DROP COLUMN strength", "ALTER TABLE ids DROP COLUMN sum",
			"ALTER TABLE seen DROP COLUMN sum", "ALTER TABLE positions DROP COLUMN sum", "ALTER TABLE poison DROP COLUMN disputes",
			"PRAGMA user_version = 2")
	}
	if version == 1 {
		statements = append(statements, "DROP TABLE seen", "PRAGMA user_version = 1")
	}
	alter(t, path, append(statements, "INSERT INTO cursors (sink, seq) VALUES ('zmq', 2)")...)
	if version == 4 {
		alter(t, path, "UPDATE cursors SET used = unixepoch()")
	}
	return path
}

// TestAnOlderJournalIsBroughtUp takes files of each version that there was.
func TestAnOlderJournalIsBroughtUp(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for version := 1; version < schemaVersion; version++ {
		path := aged(t, version, 3)
		if _, err := OpenReader(ctx, path); !errors.Is(err, ErrOlder) || !strings.Contains(err.Error(), "start the program") {
			t.Fatalf("reading version %d gives %v", version, err)
		}
		j := mustOpen(t, options(path))
		if res := mustAppend(t, j, noteRecord("m-0")); res.Duplicates != 1 {
			t.Errorf("version %d: a known fact gives %+v", version, res)
		}
		r := noteRecord("m-4")
		r.States = []event.State{{Source: "queue", Key: "hello", Value: []byte("1")}}
		r.Source, r.Position = "queue", []byte("7")
		if res := mustAppend(t, j, r); len(res.Seqs) != 1 || res.Seqs[0] != 4 {
			t.Fatalf("appending to version %d gives %+v", version, res)
		}
		if v, err := j.Reader().StateOf(ctx, "queue", "hello"); err != nil || string(v) != "1" {
			t.Errorf("version %d: seen is %q (%v)", version, v, err)
		}
		if s := sinks(t, j.Reader())["zmq"]; s.Cursor != 2 || s.Behind != 2 || time.Since(s.Used) > time.Hour {
			t.Errorf("version %d: the cursor is %+v", version, s)
		}
		// It was kept before, by a program that did not say what made it.
		p, rows := poison("notes", 1, 1), poisoned(t, j)
		p.Source = "spool"
		mustAppend(t, j, p)
		if rows = append(rows, poisoned(t, j)...); len(rows) != 2 || rows[0].Source != "" || rows[1].Source != "spool" || rows[1].Attempts != 2 {
			t.Errorf("version %d: the poison is %+v", version, rows)
		}
		mustVerify(t, j.Reader())
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func poisoned(t *testing.T, j *Journal) []PoisonRow {
	t.Helper()
	rows, err := j.Reader().Poisoned(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// What an id was published with is read from its message where the id does not say.
func TestAnOlderIDIsComparedByItsMessage(t *testing.T) {
	t.Parallel()
	path := journalPath(t)
	j := mustOpen(t, options(path))
	mustAppend(t, j, claim("k", "the first words", "none"))
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	alter(t, path, "UPDATE ids SET substance = NULL, strength = NULL, sum = NULL")
	j = mustOpen(t, options(path))
	if res := mustAppend(t, j, claim("k", "the first words", "none")); len(res.Disputed) != 0 || res.Duplicates != 1 {
		t.Errorf("the same words give %+v", res)
	}
	if res := mustAppend(t, j, claim("k", "other words", "none")); len(res.Disputed) != 1 {
		t.Errorf("other words give %+v", res)
	}
}

// Rows that have rotted are named when they are read, not believed.
func TestRottenRows(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	path := journalPath(t)
	j := mustOpen(t, options(path))
	r := noteRecord("m-1")
	r.States = []event.State{{Source: "queue", Key: "hello", Value: []byte("1")}}
	r.Source, r.Position = "queue", []byte("7")
	mustAppend(t, j, r)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	alter(t, path, "UPDATE seen SET value = x'32'", "UPDATE positions SET value = x'38'")
	read, err := OpenReader(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	if _, err := read.StateOf(ctx, "queue", "hello"); !errors.Is(err, ErrCorrupt) {
		t.Errorf("StateOf: %v", err)
	}
	if err := read.EachState(ctx, "queue", func(string, []byte) error { return nil }); !errors.Is(err, ErrCorrupt) {
		t.Errorf("EachState: %v", err)
	}
	if _, err := read.Position(ctx, "queue"); !errors.Is(err, ErrCorrupt) {
		t.Errorf("Position: %v", err)
	}
}

// An id of which one bit has flipped is noticed where it is asked for, whichever
// bit it is: to miss it would be to publish its fact again.
func TestAFlippedIDIsNoDouble(t *testing.T) {
	t.Parallel()
	const facts = 300
	for bit := 0; bit < 128; bit += 5 {
		path := closedJournal(t, facts)
		n := bit * 7 % facts
		u := note(numbered("m", facts)[n].Events[0].Key).UUID()
		flipped := u
		flipped[bit/8] ^= 1 << (bit % 8)
		patch(t, path, u[:], flipped[:])
		j, err := Open(context.Background(), options(path))
		if err != nil {
			t.Fatal(err)
		}
		if res, err := j.Append(context.Background(), numbered("m", facts)[n]); !errors.Is(err, ErrCorrupt) {
			t.Errorf("bit %d of the id flipped: %+v, %v", bit, res, err)
		}
		j.Close()
	}
}

// patch replaces bytes of the file, also in what SQLite left in free pages.
func patch(t *testing.T, path string, from, to []byte) {
	t.Helper()
	raw := readFile(t, path)
	if !bytes.Contains(raw, from) {
		t.Fatalf("%x is not in the file", from)
	}
	writeFile(t, path, bytes.ReplaceAll(raw, from, to))
}

// claimBody is said by anybody, and so compared.
type claimBody struct {
	Text string `json:"text"`
}

func (b claimBody) Substance() []string { return []string{event.Gist(b.Text)} }

var claimKind = event.Define("notes.claim.create", "somebody claimed something", func(b claimBody) string { return b.Text }, nil)

func claim(key, text, verdict string) Record {
	r := Record{Origin: "spool 1", Received: someday, Item: []byte(key + text + verdict), Translator: "notes",
		Events: []event.Event{{Kind: claimKind, Key: key, Time: someday, Body: claimBody{Text: text}}}}
	if verdict != "" {
		r.Evidence = []event.Evidence{{Type: "mail", Verdict: verdict, Detail: text}}
	}
	return r
}
