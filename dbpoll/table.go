package main

import (
	"encoding/json"
	"fmt"

	"busbar/adapters/tables"
	"busbar/adapters/wannabuild"
	"busbar/common/translate"
)

// Translators is who is asked about a changed row, in this order.
func (c *Config) Translators() []translate.Translator[any] {
	return []translate.Translator[any]{
		translate.Unreadable("json"), translate.Of(wannabuild.Translator(c.zone)), translate.Of(c.tables),
	}
}

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
