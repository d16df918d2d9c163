package archive

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestNamesAndWords: as many names as a condition may have, beside words; and no word of a
// stranger's is taken for a name.
func TestNamesAndWords(t *testing.T) {
	a := mustOpen(t, Options{})
	s := newSpeaker(1)
	var b Batch
	var names []string
	for i := range maxValues + 20 {
		m := s.say()
		m.id, m.title = fmt.Sprint("one ", i), "it drips, says _n1 and _b9 and "+tokenOf(int64(i))
		m.msg["package"], m.msg["title"] = fmt.Sprint("package-", i), ""
		names = append(names, fmt.Sprint("package-", i))
		b.Messages = append(b.Messages, read(t, m.wire(t)))
	}
	mustAppend(t, a, b)
	for _, c := range []struct {
		q    Query
		want int64
	}{
		{Query{Words: []string{"drips"}, Conditions: []Condition{{Kind: Package, Values: names[:maxValues]}}}, maxValues},
		{Query{Words: []string{"drips"}, Conditions: []Condition{{Kind: Package, Values: names[:maxValues], Not: true}}}, 20},
		{Query{Conditions: []Condition{{Kind: Package, Values: names[:maxValues]}, {Kind: Package, Values: names[100:200]}, {Kind: Package, Values: names[150:maxValues]}}}, 50},
		{Query{Words: []string{"drips"}, Conditions: []Condition{{Kind: Package, Values: names[:maxTogether]}, {Kind: Package, Values: names[:maxTogether]}, {Kind: Package, Values: names[:maxTogether-1]}, {Kind: Package, Values: names[:2], Not: true}}}, maxTogether - 3},
		{Query{Words: []string{strings.Repeat("drips ", 200)}, Without: []string{strings.Repeat("hot ", maxTerms)}}, int64(len(names))},
		{Query{Words: []string{"_n1"}, Without: []string{"drips"}}, 0},
		{Query{Words: []string{"_"}}, int64(len(names))}, // has no word in it
	} {
		if n, exact, err := a.Count(context.Background(), c.q, 1000); n != c.want || !exact || err != nil {
			t.Errorf("%d, %t, %v; want %d", n, exact, err, c.want)
		}
	}
	if _, err := a.Find(context.Background(), Query{Without: []string{strings.Repeat("hot ", maxTerms+1)}}); !errors.Is(err, ErrQuery) {
		t.Errorf("so many words are left out: %v", err)
	}
	if id, err := a.Find(context.Background(), Query{Words: []string{tokenOf(1)}, Without: []string{"n1"}}); err != nil || len(id.Messages) > 0 {
		t.Errorf("a word finds a name: %d, %v", len(id.Messages), err)
	}
}

// TestHourly: few and many names, by the hour.
func TestHourly(t *testing.T) {
	a := mustOpen(t, Options{})
	s := newSpeaker(1)
	var b Batch
	var names []string
	first := time.Unix(1_800_000_000, 0).UTC().Truncate(time.Hour)
	for i := range 2 * maxTogether {
		m := s.say()
		names = append(names, fmt.Sprint("package-", i))
		m.id, m.time, m.msg["package"] = fmt.Sprint("one ", i), first.Add(time.Duration(i/2)*time.Hour).Unix(), names[max(0, i-1):i+1] // each two
		b.Messages = append(b.Messages, read(t, m.wire(t)))
	}
	mustAppend(t, a, b)
	for _, n := range []int{1, maxTogether, 2 * maxTogether} {
		list, err := a.Hourly(context.Background(), Condition{Kind: Package, Values: names[:n]}, prefix, first.Add(time.Hour), first.Add(9*time.Hour))
		total := int64(0)
		for i, h := range list {
			if total += h.Count; !h.Hour.Equal(first.Add(time.Duration(i+1) * time.Hour)) {
				t.Errorf("%d names: hour %d is %v", n, i, h.Hour)
			}
		}
		if want := map[bool]int64{true: 18, false: 0}[n > 1]; total != want || err != nil {
			t.Errorf("%d names: %d, %v; want %d", n, total, err, want)
		}
	}
}

// TestLookedThrough: words that never meet are looked for in stretches, and what was
// looked through need not be looked through again.
func TestLookedThrough(t *testing.T) {
	a := mustOpen(t, Options{})
	a.span = Place(3600) << arrivalBits
	s := newSpeaker(1)
	var b Batch
	for i := range 400 {
		m := s.say()
		m.id, m.title, m.time = fmt.Sprint("one ", i), []string{"hot", "cold"}[i%2], 1_000_000_000+int64(i)*100_000
		b.Messages = append(b.Messages, read(t, m.wire(t)))
	}
	mustAppend(t, a, b)
	ctx := context.Background()
	for _, backward := range []bool{false, true} {
		for _, q := range []Query{
			{Words: []string{"hot", "cold"}, NewestFirst: backward},
			{Words: []string{"hot"}, Without: []string{"hot"}, NewestFirst: backward},
		} {
			err := a.search(ctx, q, func(s *search) error {
				if place, err := s.next(); place != 0 || err != nil {
					t.Errorf("%v finds %d, %v", q, place, err)
				}
				first, last := placeOf(1_000_000_000, 1), placeOf(1_000_000_000+399*100_000, 400)
				if s.done <= first || s.done >= last {
					t.Errorf("%v looked through up to %d, of %d to %d", q, s.done, first, last)
				}
				return nil
			}, func(*search) { t.Error("it takes too long") })
			if err != nil {
				t.Error(err)
			}
		}
	}
}
