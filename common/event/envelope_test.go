package event

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func fullEnvelope() Envelope {
	return Envelope{
		Topic: "net.example.dev.debbugs.bug.create", MsgID: "2026-0f3b5f2e-8f4f-4c4e-9a53-6f0a2d9c7b11",
		I: 3, Timestamp: 1790000000, Username: "busbar",
		Seq: 3, Publisher: "bugs-mail", Epoch: "e1f3", Prev: strings.Repeat("ab", 32),
		Origin: "maildir new/1", EventTime: "2026-09-21T13:33:20Z", Recovered: true,
		Title: "Jane Doe reported a bug", Link: "https://bugs.example.net/7",
		Evidence: []Evidence{{"mail", "pass", "ab12"}, {"list", "none", ""}},
		Msg:      map[string]any{"bug": Int("7"), "ratio": 1.0, "tags": []any{"a", nil, true}},
	}
}

func TestEnvelopeRoundTrip(t *testing.T) {
	for name, e := range map[string]Envelope{
		"full": fullEnvelope(), "bare": {Topic: "a.b.c", Msg: "x"}, "null": {Topic: "a.b.c"},
	} {
		wire, err := Canonical(e.Tree())
		if err != nil {
			t.Fatal(err)
		}
		tree, got, err := ParseMessage(wire)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(e, got); diff != "" {
			t.Errorf("%s came back otherwise:\n%s", name, diff)
		}
		if diff := cmp.Diff(e, View(e.Tree())); diff != "" {
			t.Errorf("%s is seen otherwise before it travels:\n%s", name, diff)
		}
		if again, err := Canonical(tree); err != nil || string(again) != string(wire) {
			t.Errorf("%s became %s (%v)", name, again, err)
		}
	}
}

func TestParseMessageRefuses(t *testing.T) {
	for _, body := range []string{"", "3", "null", `"x"`, "[]", "{}", `{"topic":""}`, `{"topic":7}`, `{"topic":null}`, `{"topic":"a"`} {
		if tree, e, err := ParseMessage([]byte(body)); err == nil {
			t.Errorf("%q was read as %v, %v", body, tree, e)
		}
	}
}

// TestViewIsTolerant has members of the wrong types, as anyone may send them.
func TestViewIsTolerant(t *testing.T) {
	_, e, err := ParseMessage([]byte(`{"topic":"a","i":"1","timestamp":1790000000.9,"seq_id":1e300,"publisher":{},
		"recovered":"yes","evidence":[1,{"type":2,"verdict":"pass"},null],"msg":[1]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := Envelope{Topic: "a", Timestamp: 1790000000, Evidence: []Evidence{{Verdict: "pass"}}, Msg: []any{Int("1")}}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Error(diff)
	}
}

func TestInteger(t *testing.T) {
	for _, c := range []struct {
		v    any
		want int64
	}{
		{Int("9223372036854775807"), math.MaxInt64}, {Int("9223372036854775808"), 0}, {Int("-9223372036854775809"), 0},
		{Int("-5"), -5}, {7, 7}, {int64(8), 8}, {1.9, 1}, {-1.9, -1}, {1e18, 1e18}, {1e19, 0}, {-1e19, 0}, {9223372036854775807.0, 0},
		{-9223372036854775808.0, math.MinInt64}, {math.NaN(), 0}, {math.Inf(1), 0}, {math.Inf(-1), 0}, {"9", 0}, {nil, 0}, {true, 0},
	} {
		if got := Integer(c.v); got != c.want {
			t.Errorf("%T %v is %d, want %d", c.v, c.v, got, c.want)
		}
	}
}

func TestHash(t *testing.T) {
	tree := fullEnvelope().Tree()
	bare, err := Hash(tree)
	if err != nil {
		t.Fatal(err)
	}
	same := func(what string, tree map[string]any, want bool) {
		t.Helper()
		if got, err := Hash(tree); err != nil || (got == bare) != want {
			t.Errorf("%s: %s (%v), was %s", what, got, err, bare)
		}
	}
	for _, k := range SignatureMembers {
		tree[k] = "anything"
	}
	same("signed", tree, true)
	wire, err := Canonical(tree)
	if err != nil {
		t.Fatal(err)
	}
	spaced := strings.NewReplacer(`":`, `" : `, `,"`, ",\n\t\"", `1.0`, `10e-1`).Replace(string(wire))
	relayed, _, err := ParseMessage([]byte(spaced))
	if err != nil {
		t.Fatal(err)
	}
	same("written anew by a relay", relayed, true)
	relayed["seq_id"] = Int("4")
	same("another sequence number", relayed, false)
	if _, ok := tree["signature"]; !ok {
		t.Error("hashing has taken the signature away")
	}
	if _, err := Hash(map[string]any{"msg": struct{}{}}); err == nil {
		t.Error("hashed what has no canonical form")
	}
}

func TestBodyJSON(t *testing.T) {
	body := bugBody{Bug: 7, Title: "<dry> & hot", Person: Person{Name: "Žofie 🚌"}}
	tree, err := Tree(body)
	if err != nil {
		t.Fatal(err)
	}
	text, err := Envelope{Msg: tree}.BodyJSON()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := bugCreate.Decode(text); err != nil || got != body {
		t.Errorf("the body came back as %+v (%v)", got, err)
	}
	if direct, err := CanonicalOf(body); err != nil || string(direct) != string(text) {
		t.Errorf("in one step it is %s (%v), in two %s", direct, err, text)
	}
	if _, err := Tree(func() {}); err == nil {
		t.Error("a function has JSON")
	}
	if _, err := CanonicalOf(math.NaN()); err == nil {
		t.Error("NaN went through encoding/json")
	}
}
