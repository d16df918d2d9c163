package archive

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestParts: by any part of it somebody is found, whatever characters it has.
func TestParts(t *testing.T) {
	a := mustOpen(t, Options{})
	r := rand.New(rand.NewPCG(1, 1))
	alphabet := []string{"a", "b", "A", "ä", "a\u0308", "İ", "ß", "ſ", "K", "'", `"`, "\x00", "漢", " ", "😀", "%", "*", "\n", "\\", "\ufffd"}
	random := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteString(alphabet[r.IntN(len(alphabet))])
		}
		return b.String()
	}
	s := newSpeaker(1)
	var b Batch
	var people []string
	for i := range 150 {
		m := s.say()
		name := random(1 + r.IntN(12))
		m.id, m.msg["person"] = fmt.Sprint("one ", i), map[string]any{"name": name, "email": ""}
		in := read(t, m.wire(t))
		b.Messages = append(b.Messages, in)
		for _, n := range namesOf(in.Envelope) {
			if n.kind == Person && !slices.Contains(people, n.value) {
				people = append(people, n.value)
			}
		}
	}
	mustAppend(t, a, b)
	for range 500 {
		value := strings.ToLower(random(1 + r.IntN(6)))
		if p := []rune(people[r.IntN(len(people))]); len(p) > 2 && r.IntN(4) > 0 {
			from := r.IntN(len(p) - 1)
			value = string(p[from : from+1+r.IntN(len(p)-from)])
		}
		want := 0
		for _, p := range people {
			if strings.Contains(p, strings.ToLower(value)) {
				want++
			}
		}
		err := a.search(context.Background(), Query{}, func(s *search) error {
			ids, err := s.names(Condition{Kind: Person, Match: Holds, Values: []string{value}})
			if len(ids) != want || err != nil {
				t.Errorf("%q is part of %d people, %v; want %d", value, len(ids), err, want)
			}
			return nil
		}, func(*search) { t.Error("it takes too long") })
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestPartsOfBefore: an archive of the version that had no parts gets them, and needs no
// other index again.
func TestPartsOfBefore(t *testing.T) {
	o := Options{Path: filepath.Join(t.TempDir(), "archive.db"), Making: func(int64, int64) { t.Error("all indices are made again") }}
	a := mustOpen(t, o)
	s := newSpeaker(1)
	m := s.say()
	m.msg["person"] = map[string]any{"name": "Nora\x00 Ortega", "email": "nora@example.org"}
	mustAppend(t, a, Batch{Messages: []Incoming{read(t, m.wire(t))}})
	if _, err := a.db.Exec("DROP TABLE parts; CREATE TABLE facets (name INTEGER); PRAGMA user_version = 4"); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	a = mustOpen(t, o)
	for text, want := range map[string]int{"ortega": 1, "nora@": 1, "orteg@": 0} {
		page, err := a.Find(context.Background(), Query{Conditions: []Condition{{Kind: Person, Match: Holds, Values: []string{text}}}})
		if len(page.Messages) != want || err != nil {
			t.Errorf("%s: %d messages, %v; want %d", text, len(page.Messages), err, want)
		}
	}
}
