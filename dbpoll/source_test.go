package main

import (
	"encoding/json"
	"testing"
)

// TestErrorKeepsWhatWasKnown: status goes on telling the access.
func TestErrorKeepsWhatWasKnown(t *testing.T) {
	kept, err := json.Marshal(report{Level: "views", Polls: 7})
	if err != nil {
		t.Fatal(err)
	}
	r := report{}.With("away").Over(kept).(report)
	if r.Level != "views" || r.Polls != 7 || r.Failing() != "away" {
		t.Errorf("kept: %+v", r)
	}
	if r := (report{Level: "base tables", Polls: 8}).Over(kept).(report); r.Level != "base tables" || r.Polls != 8 {
		t.Errorf("a good poll is kept as %+v", r)
	}
}
