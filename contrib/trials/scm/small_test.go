package main

import (
	"strings"
	"testing"

	"busbar/contrib/trials/trial"
)

// TestTorture plays all acts, small.
func TestTorture(t *testing.T) {
	var out strings.Builder
	err := torture(t.Context(), options{runs: 20, most: 1000, pushes: 60, kills: 14, commits: 400, hooks: 20, Options: trial.Options{Seed: 1}}, &out)
	t.Log(out.String())
	if err != nil {
		t.Error(err)
	}
}
