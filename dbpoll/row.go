package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	"busbar/adapters/tables"
	"busbar/adapters/wannabuild"
	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/translate"
)

// A row is one change of a row: of the build queue, or of a configured table.
type row struct {
	queue *wannabuild.Change
	table *tables.Change
	seen  []journal.Seen // what is known of the row from now on
	text  []byte         // as it was given, where it came as JSON

	unreadable error // why text is neither
}

type translator = translate.Translator[row]

// parseRow reads a change from JSON. One that names its table is a configured
// table's, any other the build queue's.
func parseRow(text []byte) (row, error) {
	r := row{text: text}
	var which struct {
		Table *string `json:"table"`
	}
	if err := json.Unmarshal(text, &which); err != nil {
		return r, fmt.Errorf("reading a change: %w", err)
	}
	if which.Table != nil {
		ch, err := tables.ParseChange(text)
		r.table = &ch
		return r, err
	}
	ch, err := wannabuild.ParseChange(text)
	r.queue = &ch
	return r, err
}

// givenBack reads a change that was given back; what cannot be read is kept aside.
func givenBack(text []byte) row {
	r, err := parseRow(text)
	if err != nil {
		return row{text: text, unreadable: err}
	}
	return r
}

// raw is what is kept of a change that cannot be read; parseRow reads it.
func (r row) raw() (item []byte, digest string) {
	if r.text != nil {
		return r.text, ""
	}
	var v any = r.queue
	if r.table != nil {
		v = r.table
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return []byte(fmt.Sprintf("%+v", v)), "" // texts and numbers always encode
	}
	return bytes.TrimSpace(b.Bytes()), ""
}

// lift makes a translator of rows from one of a part of them.
func lift[T any](t translate.Translator[T], part func(row) (T, bool)) translator {
	item := func(it translate.Item[row]) (translate.Item[T], bool) {
		v, ok := part(it.Value)
		return translate.Item[T]{Origin: it.Origin, Value: v, Received: it.Received, Evidence: it.Evidence}, ok
	}
	lifted := translator{Name: t.Name, Kinds: t.Kinds}
	lifted.Translate = func(it translate.Item[row]) ([]event.Event, error) {
		i, ok := item(it)
		if !ok {
			return nil, translate.Skip("another source's")
		}
		return t.Translate(i)
	}
	if t.Why != nil {
		lifted.Why = func(it translate.Item[row]) string {
			i, _ := item(it)
			return t.Why(i)
		}
	}
	return lifted
}
