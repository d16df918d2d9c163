package condition

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"
)

func names(list []Condition) []string {
	var out []string
	for _, c := range list {
		out = append(out, string(c.Level)+" "+c.Name)
	}
	return out
}

func TestSet(t *testing.T) {
	var s Set
	broken := true
	s.Watch(func() []Condition {
		if broken {
			return []Condition{{Name: "b", Level: Fail, Text: "looked at"}}
		}
		return nil
	})
	s.Raise(Condition{Name: "a", Level: Warn, Text: "soon"})
	s.Note("c", errors.New("away"), "bring it back")
	first := s.All()
	if want := []string{"fail b", "fail c", "warn a"}; !slices.Equal(names(first), want) {
		t.Fatalf("%v, want %v", names(first), want)
	}
	if got := first[1].String(); got != "c: away (bring it back)" {
		t.Errorf("%q", got)
	}
	s.Note("c", errors.New("away, still"), "")
	second := s.All()
	for i, c := range second {
		if c.Since.IsZero() || !c.Since.Equal(first[i].Since) {
			t.Errorf("%s is since %v, and was since %v", c.Name, c.Since, first[i].Since)
		}
	}
	if second[1].Text != "away, still" {
		t.Errorf("the text stays %q", second[1].Text)
	}
	broken = false
	s.Note("c", nil, "")
	s.Clear("nobody")
	if got := s.All(); len(got) != 1 || Failed(got) || !Failed(first) {
		t.Errorf("left: %v", got)
	}
	broken = true
	if again := s.All(); again[0].Since.Before(first[0].Since) {
		t.Error("a condition that came back is as old as before")
	}
	early := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	s.Watch(func() []Condition { return []Condition{{Name: "d", Level: Fail, Since: early}} })
	if got := s.All(); !got[1].Since.Equal(early) {
		t.Errorf("a time that is known is not kept: %v", got)
	}
}

func TestNilSet(t *testing.T) {
	var s *Set
	s.Raise(Condition{Name: "a"})
	s.Note("a", nil, "")
	s.Watch(nil)
	if got := s.All(); got != nil {
		t.Error(got)
	}
}

func TestManyAtOnce(t *testing.T) {
	var s Set
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 200 {
				s.Note(string(rune('a'+i)), errors.New("x"), "")
				s.All()
				s.Clear(string(rune('a' + i)))
			}
		})
	}
	wg.Wait()
	if got := s.All(); len(got) != 0 {
		t.Error(got)
	}
}
