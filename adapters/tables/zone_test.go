package tables

import (
	"testing"
	"time"

	"busbar/common/dbrow"
	"busbar/common/translate"
)

// TestTimeInUTC: a time without a zone is meant in the configured one, unless the
// database is known to print it in UTC.
func TestTimeInUTC(t *testing.T) {
	tr, err := New([]Spec{{Table: "tea", Topic: "shop.tea", Key: []string{"id"}, Time: "at", Zone: time.FixedZone("", 2*60*60)}})
	if err != nil {
		t.Fatal(err)
	}
	id, at := "1", "2026-07-01 11:00:00"
	for inUTC, want := range map[bool]string{false: "2026-07-01T09:00:00Z", true: "2026-07-01T11:00:00Z"} {
		events, err := tr.Translate(translate.Item[Change]{Value: Change{Table: "tea", After: dbrow.Columns{"id": &id, "at": &at}, TimeInUTC: inUTC}})
		if err != nil || len(events) != 1 {
			t.Fatal(events, err)
		}
		if got := events[0].Body.(Row).Time; got != want {
			t.Errorf("in UTC %v: the time is %s, want %s", inUTC, got, want)
		}
	}
}
