package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"busbar/contrib/trials/trial"
	"busbar/fixtures/cases"
)

// TestTorture plays every act, small.
func TestTorture(t *testing.T) {
	var out strings.Builder
	err := torture(context.Background(), options{
		messages: 300, harms: 10, rate: 120, life: 500 * time.Millisecond,
		rounds: 2, beat: time.Second,
		many: 500, clients: 20, stalled: 2,
		speed: 200, alone: time.Second, sleep: 3 * time.Second, growth: 256,
		Options: trial.Options{Seed: cases.Seed()},
	}, &out)
	t.Logf("\n%s", out.String())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"machine: ", "strain: 5 publishers, 2 hubs, 3 subscribers", "put back twice", "from repair to complete", "the last message was lost 2 times", "which slept 3s", "500 messages of", "an idle hub of 10 publishers", "20 listeners, and 2 that do not read"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the figures lack %q", want)
		}
	}
}
