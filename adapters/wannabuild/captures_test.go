package wannabuild

import (
	"bufio"
	"os"
	"path/filepath"
	"testing"
	"time"

	"busbar/adapters"
)

const captures = "../../../shared/captures/wanna-build"

func rows(t *testing.T, table string) []Columns {
	t.Helper()
	f, err := os.Open(filepath.Join(captures, "table-"+table+".jsonl"))
	if err != nil {
		t.Skipf("the captures are not there: %v", err)
	}
	defer f.Close()
	var list []Columns
	for lines := bufio.NewScanner(f); lines.Scan(); {
		row, err := parseColumns(lines.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, row)
	}
	if len(list) < 10 {
		t.Fatalf("%s has only %d rows", table, len(list))
	}
	return list
}

// TestLogAndStateAgree takes the tables of the real program: each row of the
// log is an event of its own, and each final row of packages is the same fact
// as one row of the log.
func TestLogAndStateAgree(t *testing.T) {
	table := []adapters.Translator[Change]{Translator(time.UTC)}
	logged := map[string]bool{}
	count := map[string]int{}
	log := rows(t, "transactions")
	for _, row := range log {
		nth := 0
		key := StateKey(row, text(row, "time"), text(row, "state"), nth, time.UTC)
		for logged[key] {
			nth++
			key = StateKey(row, text(row, "time"), text(row, "state"), nth, time.UTC)
		}
		logged[key] = true
		o, err := adapters.Run(table, adapters.Item[Change]{Value: Change{Log: row, Nth: nth, Before: ended(row)}})
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
	for _, row := range rows(t, "packages") {
		key := StateKey(row, text(row, "state_change"), text(row, "state"), 0, time.UTC)
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
