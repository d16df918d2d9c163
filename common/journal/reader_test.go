package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

func TestPoisonLifeCycle(t *testing.T) {
	t.Parallel()
	o := options(journalPath(t))
	c := &clock{at: someday}
	o.Now = c.now
	j := mustOpen(t, o)
	ctx := context.Background()
	bad := Record{Origin: "maildir new/7", Translator: "notes", Poison: "no subject", Item: []byte("raw item")}
	mustAppend(t, j, bad)
	c.at = someday.Add(time.Hour)
	bad.Poison = "still no subject"
	mustAppend(t, j, bad)
	mustAppend(t, j, Record{Poison: "empty", Digest: "d0"})
	rows, err := j.Reader().Poisoned(ctx)
	if err != nil || len(rows) != 2 {
		t.Fatalf("poison: %+v, %v", rows, err)
	}
	row := rows[0]
	if row.Attempts != 2 || row.Reason != "still no subject" || row.Origin != "maildir new/7" || row.Translator != "notes" ||
		!row.First.Equal(someday) || !row.Last.Equal(c.at) || row.Size != 8 || row.Item != nil {
		t.Errorf("the row is %+v", row)
	}
	if got, err := j.Reader().PoisonItem(ctx, row.ID); err != nil || string(got.Item) != "raw item" {
		t.Errorf("the item is %q, %v", got.Item, err)
	}
	if n := counts(t, j.Reader()).Poisoned; n != 2 {
		t.Errorf("%d poisoned", n)
	}
	good := noteRecord("seven")
	good.Digest = row.Digest
	mustAppend(t, j, good)
	mustAppend(t, j, Record{Skip: "not ours after all", Digest: "d0"})
	if rows, err := j.Reader().Poisoned(ctx); err != nil || len(rows) != 0 {
		t.Errorf("after the retry: %+v, %v", rows, err)
	}
	if _, err := j.Reader().PoisonItem(ctx, row.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("a resolved item: %v", err)
	}
}

func TestPositionsAndSkips(t *testing.T) {
	t.Parallel()
	j := mustOpen(t, options(journalPath(t)))
	ctx := context.Background()
	if _, err := j.Reader().Position(ctx, "mail"); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown source: %v", err)
	}
	mustAppend(t, j, Record{Skip: "spam", Source: "mail", Position: []byte("1")})
	mustAppend(t, j, Record{Skip: "spam", Source: "mail", Position: []byte("2")})
	mustAppend(t, j, Record{Source: "rows", Position: []byte{0, 255}})
	for source, want := range map[string]string{"mail": "2", "rows": "\x00\xff"} {
		if got, err := j.Reader().Position(ctx, source); err != nil || string(got) != want {
			t.Errorf("the position of %s: %q, %v", source, got, err)
		}
	}
	for i := range maxReasons + 50 {
		mustSubmit(t, j, Record{Skip: fmt.Sprintf("reason %d", i)})
	}
	mustAppend(t, j, Record{Skip: strings.Repeat("ü", 300)})
	c := counts(t, j.Reader())
	if c.Skipped["spam"] != 2 || len(c.Skipped) != maxReasons+1 || c.Skipped[otherReasons] != 52 {
		t.Errorf("%d reasons, spam %d, others %d", len(c.Skipped), c.Skipped["spam"], c.Skipped[otherReasons])
	}
}

// mustSubmit is mustAppend without waiting for the fsync.
func mustSubmit(t *testing.T, j *Journal, r Record) {
	j.Submit(r, func(_ Result, err error) {
		if err != nil {
			t.Error(err)
		}
	})
}

func TestBatchesAreBounded(t *testing.T) {
	t.Parallel()
	j := mustOpen(t, options(journalPath(t)))
	ctx := context.Background()
	for i := range 5 {
		r := big(fmt.Sprint(i))
		b := r.Events[0].Body.(noteBody)
		b.Pad = strings.Repeat("y", 3<<20)
		r.Events[0].Body = b
		mustAppend(t, j, r)
	}
	for _, c := range []struct {
		after int64
		limit int
		want  int
	}{{0, 100, 2}, {0, 1, 1}, {4, 100, 1}, {5, 100, 0}} {
		if got, err := j.Reader().After(ctx, c.after, c.limit); err != nil || len(got) != c.want {
			t.Errorf("after %d, limit %d: %d messages, %v; want %d", c.after, c.limit, len(got), err, c.want)
		}
	}
	if list := all(t, j.Reader()); len(list) != 5 {
		t.Errorf("%d messages", len(list))
	}
}

