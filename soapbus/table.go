package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"busbar/adapters/debbugs"
	"busbar/common/translate"
)

// Translators is who is asked about a change, in this order.
func (c *Config) Translators() []translate.Translator[any] {
	return []translate.Translator[any]{
		translate.Unreadable("json"), translate.Of(debbugs.ChangeTranslator()), translate.Of(debbugs.UsertagTranslator()),
	}
}

// parse reads a change from JSON: one that names a user is a usertag's
// (debbugs.UsertagChange), one that names a bug is the bug's (debbugs.Change).
func parse(text []byte) (any, error) {
	var which struct {
		Bug  *int    `json:"bug"`
		User *string `json:"user"`
	}
	if err := json.Unmarshal(text, &which); err != nil {
		return nil, fmt.Errorf("reading a change: %w", err)
	}
	switch {
	case which.User != nil:
		var c debbugs.UsertagChange
		if err := json.Unmarshal(text, &c); err != nil {
			return nil, fmt.Errorf("reading a change of a usertag: %w", err)
		}
		return c, nil
	case which.Bug != nil:
		var c debbugs.Change
		if err := json.Unmarshal(text, &c); err != nil {
			return nil, fmt.Errorf("reading a change of a bug: %w", err)
		}
		return c, nil
	}
	return nil, errors.New("reading a change: it names neither a bug nor a user")
}

// parsed is a change, or why it cannot be read.
func parsed(text []byte) any {
	c, err := parse(text)
	if err != nil {
		return err
	}
	return c
}
