package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"busbar/adapters/debbugs"
	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/translate"
	"busbar/soapbus/sweep"
)

// An item is one change: of a bug, or of a usertag.
type item struct {
	change  *debbugs.Change
	usertag *debbugs.UsertagChange
	seen    []journal.Seen // what is known from now on
	text    []byte         // as it was given, where it came as JSON

	unreadable error // why text is neither
}

type translator = translate.Translator[item]

// translators is who is asked about a change, in this order.
func translators() []translator {
	return []translator{
		{Name: "json", Translate: readable},
		lift(debbugs.ChangeTranslator(), func(i item) *debbugs.Change { return i.change }),
		lift(debbugs.UsertagTranslator(), func(i item) *debbugs.UsertagChange { return i.usertag }),
	}
}

// readable keeps aside what is no change at all.
func readable(it translate.Item[item]) ([]event.Event, error) {
	if err := it.Value.unreadable; err != nil {
		return nil, translate.Poison("%v", err)
	}
	return nil, translate.Skip("nobody's")
}

// lift makes a translator of items from one of a part of them.
func lift[T any](t translate.Translator[T], part func(item) *T) translator {
	return translator{Name: t.Name, Kinds: t.Kinds, Translate: func(it translate.Item[item]) ([]event.Event, error) {
		v := part(it.Value)
		if v == nil {
			return nil, translate.Skip("another's")
		}
		return t.Translate(translate.Item[T]{Origin: it.Origin, Value: *v, Received: it.Received, Evidence: it.Evidence})
	}}
}

// parse reads a change from JSON. One that names a user is a usertag's.
func parse(text []byte) (item, error) {
	i := item{text: text}
	var which struct {
		Bug  *int    `json:"bug"`
		User *string `json:"user"`
	}
	if err := json.Unmarshal(text, &which); err != nil {
		return i, fmt.Errorf("reading a change: %w", err)
	}
	switch {
	case which.User != nil:
		i.usertag = &debbugs.UsertagChange{}
		if err := json.Unmarshal(text, i.usertag); err != nil {
			return i, fmt.Errorf("reading a change of a usertag: %w", err)
		}
	case which.Bug != nil:
		i.change = &debbugs.Change{}
		if err := json.Unmarshal(text, i.change); err != nil {
			return i, fmt.Errorf("reading a change of a bug: %w", err)
		}
	default:
		return i, errors.New("reading a change: it names neither a bug nor a user")
	}
	return i, nil
}

// givenBack reads a change that was given back; what cannot be read is kept
// aside.
func givenBack(text []byte) item {
	i, err := parse(text)
	if err != nil {
		return item{text: text, unreadable: err}
	}
	return i
}

// raw is what is kept of a change that cannot be read; parse reads it.
func (i item) raw() (text []byte, digest string) {
	if i.text != nil {
		return i.text, ""
	}
	var v any = i.change
	if i.usertag != nil {
		v = i.usertag
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return []byte(fmt.Sprintf("%+v", v)), "" // texts and numbers always encode
	}
	return bytes.TrimSpace(b.Bytes()), ""
}

// A channel is a sweep whose items the translators take.
type channel struct{ *sweep.Sweep }

// Next is the next change.
func (c channel) Next(ctx context.Context) (translate.Item[item], []byte, func(error), error) {
	it, position, done, err := c.Sweep.Next(ctx)
	return translate.Item[item]{
		Origin: it.Origin, Received: it.Received, Evidence: it.Evidence,
		Value: item{change: it.Value.Change, usertag: it.Value.Usertag, seen: it.Value.Seen},
	}, position, done, err
}
