package main

import (
	"strings"
	"testing"
)

// TestLedger shows that each fault would be found.
func TestLedger(t *testing.T) {
	for _, c := range []struct {
		what    string
		history []string
		chain   []update
		want    ledger
	}{
		{"whole", []string{"A", "B", "A"}, []update{{"", "A"}, {"A", "B"}, {"B", "A"}}, ledger{}},
		{"net effect", []string{"A", "B", "C"}, []update{{"", "A"}, {"A", "C"}}, ledger{skipped: 1}},
		{"lost", []string{"A", "B"}, []update{{"", "A"}}, ledger{skipped: 1, lost: 1}},
		{"never told", []string{"A"}, nil, ledger{skipped: 1, lost: 1}},
		{"made and deleted unseen", []string{"A", ""}, nil, ledger{skipped: 2}},
		{"broken", []string{"A", "B"}, []update{{"", "A"}, {"X", "B"}}, ledger{broken: 1}},
		{"twice", []string{"A", "B"}, []update{{"", "A"}, {"A", "B"}, {"B", "A"}, {"A", "B"}}, ledger{doubled: 2}},
		{"invented", []string{"A"}, []update{{"", "X"}, {"X", "A"}}, ledger{doubled: 1}},
	} {
		var l ledger
		l.hold(c.chain, c.history)
		if l.lost != c.want.lost || l.broken != c.want.broken || l.doubled != c.want.doubled || l.skipped != c.want.skipped {
			t.Errorf("%s: %s; want %s", c.what, l, c.want)
		}
		if bad := c.want.lost + c.want.broken + c.want.doubled; (l.verdict() == nil) != (bad == 0) {
			t.Errorf("%s: verdict %v", c.what, l.verdict())
		}
	}
}

// TestLedgerOfCommits misses one.
func TestLedgerOfCommits(t *testing.T) {
	told := map[string][]update{"r1 refs/heads/b": {{"", "B"}, {"B", ""}}, "r10 refs/heads/b": {{"", "C"}}}
	var l ledger
	l.holdCommits([]string{"A", "B", "C"}, told, map[string]int{"r1 B": 1, "r10 A": 1}, "r1")
	if l.untold != 1 || l.verdict() == nil {
		t.Errorf("%s, %v", l, l.verdict())
	}
}

func TestLines(t *testing.T) {
	if got := string(lines(2)); strings.Count(got, "\n") != 2 || !strings.HasPrefix(got, strings.Repeat("0", 39)+"1 "+strings.Repeat("0", 40)+" refs/heads/topic/0\n") {
		t.Errorf("%q", got)
	}
}
