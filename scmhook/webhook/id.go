package webhook

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"busbar/scmhook/text"
)

// An id is what a payload says of an object. Zeros say that there is none; what
// is absent, and what cannot be read, say nothing of the kind.
type id struct {
	name  string // 40 or 64 digits in lower case
	zeros bool
	odd   string // what else stands there, as it came
	void  string // "null" or "empty"
}

// UnmarshalJSON takes anything: only who needs the id knows whether it may lack.
func (i *id) UnmarshalJSON(raw []byte) error {
	*i = id{}
	if string(raw) == "null" {
		i.void = "null"
		return nil
	}
	var s text.String
	if err := json.Unmarshal(raw, &s); err != nil {
		i.odd = string(raw)
		return nil
	}
	switch name := strings.ToLower(string(s)); {
	case name == "":
		i.void = "empty"
	case (len(name) != 40 && len(name) != 64) || strings.Trim(name, "0123456789abcdef") != "":
		i.odd = fmt.Sprintf("%q", string(s))
	case strings.Trim(name, "0") == "":
		i.zeros = true
	default:
		i.name = name
	}
	return nil
}

// side reads one end of an update; none says that the forge itself calls the ref
// new, or deleted.
func (i id) side(what string, none bool) (string, error) {
	switch {
	case i.odd != "":
		return "", fmt.Errorf("%s is no id: %.100s", what, i.odd)
	case i.name == "" && !i.zeros && !none:
		return "", fmt.Errorf("%s is %s, and nothing else says that the ref is new or deleted", what, first(i.void, "not given"))
	}
	return i.name, nil
}

// ends reads both ends of an update.
func ends(before, after id, created, deleted bool) (old, new string, err error) {
	if deleted && after.name != "" {
		return "", "", errors.New("the ref is called deleted, and after is an id")
	}
	if old, err = before.side("before", created || deleted); err != nil {
		return "", "", err
	}
	new, err = after.side("after", deleted)
	switch {
	case err != nil:
	case created && after.zeros:
		err = errors.New("the ref is called new, and after is zeros")
	case old != "" && new != "" && len(old) != len(new):
		err = fmt.Errorf("before has %d digits, after %d", len(old), len(new))
	}
	return old, new, err
}
