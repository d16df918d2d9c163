package main

import (
	"context"
	"strings"
	"testing"

	"busbar/contrib/trials/trial"
)

// TestTorture plays it with few kills.
func TestTorture(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), trial.Long)
	defer cancel()
	var out strings.Builder
	err := torture(ctx, options{kills: 6, posters: 2, single: 100, Options: trial.Options{Seed: 7}}, &out)
	t.Log("\n" + out.String())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"hub killed 6 times", "lost 0, doubled 0, changed 0", "accepted 0", "posts of one message a second"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report does not say %q", want)
		}
	}
}
