package main

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"busbar/adapters/scm"
	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/pump"
	"busbar/common/translate"
	"busbar/scmhook/webhook"
)

// TestSubmit hands pushes in, twice, with a journal that fails at first, and
// with nobody there.
func TestSubmit(t *testing.T) {
	book := &delivered{}
	c := newHanded(book.plan)
	gone, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	push := pushed("hello", ">1")
	push.Item.Raw = []byte("{}")
	if err := c.Submit(gone, push); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("nobody takes it: %v", err)
	}
	failures := 1
	j, err := journal.Open(t.Context(), journal.Options{Path: filepath.Join(t.TempDir(), "journal.db"),
		Identity: journal.Identity{Prefix: "org.example", Environment: "dev", Name: "test"},
		Seal: func(*event.Encoded) error {
			if failures > 0 {
				failures--
				return errors.New("the key is locked")
			}
			return nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	book.journal = j.Reader()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	p := &pump.Pump{Channel: c, Table: DefaultConfig().Translators(), Journal: j, Source: "webhook"}
	go func() { ended <- p.Run(ctx) }()
	if err := c.Submit(t.Context(), push); err == nil {
		t.Error("the journal failed, and the caller is told that all is well")
	}
	for range 2 {
		var err error
		for range 100 { // as a forge tries again
			if err = c.Submit(t.Context(), push); err == nil {
				break
			}
			time.Sleep(50 * time.Millisecond) // as a forge waits before it tries again
		}
		if err != nil {
			t.Error(err)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if n, err := j.Reader().LastSeq(t.Context()); n == 0 || err != nil {
		t.Errorf("%d messages, %v", n, err)
	}
	c2, err := j.Reader().Counts(t.Context())
	if err != nil || c2.Duplicates == 0 {
		t.Errorf("the second time is not known as a double: %+v, %v", c2, err)
	}
}

// pushed is a delivery of updates "a>b" of main; an empty end means that it is
// not there.
func pushed(repository string, updates ...string) webhook.Delivery {
	push := scm.Push{Repository: repository, System: "git", Via: "webhook", Time: time.Now()}
	for _, u := range updates {
		from, to, _ := strings.Cut(u, ">")
		push.Updates = append(push.Updates, scm.Update{Ref: "refs/heads/main", Old: strings.Repeat(from, 40), New: strings.Repeat(to, 40)})
	}
	return webhook.Delivery{Item: translate.Item[any]{Origin: "webhook", Received: time.Now(), Value: push}}
}

// TestDeliveries: what is sent again is no news, by its name or as a fact; a
// branch that comes back and moves again is; and a deleted branch was what it was
// told to be.
func TestDeliveries(t *testing.T) {
	j, err := journal.Open(t.Context(), journal.Options{Path: filepath.Join(t.TempDir(), "journal.db"),
		Identity: journal.Identity{Prefix: "org.example", Environment: "dev", Name: "test"}})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	book := &delivered{j.Reader()}
	c := newHanded(book.plan)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	p := &pump.Pump{Channel: c, Table: DefaultConfig().Translators(), Journal: j, Source: "webhook"}
	go func() { ended <- p.Run(ctx) }()
	var seq int64
	for _, step := range []struct {
		name, update string
		news         int64 // events
	}{
		{"1", ">a", 1}, {"2", "a>b", 1},
		{"2", "a>b", 0},  // sent again
		{"2'", "a>b", 0}, // by another hook
		{"3", "b>a", 1}, {"4", "a>b", 1}, {"4", "a>b", 0}, {"4'", "a>b", 0},
		{"1", ">a", 0},                // an old one, by hand
		{"6", "c>d", 1},               // the one before it is late
		{"5", "b>c", 1},               // here it comes
		{"7", "d>e", 1},               //
		{"8", ">", 1}, {"9", ">a", 1}, // deleted, and made again as at first
		{"8", ">", 0}, {"10", "a>", 1}, {"10'", ">", 0},
	} {
		d := pushed("hello", step.update)
		d.Names = []string{"GitHub " + step.name}
		if err := c.Submit(ctx, d); err != nil {
			t.Fatal(err)
		}
		now, err := j.Reader().LastSeq(ctx)
		if err != nil || now-seq != step.news {
			t.Errorf("delivery %s of %s: %d events, want %d (%v)", step.name, step.update, now-seq, step.news, err)
		}
		seq = now
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
