//go:build ways

package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"busbar/contrib/trials/trial"
)

// TestWays plays the acts with mail systems, with few mails and all at once.
func TestWays(t *testing.T) {
	bin, err := os.MkdirTemp("", "ways-bin-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(bin) })
	// The users of mail systems run what is there; t.TempDir is closed to them.
	if err := errors.Join(os.Chmod(bin, 0o755), trial.Build(t.Context(), bin, "mail2bus")); err != nil {
		t.Fatal(err)
	}
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
			defer cancel()
			dir, err := os.MkdirTemp("", "ways-") // a short name: sockets' are
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.RemoveAll(dir) })
			s, err := trial.NewSite(filepath.Join(dir, "s"), bin)
			if err != nil {
				t.Fatal(err)
			}
			r, err := w.act(ctx, options{waysMails: 24, waysKills: 5, waysLife: 500 * time.Millisecond, Options: trial.Options{Seed: 7}}, s)
			words := s.LastWords()
			if err := s.End(); err != nil {
				t.Error(err)
			}
			switch {
			case errors.Is(err, trial.ErrSkipped):
				t.Skip(err)
			case err != nil:
				t.Fatalf("%v\n%s", err, words)
			}
			t.Log(r)
			if err := r.verdict(); err != nil || r.acked != 24 {
				t.Errorf("%d were acknowledged; %v", r.acked, err)
			}
		})
	}
}
