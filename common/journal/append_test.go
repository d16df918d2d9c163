package journal

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"busbar/common/event"
)

func TestAppendBuildsTheEnvelope(t *testing.T) {
	t.Parallel()
	o := options(journalPath(t))
	now := time.Date(2025, 1, 2, 3, 4, 5, 6, time.UTC)
	o.Now = func() time.Time { return now }
	o.Seal = func(m *event.Encoded) error { m.Set("signature", "sealed"); return nil }
	j := mustOpen(t, o)
	changed := j.Changed()
	e := note("a")
	e.Recovered = true
	evidence := []event.Evidence{{Type: "list", Verdict: "none", Detail: "notes.example.org"}}
	result := mustAppend(t, j, Record{Origin: "maildir new/1", Received: someday, Evidence: evidence, Events: []event.Event{e, note("b")}})
	if diff := cmp.Diff([]int64{1, 2}, result.Seqs); diff != "" {
		t.Fatal(diff)
	}
	select {
	case <-changed:
	case <-time.After(3 * time.Minute):
		t.Fatal("Changed was not closed")
	}
	list := all(t, j.Reader())
	tree, got, err := event.ParseMessage(list[0].Wire)
	if err != nil {
		t.Fatal(err)
	}
	want := event.Envelope{
		Topic: "org.example.dev.notes.note.create", MsgID: e.ID(someday), I: 1, Timestamp: now.Unix(), Username: "tester",
		Seq: 1, Publisher: "notes", Epoch: j.Epoch(), Origin: "maildir new/1", EventTime: "2024-05-17T10:30:00Z",
		Evidence: evidence, Recovered: true, Title: "note a", Msg: map[string]any{"text": "note a"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if tree["signature"] != "sealed" {
		t.Error("the message is not sealed")
	}
	hash, _ := event.Hash(tree)
	if list[0].Hash != hash || list[1].Prev != hash || list[0].Prev != "" {
		t.Errorf("the chain is %q, %q → %q; want the hash %q", list[0].Prev, list[0].Hash, list[1].Prev, hash)
	}
	if list[0].ID != want.MsgID || !list[0].Time.Equal(now.Truncate(time.Second)) {
		t.Errorf("the columns are %q, %v", list[0].ID, list[0].Time)
	}
	mustVerify(t, j.Reader())
}

func TestKnownFactsAreDropped(t *testing.T) {
	t.Parallel()
	o := options(journalPath(t))
	j := mustOpen(t, o)
	mustAppend(t, j, noteRecord("a"))
	otherYear := note("a")
	otherYear.Time = someday.AddDate(-3, 0, 0)
	for name, r := range map[string]Record{
		"again":        noteRecord("a"),
		"another year": {Origin: "x", Events: []event.Event{otherYear}},
	} {
		if res := mustAppend(t, j, r); len(res.Seqs) != 0 || res.Duplicates != 1 {
			t.Errorf("%s: %+v", name, res)
		}
	}
	within := mustAppend(t, j, Record{Events: []event.Event{note("b"), note("b"), note("a"), note("c")}})
	if !slices.Equal(within.Seqs, []int64{2, 3}) || within.Duplicates != 2 {
		t.Errorf("within one record: %+v", within)
	}
	results, errs := together(t, j, noteRecord("d"), noteRecord("d"), noteRecord("e"))
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if results[1].Duplicates != 1 || !slices.Equal(results[2].Seqs, []int64{5}) {
		t.Errorf("within one group: %+v", results)
	}
	if c := counts(t, j.Reader()); c.Duplicates != 5 || c.Messages != 5 || c.Topics["org.example.dev.notes.note.create"] != 5 {
		t.Errorf("counts: %+v", c)
	}
	j.Close()
	j = mustOpen(t, o)
	if res := mustAppend(t, j, noteRecord("a")); res.Duplicates != 1 {
		t.Errorf("after opening again: %+v", res)
	}
	m, err := j.Reader().ByID(context.Background(), otherYear.ID(someday))
	if err != nil || m.Seq != 1 {
		t.Errorf("ByID with another year: %d, %v", m.Seq, err)
	}
	mustVerify(t, j.Reader())
}

// TestSuppressedFactsAreDropped: what another publisher told is not published again, also
// where both come at once, and after a restart; the sequence stays whole.
func TestSuppressedFactsAreDropped(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	o := options(journalPath(t))
	j := mustOpen(t, o)
	mustAppend(t, j, noteRecord("ours"))
	suppressed := Record{Suppressed: []uuid.UUID{note("theirs").UUID(), note("ours").UUID()}}
	if res := mustAppend(t, j, suppressed); len(res.Seqs) != 0 {
		t.Errorf("suppressing made messages: %+v", res)
	}
	both := suppressed
	both.Suppressed, both.Events = []uuid.UUID{note("now").UUID()}, []event.Event{note("now"), note("theirs"), note("news")}
	if res := mustAppend(t, j, both); !slices.Equal(res.Seqs, []int64{2}) || res.Duplicates != 2 {
		t.Errorf("suppressed and published: %+v", res)
	}
	j.Close()
	j = mustOpen(t, o)
	if res := mustAppend(t, j, noteRecord("theirs")); res.Duplicates != 1 {
		t.Errorf("after opening again: %+v", res)
	}
	if _, err := j.Reader().ByID(ctx, note("theirs").ID(someday)); !errors.Is(err, ErrElsewhere) {
		t.Errorf("looking for it: %v", err)
	}
	if m, err := j.Reader().ByID(ctx, note("ours").ID(someday)); err != nil || m.Seq != 1 {
		t.Errorf("ours is theirs now: %d, %v", m.Seq, err)
	}
	mustVerify(t, j.Reader())
}

func TestCompatFamilies(t *testing.T) {
	t.Parallel()
	for _, keep := range []bool{false, true} {
		o := options(journalPath(t))
		if keep {
			o.Compat = []string{"oldnotes"}
		}
		j := mustOpen(t, o)
		old := event.Event{Kind: oldKind, Key: "a", Body: noteBody{}}
		res := mustAppend(t, j, Record{Events: []event.Event{note("a"), old}})
		if want := map[bool]int{false: 1, true: 2}[keep]; len(res.Seqs) != want || res.Duplicates != 0 {
			t.Errorf("kept %v: %+v", keep, res)
		}
	}
}

func TestABadRecordFailsAlone(t *testing.T) {
	t.Parallel()
	j := mustOpen(t, options(journalPath(t)))
	nan := event.Define("notes.note.weigh", "a note was weighed", func(float64) string { return "" }, nil)
	bad := map[string]Record{
		"no kind":    {Events: []event.Event{note("x"), {Key: "y"}}},
		"no key":     {Events: []event.Event{{Kind: noteKind, Body: noteBody{}}}},
		"wrong body": {Events: []event.Event{{Kind: noteKind, Key: "z", Body: 1}}},
		"not JSON":   {Events: []event.Event{{Kind: nan, Key: "z", Body: math.NaN()}}},
		"both":       {Events: []event.Event{note("x")}, Poison: "bad"},
		"no source":  {Skip: "x", Position: []byte("1")},
		"huge item":  {Poison: "bad", Item: make([]byte, maxItem+1)},
	}
	for name, r := range bad {
		results, errs := together(t, j, noteRecord(name+" 1"), r, noteRecord(name+" 2"))
		if !errors.Is(errs[1], ErrRecord) || errs[0] != nil || errs[2] != nil {
			t.Errorf("%s: %v", name, errs)
		}
		if results[2].Seqs[0] != results[0].Seqs[0]+1 {
			t.Errorf("%s: a gap: %v", name, results)
		}
	}
	if _, err := j.Reader().ByID(context.Background(), note("x").ID(someday)); !errors.Is(err, ErrNotFound) {
		t.Errorf("half a bad record was stored: %v", err)
	}
	r := Record{Origin: "o", Events: []event.Event{{Key: "y"}}, Item: []byte("item")}
	if res := mustAppend(t, j, r); !strings.Contains(res.Poison, "it has no kind") {
		t.Errorf("a bad event with its item: %+v", res)
	}
	if rows, err := j.Reader().Poisoned(context.Background()); err != nil || len(rows) != 1 {
		t.Errorf("poison: %v, %v", rows, err)
	}
	mustVerify(t, j.Reader())
}

func TestSealFailureIsTransient(t *testing.T) {
	t.Parallel()
	o := options(journalPath(t))
	broken := true
	o.Seal = func(m *event.Encoded) error {
		if broken && string(m.Member("origin")) == `"test b"` {
			return errors.New("the key is gone")
		}
		m.Set("signature", "s")
		return nil
	}
	j := mustOpen(t, o)
	_, errs := together(t, j, noteRecord("a"), noteRecord("b"), noteRecord("c"))
	for i, err := range errs {
		if err == nil || !strings.Contains(err.Error(), "the key is gone") {
			t.Errorf("record %d: %v", i, err)
		}
	}
	broken = false
	for i, key := range []string{"a", "b", "c"} {
		if res := mustAppend(t, j, noteRecord(key)); !slices.Equal(res.Seqs, []int64{int64(i) + 1}) {
			t.Errorf("%s after the trouble: %+v", key, res)
		}
	}
	mustVerify(t, j.Reader())
}

func TestGroupsShareAnFsync(t *testing.T) {
	t.Parallel()
	j := mustOpen(t, options(journalPath(t)))
	before := transactions(t, j)
	_, errs := together(t, j, numbered("g", 200)...)
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if n := transactions(t, j) - before; n != 1 {
		t.Errorf("200 waiting records took %d transactions, want 1", n)
	}
	var wg sync.WaitGroup
	const callers, each = 32, 25
	for c := range callers {
		wg.Go(func() {
			for i := range each {
				if _, err := j.Append(context.Background(), noteRecord(fmt.Sprintf("c%d-%d", c, i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	n := transactions(t, j) - before - 1
	if n < 1 || n >= callers*each {
		t.Errorf("%d concurrent appends took %d transactions", callers*each, n)
	}
	t.Logf("%d appends by %d callers in %d transactions", callers*each, callers, n)
	if r := mustVerify(t, j.Reader()); r.Messages != 200+callers*each {
		t.Errorf("%d messages", r.Messages)
	}
}

// transactions counts the writer's, each of which is one fsync: they are the
// frames with a commit in the log.
func transactions(t *testing.T, j *Journal) int {
	t.Helper()
	n, err := walCommits(j.o.Path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAppendsKeepTheirOrder(t *testing.T) {
	t.Parallel()
	j := mustOpen(t, options(journalPath(t)))
	const n = 2000
	var mu sync.Mutex
	var seqs []int64
	var wg sync.WaitGroup
	wg.Add(n)
	for _, r := range numbered("o", n) {
		j.Submit(r, func(res Result, err error) {
			mu.Lock()
			seqs = append(seqs, res.Seqs...)
			mu.Unlock()
			wg.Done()
		})
	}
	wg.Wait()
	for i, m := range all(t, j.Reader()) {
		if want := fmt.Sprintf("test o-%d", i); seqs[i] != int64(i)+1 || !strings.Contains(string(m.Wire), `"`+want+`"`) {
			t.Fatalf("place %d: done got %d, the message is %s", i, seqs[i], m.Wire)
		}
	}
}

func TestSubmitIf(t *testing.T) {
	t.Parallel()
	j := mustOpen(t, options(journalPath(t)))
	var wg sync.WaitGroup
	wg.Add(1)
	j.SubmitIf(noteRecord("a"), func() bool { return false }, func(_ Result, err error) {
		if !errors.Is(err, ErrStale) {
			t.Errorf("a stale record: %v", err)
		}
		wg.Done()
	})
	wg.Wait()
	if res := mustAppend(t, j, noteRecord("b")); res.Seqs[0] != 1 {
		t.Errorf("the stale record took a number: %+v", res)
	}
}

func TestCloseStoresWhatIsQueued(t *testing.T) {
	t.Parallel()
	o := options(journalPath(t))
	j := mustOpen(t, o)
	var mu sync.Mutex
	stored := 0
	for _, r := range numbered("q", 100) {
		j.Submit(r, func(_ Result, err error) {
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				stored++
			}
		})
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if stored != 100 {
		t.Errorf("%d of 100 were stored", stored)
	}
	if _, err := j.Append(context.Background(), noteRecord("late")); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if err := j.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
	if r := mustVerify(t, mustOpen(t, o).Reader()); r.Messages != 100 {
		t.Errorf("%d messages after opening again", r.Messages)
	}
}
