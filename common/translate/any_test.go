package translate

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"busbar/common/event"
)

type body struct {
	N int `json:"n"`
}

var kind = event.Define("tests.thing.create", "a thing is there", func(body) string { return "a thing" }, nil)

// TestTable: each translator of a mixed table sees its own type, with all that
// the item carries; an error is poison, or ignored, by the first row.
func TestTable(t *testing.T) {
	var number Item[int]
	numbers := Translator[int]{Name: "numbers", Kinds: event.Catalog{kind}, Why: func(it Item[int]) string { return it.Origin },
		Translate: func(it Item[int]) ([]event.Event, error) {
			number = it
			return []event.Event{{Kind: kind, Key: "k", Body: body{it.Value}}}, nil
		}}
	texts := Translator[string]{Name: "texts", Translate: func(it Item[string]) ([]event.Event, error) {
		if it.Value == "transient" {
			return nil, errors.New("the network is down")
		}
		return nil, Ignore("texts say nothing")
	}}
	table := []Translator[any]{Unreadable("reader"), Of(numbers), Of(texts)}
	for _, c := range []struct {
		value                    any
		translator, skip, poison string
		events                   int
		fails                    bool
	}{
		{value: 7, translator: "numbers", events: 1},
		{value: "tea", translator: "texts", skip: "texts say nothing"},
		{value: "transient", fails: true},
		{value: 1.5, skip: "another translator's"},
		{value: nil, skip: "another translator's"},
		{value: errors.New("cut"), translator: "reader", poison: "cut"},
		{value: Poison("cut at %d", 3), translator: "reader", poison: "cut at 3"},
		{value: Ignore("old news"), translator: "reader", skip: "old news"},
	} {
		o, err := Run(table, Item[any]{Origin: "here", Value: c.value})
		if (err != nil) != c.fails || o.Translator != c.translator || o.Skip != c.skip || o.Poison != c.poison || len(o.Events) != c.events {
			t.Errorf("%v becomes %+v, %v", c.value, o, err)
		}
	}
	it := Item[any]{Origin: "here", Value: 8, Raw: []byte("8"), Digest: "d", Received: time.Unix(9, 0),
		Evidence: []event.Evidence{{Type: "test"}}, States: []event.State{{Source: "s", Key: "k"}}}
	if _, err := Run(table, it); err != nil {
		t.Fatal(err)
	}
	if number.Origin != it.Origin || number.Value != 8 || !bytes.Equal(number.Raw, it.Raw) || number.Digest != it.Digest ||
		!number.Received.Equal(it.Received) || !slices.Equal(number.Evidence, it.Evidence) || len(number.States) != 1 {
		t.Errorf("on its way it became %+v", number)
	}
	if why := table[1].Why(it); why != "here" {
		t.Errorf("why: %q", why)
	}
}

// TestJSON: the raw form of a change is one line, and no text in it is altered.
func TestJSON(t *testing.T) {
	for _, c := range []struct {
		value any
		want  string
	}{
		{map[string]string{"a": "<b> & c\n"}, `{"a":"<b> & c\n"}`},
		{make(chan int), ""}, // no JSON: something is kept all the same
	} {
		got := JSON(c.value)
		if c.want != "" && string(got) != c.want || len(got) == 0 {
			t.Errorf("%v is kept as %s, want %s", c.value, got, c.want)
		}
	}
}
