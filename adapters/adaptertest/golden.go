package adaptertest

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"busbar/common/event"
	"busbar/common/translate"
)

// expected is the form of NAME.events.json.
type expected struct {
	Translator string  `json:"translator,omitempty"` // who claimed the item; absent if it was skipped
	Events     []entry `json:"events"`
	Skip       string  `json:"skip,omitempty"`
	Poison     string  `json:"poison,omitempty"`
}

type entry struct {
	Topic string `json:"topic"`
	ID    string `json:"id"`
	Time  string `json:"time,omitempty"`
	Title string `json:"title"`
	Link  string `json:"link,omitempty"`
	Body  any    `json:"body"`
}

// form writes an outcome as its golden file holds it.
func form(o translate.Outcome) ([]byte, error) {
	x := expected{Translator: o.Translator, Events: []entry{}, Skip: o.Skip, Poison: o.Poison}
	for _, e := range o.Events {
		x.Events = append(x.Events, entry{
			Topic: e.Kind.Topic, ID: e.ID(received), Time: event.Stamp(e.Time),
			Title: e.Kind.Sentence(e.Body), Link: e.Kind.Link(e.Body), Body: e.Body,
		})
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(x)
	return b.Bytes(), err
}

// golden compares each fixture's outcome with its file, and checks that every
// kind is shown by one.
func (s suite[T]) golden(t *testing.T) {
	shown := map[*event.Kind]bool{}
	for _, f := range s.fixtures {
		t.Run(f.name, func(t *testing.T) {
			o := s.must(t, f.raw)
			s.check(t, o)
			s.checkWhy(t, o, s.item(f.raw))
			for _, e := range o.Events {
				shown[e.Kind] = true
			}
			got, err := form(o)
			if err != nil {
				t.Fatalf("writing the outcome: %v", err)
			}
			file := filepath.Join(s.dir, f.name+".events.json")
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatalf("updating: %v", err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatalf("reading what is expected (-update writes it): %v", err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("the outcome differs from %s (-update rewrites it); got:\n%s", filepath.Base(file), got)
			}
		})
	}
	s.orphans(t)
	for _, k := range s.tr.Kinds {
		if !shown[k] {
			t.Errorf("kind %s has no fixture", k.Topic)
		}
	}
}

// orphans finds expected events whose fixture is gone.
func (s suite[T]) orphans(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(s.dir, "*.events.json"))
	if err != nil {
		t.Fatalf("listing the expected events: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".events.json")
		if !slices.ContainsFunc(s.fixtures, func(f fixture) bool { return f.name == name }) {
			t.Errorf("%s.events.json has no fixture", name)
		}
	}
}

// pure runs each fixture again, and from several goroutines at once.
func (s suite[T]) pure(t *testing.T) {
	for _, f := range s.fixtures {
		first := s.must(t, f.raw)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				again, err := s.translate(f.raw)
				if err != nil || !reflect.DeepEqual(first, again) {
					t.Errorf("%s: a second run says something else (error %v)", f.name, err)
				}
			})
		}
		wg.Wait()
		shared := s.item(f.raw)
		for range 4 {
			wg.Go(func() { _, _ = s.tr.Translate(shared) }) // a write to the value is a race
		}
		wg.Wait()
	}
}
