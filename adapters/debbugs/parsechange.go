package debbugs

import (
	"encoding/json"
	"errors"
	"fmt"
)

// ParseChange reads a change from JSON: one that names a user is a usertag's
// (UsertagChange), one that names a bug is the bug's (Change).
func ParseChange(text []byte) (any, error) {
	var which struct {
		Bug  *int    `json:"bug"`
		User *string `json:"user"`
	}
	if err := json.Unmarshal(text, &which); err != nil {
		return nil, fmt.Errorf("reading a change: %w", err)
	}
	switch {
	case which.User != nil:
		var c UsertagChange
		if err := json.Unmarshal(text, &c); err != nil {
			return nil, fmt.Errorf("reading a change of a usertag: %w", err)
		}
		return c, nil
	case which.Bug != nil:
		var c Change
		if err := json.Unmarshal(text, &c); err != nil {
			return nil, fmt.Errorf("reading a change of a bug: %w", err)
		}
		return c, nil
	}
	return nil, errors.New("reading a change: it names neither a bug nor a user")
}
