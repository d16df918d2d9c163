package adaptertest

import (
	"bytes"
	"fmt"
	"reflect"
	"runtime"
	"testing"
	"unicode/utf8"

	"busbar/common/event"
	"busbar/common/show"
	"busbar/common/translate"
)

// Bounds on what reading and translating an item may allocate: bytes for each
// of its bytes, and beside that. What copies a text for each of its lines is
// soon above them. What is kept between two items (sync.Pool) may be gone at any time,
// and is made again: so the least of a few tries counts.
const (
	workPerByte = 400
	workBeside  = 16 << 20
	workTries   = 5
)

// Fuzz holds what the translator makes of any bytes to the contract, beginning
// with a folder's fixtures: the same bytes say the same, read again or asked
// again; what they say can be published, and read back; and it costs no more
// than their length allows.
func Fuzz[T any](f *testing.F, tr translate.Translator[T], load func(raw []byte) T, dir string) {
	s := suite[T]{tr: tr, load: load, dir: dir}
	for _, x := range read(f, dir) {
		f.Add(x.raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) { s.fuzzed(t, raw) })
}

func (s suite[T]) fuzzed(t *testing.T, raw []byte) {
	it, kept := s.item(raw), bytes.Clone(raw)
	first := s.outcome(t, it)
	s.check(t, first)
	s.checkWhy(t, first, it)
	s.published(t, first)
	if again := s.outcome(t, it); !reflect.DeepEqual(first, again) {
		t.Errorf("asked again, the item says something else:\n%.2000s\nnot\n%.2000s", shown(again), shown(first))
	}
	most := workPerByte*uint64(len(raw)) + workBeside
	for try := 1; ; try++ {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		again := s.outcome(t, s.item(raw))
		runtime.ReadMemStats(&after)
		if !reflect.DeepEqual(first, again) {
			t.Errorf("read again, the item says something else:\n%.2000s\nnot\n%.2000s", shown(again), shown(first))
		}
		work := after.TotalAlloc - before.TotalAlloc
		if work <= most {
			break
		}
		if try == workTries {
			t.Errorf("an item of %d bytes made %d bytes of work", len(raw), work)
			break
		}
	}
	if !bytes.Equal(raw, kept) {
		t.Errorf("the item's bytes were changed")
	}
}

func (s suite[T]) outcome(t *testing.T, it translate.Item[T]) translate.Outcome {
	t.Helper()
	o, err := translate.Run([]translate.Translator[T]{s.tr}, it)
	if err != nil {
		t.Fatalf("translating: %v", err)
	}
	return o
}

// shown is an outcome for people.
func shown(o translate.Outcome) string {
	text, err := form(o)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// published takes the events as far as the journal takes them, and reads their
// bodies back as subscribers do.
func (s suite[T]) published(t reporter, o translate.Outcome) {
	t.Helper()
	for _, e := range o.Events {
		if e.Kind == nil {
			continue
		}
		if err := s.publishedOne(e); err != nil {
			t.Errorf("%s: %v", e.Kind.Topic, err)
		}
	}
}

func (s suite[T]) publishedOne(e event.Event) error {
	tree, err := event.Tree(e.Body)
	if err != nil {
		return err
	}
	if err := event.CheckSize(tree); err != nil {
		return err
	}
	if title := e.Title(); title == "" || len(title) > event.MaxTitle || !utf8.ValidString(title) || show.Line(title) != title {
		return fmt.Errorf("not a title: %.200q", title)
	}
	if e.Kind.Link(e.Body) != "" && len(e.Kind.Link(e.Body)) <= event.MaxLink && e.Link() == "" {
		return fmt.Errorf("its link is not published: %.200q", e.Kind.Link(e.Body))
	}
	wire, err := event.Canonical(tree)
	if err != nil {
		return err
	}
	body, err := e.Kind.Decode(wire)
	if err != nil {
		return err
	}
	if again, err := event.CanonicalOf(body); err != nil || !bytes.Equal(again, wire) {
		return fmt.Errorf("it is read back as %.500q, not %.500q (%v)", again, wire, err)
	}
	if back := (event.Event{Kind: e.Kind, Body: body}); back.Title() != e.Title() || !bytes.Equal(event.SubstanceOf(e.Kind, body), event.SubstanceOf(e.Kind, e.Body)) {
		return fmt.Errorf("read back it says %q, not %q, or has another substance", back.Title(), e.Title())
	}
	return nil
}
