package wannabuild

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"busbar/common/dbrow"
	"busbar/common/translate"
	"busbar/fixtures/buildqueue"
	"busbar/fixtures/corpus"
)

// A recording is what a build queue lived through: its change stream, and its
// tables in the end.
type recording struct {
	stream, transactions, packages string
	removed, gone                  int // rows that were removed again: of the log, those of a probe; of packages

	// guess is a fact that comparing tells where a row was removed and recreated
	// between two looks, and no log could tell otherwise.
	guess string
}

// eachRecording runs a test on the fixture's recording and, where captures are,
// on that of the real program.
func eachRecording(t *testing.T, test func(*testing.T, recording)) {
	t.Run("fixture", func(t *testing.T) {
		test(t, recording{buildqueue.Stream, buildqueue.Transactions, buildqueue.Packages, 0, 3,
			"wannabuild.build.include samovar 3-2 in sid on amd64 is for this architecture again"})
	})
	dir, ok := corpus.Captures(t)
	if !ok {
		return
	}
	read := func(name string) string {
		raw, err := os.ReadFile(filepath.Join(dir, "wanna-build", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	t.Run("captures", func(t *testing.T) {
		test(t, recording{read("logical-decoding.test_decoding.txt"), read("table-transactions.jsonl"), read("table-packages.jsonl"), 2, 2, ""})
	})
}

func rows(t *testing.T, table string) []dbrow.Columns {
	t.Helper()
	var list []dbrow.Columns
	for line := range strings.Lines(table) {
		row, err := parseColumns([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, row)
	}
	if len(list) < 8 {
		t.Fatalf("a table has only %d rows", len(list))
	}
	return list
}

// TestLogAndStateAgree: each row of the log is an event of its own, and each
// final row of packages is the same fact as one row of the log.
func TestLogAndStateAgree(t *testing.T) { eachRecording(t, logAndStateAgree) }

func logAndStateAgree(t *testing.T, r recording) {
	table := []translate.Translator[Change]{Translator(time.UTC)}
	logged := map[string]bool{}
	count := map[string]int{}
	log := rows(t, r.transactions)
	for _, row := range log {
		nth := 0
		key := StateKey(row, row.Text("time"), row.Text("state"), nth, time.UTC)
		for logged[key] {
			nth++
			key = StateKey(row, row.Text("time"), row.Text("state"), nth, time.UTC)
		}
		logged[key] = true
		o, err := translate.Run(table, translate.Item[Change]{Value: Change{Log: row, Nth: nth, Before: ended(row)}})
		if err != nil || o.Poison != "" || len(o.Events) == 0 {
			t.Fatalf("%v gives %+v (%v)", row, o, err)
		}
		for _, e := range o.Events {
			count[e.Kind.Topic]++
		}
	}
	if len(logged) != len(log) {
		t.Errorf("%d rows of the log have %d keys", len(log), len(logged))
	}
	for _, row := range rows(t, r.packages) {
		key := StateKey(row, row.Text("state_change"), row.Text("state"), 0, time.UTC)
		if !logged[key] {
			t.Errorf("no row of the log tells %s", key)
		}
	}
	for _, topic := range []string{"wannabuild.build.take", "wannabuild.build.forget", "wannabuild.binnmu.request", "wannabuild.build.retry", "wannabuild.build.include"} {
		if count[topic] == 0 {
			t.Errorf("nothing told %s: %v", topic, count)
		}
	}
}
