package outbox

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"busbar/bus/notify/dest"
	"busbar/bus/notify/plan"
	"busbar/bus/notify/rule"
)

func openTest(t *testing.T) (*Outbox, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "outbox.db")
	o, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.Close() })
	return o, path
}

func note(id, to string) Planned {
	return Planned{"mail", dest.Note{ID: id, Person: "jane", To: to, Kind: dest.Single, Rule: "mine", Subject: "subject " + id, Messages: []dest.Message{{ID: "event-" + id}}}}
}

func write(t *testing.T, o *Outbox, notes ...Planned) {
	t.Helper()
	if err := o.Write(t.Context(), Batch{Notes: notes}, nil); err != nil {
		t.Fatal(err)
	}
}

func claim(t *testing.T, o *Outbox, now time.Time, busy ...string) (list []Waiting) {
	t.Helper()
	taken := map[string]bool{}
	for _, b := range busy {
		taken[b] = true
	}
	list, err := o.Turn(t.Context(), Turn{Way: "mail", Now: now, Most: 10, Busy: taken})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func store(t *testing.T, o *Outbox, now time.Time, list []Waiting, err error) {
	t.Helper()
	var results []Result
	for _, w := range list {
		results = append(results, Result{w, err})
	}
	if _, err := o.Turn(t.Context(), Turn{Way: "mail", Now: now, Done: results, GiveUp: 72 * time.Hour}); err != nil {
		t.Fatal(err)
	}
}

func ids(list []Waiting) string {
	text := ""
	for _, w := range list {
		text += w.Note.ID + " "
	}
	return text
}

// TestFates: what each answer makes of a note.
func TestFates(t *testing.T) {
	o, path := openTest(t)
	now := time.Now()
	write(t, o, note("a", "x@x"), note("b", "x@x"), note("c", "y@x"), note("a", "x@x"))
	first := claim(t, o, now)
	if ids(first) != "a c " {
		t.Fatalf("at once, one for each address: %s", ids(first))
	}
	if got := ids(claim(t, o, now, "x@x", "y@x")); got != "" {
		t.Errorf("to busy addresses: %s", got)
	}
	if _, err := Open(t.Context(), path); !errors.Is(err, ErrInUse) {
		t.Errorf("a second daemon: %v", err)
	}
	beside, err := OpenBeside(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer beside.Close()
	store(t, o, now, first[:1], nil)
	store(t, o, now, first[1:], errors.New("away"))
	again := claim(t, o, now)
	if ids(again) != "b c " || again[1].Attempts != 1 {
		t.Fatalf("then %s", ids(again))
	}
	store(t, o, now, again[:1], dest.Refused(errors.New("nobody\x00 there")))
	store(t, o, now, again[1:], dest.One(errors.New("later")))
	if got := ids(claim(t, o, now)); got != "" {
		t.Errorf("a note alone is tried again at once: %s", got)
	}
	if next, err := o.Next(t.Context(), "mail", now); err != nil || !next.After(now) {
		t.Errorf("next at %v (%v)", next, err)
	}
	dead, err := beside.Dead(t.Context())
	if err != nil || len(dead) != 1 || dead[0].ID != "b" || dead[0].Error == "" {
		t.Fatalf("dead letters %+v (%v)", dead, err)
	}
	if n, err := beside.Revive(t.Context(), "b"); n != 1 || err != nil {
		t.Errorf("revived %d: %v", n, err)
	}
	if got := ids(claim(t, o, now)); got != "b " {
		t.Errorf("after it was given back: %s", got)
	}
	tallies, err := o.Tallies(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := tallies["mail"].Counts; got["made"] != 3 || got["sent"] != 1 || got["failed"] != 1 || got["retried"] != 2 {
		t.Errorf("counted %v", got)
	}
	if about, err := o.About(t.Context(), "event-a"); err != nil || len(about) != 1 || about[0].State != "sent" {
		t.Errorf("about an event: %+v (%v)", about, err)
	}
	if said, err := o.Said(t.Context(), Key{"jane", "mail", "x@x"}, "event-a"); !said || err != nil {
		t.Errorf("it was said: %v %v", said, err)
	}
}

// TestPaused: an address that refuses for good four times in a row gets nothing more, and
// one that is gone at once.
func TestPaused(t *testing.T) {
	o, _ := openTest(t)
	now := time.Now()
	for i := range 6 {
		write(t, o, note(fmt.Sprint("n", i), "x@x"))
		list := claim(t, o, now)
		if len(list) != 1 || (list[0].Paused != "") != (i >= maxRefused) {
			t.Fatalf("note %d: %+v", i, list)
		}
		store(t, o, now, list, dest.Refused(errors.New("no")))
	}
	write(t, o, note("g1", "g@x"))
	store(t, o, now, claim(t, o, now), dest.Unreachable(errors.New("gone")))
	paused, err := o.Paused(t.Context())
	if err != nil || len(paused) != 2 {
		t.Fatalf("%+v (%v)", paused, err)
	}
	if n, err := o.Revive(t.Context()); n != 7 || err != nil {
		t.Fatalf("revived %d: %v", n, err)
	}
	if paused, _ := o.Paused(t.Context()); len(paused) != 0 {
		t.Errorf("still paused: %+v", paused)
	}
}

// TestGivenUp: a note that cannot be sent for long is a dead letter.
func TestGivenUp(t *testing.T) {
	o, _ := openTest(t)
	write(t, o, note("a", "x@x"))
	later := time.Now().Add(73 * time.Hour)
	store(t, o, later, claim(t, o, later), errors.New("away"))
	if dead, err := o.Dead(t.Context()); err != nil || len(dead) != 1 {
		t.Errorf("%+v (%v)", dead, err)
	}
	if n, err := o.Drop(t.Context()); n != 1 || err != nil {
		t.Errorf("dropped %d: %v", n, err)
	}
}

// TestKilled: what was handed over when the daemon ended is tried again, and known to be
// unsure.
func TestKilled(t *testing.T) {
	o, path := openTest(t)
	write(t, o, note("a", "x@x"), note("b", "y@x"))
	store(t, o, time.Now(), claim(t, o, time.Now())[:1], nil)
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	o, err := Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if got := ids(claim(t, o, time.Now())); got != "b " {
		t.Errorf("again: %s", got)
	}
	if tallies, err := o.Tallies(t.Context()); err != nil || tallies["mail"].Counts["unsure"] != 1 {
		t.Errorf("unsure: %v (%v)", tallies["mail"], err)
	}
}

// TestBoxes: boxes are after a restart as they were, whatever happened to them.
func TestBoxes(t *testing.T) {
	o, path := openTest(t)
	now := time.Now().Truncate(time.Millisecond)
	daily, err := rule.ParseWhen("daily", "08:00", "")
	if err != nil {
		t.Fatal(err)
	}
	key := Key{"jane", "mail", "x@x"}
	box := plan.NewBox()
	box.Limit = rule.Limit{Notes: 3, Within: time.Hour}
	keep := func() error {
		err := o.Write(t.Context(), Batch{Boxes: map[Key]*plan.Box{key: box}, Reports: map[string]string{"5": "jane@x"}}, nil)
		if err == nil {
			box.Clean()
		}
		return err
	}
	for i := range 150 {
		how := plan.How{}
		if i%2 == 0 {
			how.When = daily
		}
		item := plan.Item{Message: dest.Message{ID: fmt.Sprint(i), Title: "t", Thread: "bug/1", Keyword: "bts"}, Rule: "r", Change: &plan.Change{Of: "x", From: "a", To: "b"}}
		box.Add(now, item, how)
		if i%10 == 0 {
			if err := keep(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := keep(); err != nil {
		t.Fatal(err)
	}
	same := func(when string) {
		t.Helper()
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
		if o, err = Open(context.Background(), path); err != nil {
			t.Fatal(err)
		}
		boxes, err := o.Boxes(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got := boxes[key]
		clock := cmp.Comparer(func(a, b time.Time) bool { return a.Truncate(time.Millisecond).Equal(b.Truncate(time.Millisecond)) })
		if d := cmp.Diff(box.Buckets, got.Buckets, clock); d != "" {
			t.Errorf("%s: %s", when, d)
		}
		if d := cmp.Diff(box.Sent, got.Sent, clock); d != "" {
			t.Errorf("%s, sent: %s", when, d)
		}
	}
	same("full")
	later := now.Add(10 * time.Minute)
	if outs := box.Due(later); len(outs) != 1 || outs[0].Kind != dest.Summary {
		t.Fatalf("due: %+v", outs)
	}
	if err := keep(); err != nil {
		t.Fatal(err)
	}
	same("after a summary")
	box.Due(now.Add(48 * time.Hour))
	if err := keep(); err != nil {
		t.Fatal(err)
	}
	same("empty")
	if len(box.Buckets) != 0 {
		t.Errorf("%d buckets are left", len(box.Buckets))
	}
	if reports, err := o.Reports(t.Context()); err != nil || reports["5"] != "jane@x" {
		t.Errorf("reports %v (%v)", reports, err)
	}
	defer o.Close()
}
