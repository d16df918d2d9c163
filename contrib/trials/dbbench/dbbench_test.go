package main

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"busbar/contrib/trials/trial"
)

// TestDbbench measures a small table: that every line is there, and that no
// figure is missing.
func TestDbbench(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), trial.Long)
	defer cancel()
	var out strings.Builder
	if err := run(ctx, &out, 2000); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	want := []string{"2000 rows", " ", "SELECT count(*)", "digest", "SELECT *", "dbpoll: first poll", "dbpoll: nothing changed", "dbpoll: 100 changes", "dbpoll: nothing written"}
	if len(lines) != len(want) {
		t.Fatalf("%s", out.String())
	}
	for i, line := range lines {
		if !strings.HasPrefix(line, want[i]) {
			t.Errorf("line %d is %q, want %q…", i, line, want[i])
		}
		if n := len(strings.Fields(line)); strings.HasPrefix(line, "dbpoll:") && n < 7 {
			t.Errorf("a figure is missing: %q", line)
		}
	}
}

func TestStat(t *testing.T) {
	began, err := stat(os.Getpid(), 14, 15)
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		now, err := stat(os.Getpid(), 14, 15)
		if err != nil {
			t.Fatal(err)
		}
		if now > began+0.1 {
			return
		}
	}
	t.Error("a process that works takes no processor time")
}
