package main

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"busbar/adapters"
	"busbar/adapters/scm"
	"busbar/common/journal"
	"busbar/common/pump"
)

// TestSubmit hands pushes in, twice, with a journal that fails at first, and
// with nobody there.
func TestSubmit(t *testing.T) {
	c := newHanded()
	gone, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	push := adapters.Item[scm.Push]{Origin: "webhook", Received: time.Now(), Value: scm.Push{
		Repository: "hello", System: "git", Via: "webhook", Time: time.Now(),
		Updates: []scm.Update{{Ref: "refs/heads/main", New: "1111111111111111111111111111111111111111"}},
	}}
	if err := c.Submit(gone, push, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("nobody takes it: %v", err)
	}
	failures := 1
	j, err := journal.Open(t.Context(), journal.Options{Path: filepath.Join(t.TempDir(), "journal.db"),
		Identity: journal.Identity{Prefix: "org.example", Environment: "dev", Name: "test"},
		Seal: func(map[string]any) error {
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
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	p := &pump.Pump[told]{Channel: c, Table: table(DefaultConfig().SCM), Journal: j, Source: "webhook",
		Raw: func(t told) ([]byte, string) { return t.Raw, "" }}
	go func() { ended <- p.Run(ctx) }()
	if err := c.Submit(t.Context(), push, []byte("{}")); err == nil {
		t.Error("the journal failed, and the caller is told that all is well")
	}
	for range 2 {
		var err error
		for range 100 { // as a forge tries again
			if err = c.Submit(t.Context(), push, []byte("{}")); err == nil {
				break
			}
			time.Sleep(50 * time.Millisecond)
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