func TestReadingANewJournal(t *testing.T) {
	t.Parallel()
	path := journalPath(t)
	mustOpen(t, options(path)).Close()
	r, err := OpenReader(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Last(context.Background()); !errors.Is(err, ErrNotFound) {
		t.Errorf("Last: %v", err)
	}
	if seq, err := r.LastSeq(context.Background()); seq != 0 || err != nil {
		t.Errorf("LastSeq: %d, %v", seq, err)
	}
	if _, err := r.ByID(context.Background(), "2024-nonsense"); err == nil {
		t.Error("ByID took nonsense")
	}
	if report := mustVerify(t, r); report.Messages != 0 {
		t.Errorf("%+v", report)
	}
	if c := counts(t, r); c.FirstSeq != 0 || c.Identity.Name != "notes" || c.Epoch == "" || c.FileBytes == 0 {
		t.Errorf("%+v", c)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

func TestVerifyNamesEachFault(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, spoil string
		seq         int64
		want        string
	}{
		{"a changed body", "UPDATE messages SET wire = CAST(replace(CAST(wire AS TEXT), '\"note m-9\"', '\"Note m-9\"') AS BLOB) WHERE seq = 10", 10, "do not have its hash"},
		{"a deleted message", "DELETE FROM messages WHERE seq = 20", 21, "a gap: 19 stands before it"},
		{"a changed topic", "UPDATE messages SET topic = 'x.y.z' WHERE seq = 5", 5, "columns and its bytes differ"},
		{"a forgotten id", "DELETE FROM ids WHERE seq = 7", 7, "id is not remembered"},
		{"a broken chain", "UPDATE messages SET prev = 'ab' WHERE seq = 30", 30, "the chain is broken"},
		{"not a message", "UPDATE messages SET wire = x'7b' WHERE seq = 3", 3, "reading a message"},
		{"another epoch", "UPDATE meta SET value = 'e' WHERE name = 'epoch'", 1, "it is of another sequence"},
		{"the end forgotten", "UPDATE meta SET value = 'ab' WHERE name = 'head_hash'", 200, "not the one that the journal remembers"},
		{"messages behind the end", "UPDATE meta SET value = 250 WHERE name = 'head_seq'", 250, "messages after 200 are missing"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := closedJournal(t, 200)
			alter(t, path, c.spoil)
			db, err := connectReader(path) // as a reader that was open before
			if err != nil {
				t.Fatal(err)
			}
			r := &Reader{db: db, path: path}
			defer r.Close()
			report, err := r.Verify(context.Background(), nil)
			if err != nil || report.OK() {
				t.Fatalf("%+v, %v", report, err)
			}
			if f := report.Faults[0]; f.Seq != c.seq || !strings.Contains(f.What, c.want) {
				t.Errorf("the fault is %+v, want %d: %s", f, c.seq, c.want)
			}
			if len(report.Faults) > maxFaults || c.name == "another epoch" && report.More != 100 {
				t.Errorf("%d faults named, %d more", len(report.Faults), report.More)
			}
		})
	}
}

func TestVerifyAsksAboutSignatures(t *testing.T) {
	t.Parallel()
	path := closedJournal(t, 10)
	r, err := OpenReader(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	asked := 0
	report, err := r.Verify(context.Background(), func(m Message, tree map[string]any) error {
		if asked++; tree["topic"] != m.Topic {
			t.Errorf("message %d: the tree is another's", m.Seq)
		}
		if m.Seq == 4 {
			return errors.New("the signature is bad")
		}
		return nil
	})
	if err != nil || asked != 10 || len(report.Faults) != 1 || report.Faults[0] != (Fault{4, "the signature is bad"}) {
		t.Errorf("%d asked, %+v, %v", asked, report, err)
	}
}

func TestVerifyFindsRottenPages(t *testing.T) {
	t.Parallel()
	path := closedJournal(t, 2000)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(raw[len(raw)/2/4096*4096:], make([]byte, 4096))
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := OpenReader(context.Background(), path)
	if err != nil {
		if !errors.Is(err, ErrCorrupt) {
			t.Fatal(err)
		}
		return
	}
	defer r.Close()
	if report, err := r.Verify(context.Background(), nil); err != nil || report.OK() {
		t.Errorf("%+v, %v", report, err)
	}
}
