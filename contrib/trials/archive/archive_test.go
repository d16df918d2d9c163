package main

import (
	"context"
	"strings"
	"testing"

	"busbar/contrib/trials/trial"
)

// TestArchive plays it with few messages and few kills.
func TestArchive(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), trial.Long)
	defer cancel()
	var out strings.Builder
	err := run(ctx, options{messages: 1500, more: 1500, runs: 2, kills: 3, Options: trial.Options{Seed: 7}}, &out)
	t.Log("\n" + out.String())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1500 messages of ", "cut short by the time-out: ", "first page ", "1500 messages copied, ", "17 kinds of questions: SQLite ", "; the same messages\n", "writer killed ", "lost 0, doubled 0; faults of the file: 0"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report does not say %q", want)
		}
	}
}
