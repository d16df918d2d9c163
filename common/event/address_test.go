package event

import (
	"reflect"
	"strings"
	"testing"
)

type letterBody struct {
	From      Person         `json:"from"`
	By        *Person        `json:"by,omitempty"`
	Text      string         `json:"text"`
	MessageID string         `json:"message_id"`
	Many      []any          `json:"many"`
	Old       map[string]any `json:"old"`
	People    []Person       `json:"people"`
	hidden    string
}

// TestWithoutAddresses: names stay, and so do ids that look like addresses; the
// original is not touched.
func TestWithoutAddresses(t *testing.T) {
	body := letterBody{
		From: Person{"Iris", "iris@example.org"}, By: &Person{"", "iris@example.org"},
		Text:      "Iris <iris@example.org> wrote to ünï@exämple.org, mailto:x@y.example.com.\nAt 5@night, a@b, git@",
		MessageID: "abc@example.org", Many: []any{"n@example.org", 7, nil, map[string]any{"url": "https://x/y@z.example.org"}},
		Old: map[string]any{"Maintainer": "Nora Ortega <nora@example.org>", "message_id": "d@example.org"}, People: []Person{{"A", "a@example.org"}}, hidden: "kept",
	}
	k := Define("a.b.c", "x", func(b letterBody) string { return b.By.Short() + " " + b.From.String() }, nil)
	e := Event{Kind: k, Key: "k", Body: body}
	got := WithoutAddresses(e)
	want := letterBody{
		From: Person{"Iris", ""}, By: &Person{},
		Text:      "Iris wrote to (address), (address).\nAt 5@night, a@b, git@",
		MessageID: "abc@example.org", Many: []any{"(address)", 7, nil, map[string]any{"url": "https://x/y@z.example.org"}},
		Old: map[string]any{"Maintainer": "Nora Ortega", "message_id": "d@example.org"}, People: []Person{{"A", ""}}, hidden: "kept",
	}
	if !reflect.DeepEqual(got.Body, want) {
		t.Errorf("got  %+v\nwant %+v", got.Body, want)
	}
	if got.UUID() != e.UUID() || got.Title() != "somebody Iris" {
		t.Errorf("the id or the title is another: %q", got.Title())
	}
	if body.By.Email != "iris@example.org" || body.Old["Maintainer"] != "Nora Ortega <nora@example.org>" || body.People[0].Email == "" {
		t.Errorf("the original was changed: %+v", body)
	}
}

// TestWithoutAddressesIsLinear: an attacker's text costs no more than its length.
func TestWithoutAddressesIsLinear(t *testing.T) {
	for _, piece := range []string{"a@", "@", "a@b.", "<a@b", "a.", "a@b.c "} {
		if got := withoutIn(strings.Repeat(piece, 200_000)); strings.Contains(got, "a@b.c ") {
			t.Errorf("of %q an address stayed", piece)
		}
	}
}
