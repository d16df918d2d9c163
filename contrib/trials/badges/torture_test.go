package main

import (
	"context"
	"strings"
	"testing"

	"busbar/contrib/trials/trial"
)

// TestTorture plays it with few events.
func TestTorture(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), trial.Long)
	defer cancel()
	var out strings.Builder
	err := torture(ctx, options{events: 800, people: 30, kills: 2, Options: trial.Options{Seed: 7}}, &out)
	t.Log("\n" + out.String())
	if err != nil {
		t.Fatal(err)
	}
	if want := "800 events said 8"; !strings.Contains(out.String(), want) {
		t.Errorf("the report does not say %q", want)
	}
}

// TestDifferencesAreFound shows that each fault would be found.
func TestDifferencesAreFound(t *testing.T) {
	want := awards{"a 1 x": "1 m", "b 1 x": "2 n", "c 1 x": "3 o"}
	missing, extra, other, where := differ(awards{"a 1 x": "1 m", "b 1 x": "9 n", "d 1 x": "3 o"}, want)
	if missing != 1 || extra != 1 || other != 1 || len(where) != 3 {
		t.Errorf("%d missing, %d extra, %d other: %q", missing, extra, other, where)
	}
	if missing, extra, other, _ := differ(want, want); missing+extra+other != 0 {
		t.Error("the same differs")
	}
}
