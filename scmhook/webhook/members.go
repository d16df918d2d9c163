package webhook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
)

// members reads an object of JSON into a struct, by the tags of its fields, as
// RFC 8259 has it: a name is what it is, and "After" is not "after". A name that
// we read and that stands there twice is an error, for nobody knows which counts
// (encoding/json takes the last, whatever its case).
func members(raw []byte, into any) error {
	if string(raw) == "null" {
		return nil
	}
	fields := map[string]any{}
	for at, s := 0, reflect.ValueOf(into).Elem(); at < s.NumField(); at++ {
		fields[s.Type().Field(at).Tag.Get("json")] = s.Field(at).Addr().Interface()
	}
	in := json.NewDecoder(bytes.NewReader(raw))
	if open, err := in.Token(); err != nil {
		return err
	} else if open != json.Delim('{') {
		return fmt.Errorf("%.50q is no object", raw)
	}
	read := map[string]bool{}
	for in.More() {
		name, err := in.Token()
		if err != nil {
			return err
		}
		key, _ := name.(string)
		field, ours := fields[key]
		switch {
		case !ours:
			field = &json.RawMessage{}
		case read[key]:
			return fmt.Errorf("%q stands there twice", key)
		}
		read[key] = ours
		if err := in.Decode(field); err != nil {
			return fmt.Errorf("%.50q: %w", key, err)
		}
	}
	return nil
}

func (e *kinds) UnmarshalJSON(raw []byte) error      { return members(raw, e) }
func (b *payload) UnmarshalJSON(raw []byte) error    { return members(raw, b) }
func (p *project) UnmarshalJSON(raw []byte) error    { return members(raw, p) }
func (r *repository) UnmarshalJSON(raw []byte) error { return members(raw, r) }
func (u *user) UnmarshalJSON(raw []byte) error       { return members(raw, u) }
func (c *change) UnmarshalJSON(raw []byte) error     { return members(raw, c) }
func (c *commit) UnmarshalJSON(raw []byte) error     { return members(raw, c) }
