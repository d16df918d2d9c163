package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"busbar/contrib/trials/trial"
)

// TestTorture plays it with few kills.
func TestTorture(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), trial.Long)
	defer cancel()
	var out strings.Builder
	err := torture(ctx, options{kills: 8, publishers: 2, jobs: 2, Options: trial.Options{Seed: 7}}, &out)
	t.Log("\n" + out.String())
	if err != nil {
		t.Fatal(err)
	}
	if want := "bus trigger killed 4 times, its command 4 times;"; !strings.Contains(out.String(), want) {
		t.Errorf("the report does not say %q", want)
	}
}

// TestLedger shows that each fault would be found.
func TestLedger(t *testing.T) {
	for lines, want := range map[string]string{
		"begin p 1 7,end p 1 7,begin p 2 8,end p 2 8":                       "out of order 0, begun again 0, handled twice 0",
		"begin p 1 7,begin p 1 8,end p 1 8,begin p 2 9,end p 2 9":           "out of order 0, begun again 1, handled twice 0",
		"begin p 1 7,end p 1 7,begin p 1 8,end p 1 8,begin p 2 9,end p 2 9": "out of order 0, begun again 1, handled twice 1",
		"begin p 1 7,end p 1 7":                                             "1 not handled",
		"":                                                                  "2 not handled",
		"begin p 1 7,begin p 2 8,end p 2 8":                                 "out of order",
		"begin p 2 7,end p 2 7":                                             "out of order",
		"begin p 1 7,end p 1 7,begin p 2 8,end p 2 8,begin p 1 9,end p 1 9":    "out of order",
		"begin p 1 7,begin p 1 8,end p 1 7,end p 1 8,begin p 2 9,end p 2 9":    "out of order",
		"begin p 1 7,end p 1 7,begin p 2 8,end p 2 8,begin p 3 9,begin p 2 10": "out of order",
		"begin p 1 7,end p 1 7,begin q 1 8,end p 2 8":                          "the command wrote",
		"begin p one 7": "reading what the command wrote",
	} {
		l, err := newLedger(filepath.Join(t.TempDir(), "ledger"), []string{"p"})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for line := range strings.SplitSeq(lines, ",") {
			if line == "" {
				continue
			}
			if err := l.take(line); err != nil {
				got = append(got, err.Error())
			}
		}
		if err := l.verdict(map[string]int64{"p": 2}); err != nil {
			got = append(got, err.Error())
		}
		if got = append(got, l.String()); !strings.Contains(strings.Join(got, "; "), want) || strings.HasPrefix(want, "out of order 0") != (len(got) == 1) {
			t.Errorf("%s: %q, want %q", lines, got, want)
		}
		l.file.Close()
	}
}
