package main

import (
	"encoding/json"
	"fmt"

	"busbar/adapters/tables"
	"busbar/adapters/wannabuild"
)

// parseRow reads a changed row from JSON: one that names its table is a
// configured table's (tables.Change), any other the build queue's
// (wannabuild.Change).
func parseRow(text []byte) (any, error) {
	var which struct {
		Table *string `json:"table"`
	}
	if err := json.Unmarshal(text, &which); err != nil {
		return nil, fmt.Errorf("reading a change: %w", err)
	}
	if which.Table != nil {
		return tables.ParseChange(text)
	}
	return wannabuild.ParseChange(text)
}

// requeued reads a change that `poison retry` put back: what cannot be read is
// its error.
func requeued(text []byte) any {
	v, err := parseRow(text)
	if err != nil {
		return err
	}
	return v
}
