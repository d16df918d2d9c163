package main

import (
	"context"
	"strings"
	"testing"
	"time"
)

// TestTorture plays every act, small.
func TestTorture(t *testing.T) {
	var out strings.Builder
	err := torture(context.Background(), options{writers: 4, changes: 90, kills: 4, restarts: 2, life: time.Second, seed: 7}, &out)
	t.Logf("\n%s", out.String())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"machine: ", "undisturbed: ", "killed 4 times", "restarted 2 times", "replaced database was told 1 time", "views alone: ", "skipped 0, doubled 0"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the figures lack %q", want)
		}
	}
}
