package refs

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"busbar/scmhook/spool"
)

const ref = "refs/heads/main"

func book(published string) *Book {
	b := &Book{Refs: map[string]Published{}, Pairs: func(string, string, string) (int, error) { return 0, nil }}
	if published != "" {
		b.Refs[ref] = Published{ID: published}
	}
	return b
}

func brief(plan []Update) string {
	s := ""
	for _, u := range plan {
		how := ""
		if u.Recovered {
			how = "!"
		}
		s += fmt.Sprintf("%s>%s%s ", u.Old, u.New, how)
	}
	return s
}

func TestLines(t *testing.T) {
	for _, c := range []struct {
		what, published string
		baseline        bool
		lines           [][2]string
		now             string
		later           []spool.Line
		want            string
		gap             bool
	}{
		{what: "made", lines: [][2]string{{"", "A"}}, now: "A", want: ">A "},
		{what: "moved", published: "A", lines: [][2]string{{"A", "B"}}, now: "B", want: "A>B "},
		{what: "deleted", published: "A", lines: [][2]string{{"A", ""}}, want: "A> "},
		{what: "moved, and meanwhile on", published: "A", lines: [][2]string{{"A", "B"}}, now: "C", want: "A>B "},
		{what: "there and back", published: "A", lines: [][2]string{{"A", "B"}, {"B", "A"}}, now: "A", want: "A>B B>A "},
		{what: "published already", published: "B", lines: [][2]string{{"A", "B"}}, now: "B"},
		{what: "deletion published already", lines: [][2]string{{"A", ""}}},
		{what: "nothing", published: "A", lines: [][2]string{{"A", "A"}}, now: "A"},
		{what: "the hook before was lost", published: "A", lines: [][2]string{{"B", "C"}}, now: "C", want: "A>B! B>C ", gap: true},
		{what: "the making was lost", lines: [][2]string{{"B", "C"}}, now: "C", want: ">B! B>C ", gap: true},
		{what: "made again, the deletion was lost", published: "A", lines: [][2]string{{"", "C"}}, now: "C", want: "A>! >C ", gap: true},
		{what: "old news", published: "C", lines: [][2]string{{"A", "B"}}, now: "C", gap: true},
		{what: "old news, and meanwhile on", published: "C", lines: [][2]string{{"A", "B"}}, now: "D", gap: true},
		{what: "lost, and meanwhile on", published: "A", lines: [][2]string{{"B", "C"}}, now: "E", want: "A>B! B>C ", gap: true,
			later: []spool.Line{{Ref: ref, Old: "C", New: "D"}, {Ref: "refs/heads/x", Old: "D", New: "X"}, {Ref: ref, Old: "D", New: "E"}}},
		{what: "lost, and one after it, too", published: "A", lines: [][2]string{{"B", "C"}}, now: "E", gap: true, later: []spool.Line{{Ref: ref, Old: "D", New: "E"}}},
		{what: "baseline after the push", published: "B", baseline: true, lines: [][2]string{{"A", "B"}}, now: "B", want: "A>B "},
		{what: "baseline before the push", published: "A", baseline: true, lines: [][2]string{{"A", "B"}}, now: "B", want: "A>B "},
	} {
		b := book(c.published)
		if c.baseline {
			b.Refs[ref] = Published{ID: c.published, Baseline: true}
		}
		var lines []spool.Line
		for _, l := range c.lines {
			lines = append(lines, spool.Line{Ref: ref, Old: l[0], New: l[1]})
		}
		asked := 0
		plan, gap, err := b.Lines(lines, func() (*Present, error) {
			asked++
			return &Present{Refs: map[string]string{ref: c.now}, Later: c.later}, nil
		})
		if err != nil || brief(plan) != c.want || gap != c.gap {
			t.Errorf("%s: %q, gap %v, %v; want %q, %v", c.what, brief(plan), gap, err, c.want, c.gap)
		}
		if (asked == 1) != c.gap {
			t.Errorf("%s: the refs were asked for %d times", c.what, asked)
		}
	}
}

func TestErrorsAreTransient(t *testing.T) {
	sick := errors.New("git is away")
	if _, _, err := book("A").Lines([]spool.Line{{Ref: ref, Old: "B", New: "C"}}, func() (*Present, error) { return nil, sick }); !errors.Is(err, sick) {
		t.Errorf("Lines: %v", err)
	}
	b := book("A")
	b.Pairs = func(string, string, string) (int, error) { return 0, sick }
	if _, err := b.Look(map[string]string{ref: "B"}); !errors.Is(err, sick) {
		t.Errorf("Look: %v", err)
	}
}

func TestLookAndUnpublished(t *testing.T) {
	b := book("A")
	b.Refs["refs/heads/gone"] = Published{ID: "G"}
	b.Refs["refs/heads/first"] = Published{ID: "F", Baseline: true}
	plan, err := b.Unpublished()
	if err != nil || brief(plan) != ">F! " {
		t.Errorf("Unpublished: %q, %v", brief(plan), err)
	}
	actual := map[string]string{ref: "B", "refs/heads/new": "N", "refs/heads/first": "F"}
	plan, err = b.Look(actual)
	if err != nil || brief(plan) != "G>! A>B! >N! " {
		t.Errorf("Look: %q, %v", brief(plan), err)
	}
	if plan, err = b.Look(actual); err != nil || len(plan) != 0 {
		t.Errorf("a second Look: %q, %v", brief(plan), err)
	}
}

// TestNth tells one pair of ids apart each time that a ref comes back to it.
func TestNth(t *testing.T) {
	b := book("A")
	b.Pairs = func(_, old, _ string) (int, error) {
		if old == "A" {
			return 3, nil
		}
		return 0, nil
	}
	lines := []spool.Line{{Ref: ref, Old: "A", New: "B"}, {Ref: ref, Old: "B", New: "A"}, {Ref: ref, Old: "A", New: "B"}}
	plan, _, err := b.Lines(lines, nil)
	if err != nil || len(plan) != 3 || plan[0].Nth != 3 || plan[1].Nth != 0 || plan[2].Nth != 4 {
		t.Errorf("%+v, %v", plan, err)
	}
}

func TestBaseline(t *testing.T) {
	got := Baseline(map[string]string{ref: "B", "refs/heads/x": "X"}, []spool.Line{{Ref: ref, Old: "A", New: "B"}, {Ref: "refs/heads/x", New: "X"}})
	want := map[string]Published{ref: {ID: "A", Baseline: true}}
	if !maps.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

// TestChain lets refs go random ways, loses, repeats and shuffles hooks, and
// looks now and then: what is published must be a way that the ref really went.
func TestChain(t *testing.T) {
	for seed := range uint64(2000) {
		rng := rand.New(rand.NewPCG(seed, 1))
		b := book("")
		history := []string{""}
		var published []Update
		var waiting []spool.Line
		actual := func() (map[string]string, error) {
			if now := history[len(history)-1]; now != "" {
				return map[string]string{ref: now}, nil
			}
			return nil, nil
		}
		present := func() (*Present, error) {
			m, err := actual()
			return &Present{Refs: m}, err
		}
		for range 30 {
			now := history[len(history)-1]
			if next := []string{"", "A", "B", "C", "D"}[rng.IntN(5)]; next != now {
				history = append(history, next)
				if rng.IntN(3) > 0 {
					waiting = append(waiting, spool.Line{Ref: ref, Old: now, New: next})
				}
			}
			if rng.IntN(3) == 0 {
				plan, _, err := b.Lines(waiting, present)
				if err != nil {
					t.Fatal(err)
				}
				published, waiting = append(published, plan...), nil
			}
			if rng.IntN(6) == 0 && len(waiting) == 0 {
				m, _ := actual()
				plan, err := b.Look(m)
				if err != nil {
					t.Fatal(err)
				}
				published = append(published, plan...)
			}
		}
		plan, _, err := b.Lines(waiting, present)
		if err != nil {
			t.Fatal(err)
		}
		published = append(published, plan...)
		m, _ := actual()
		if plan, err = b.Look(m); err != nil {
			t.Fatal(err)
		}
		published = append(published, plan...)
		last := ""
		for _, u := range published {
			if u.Old != last {
				t.Fatalf("seed %d: the chain breaks at %s>%s: %s", seed, u.Old, u.New, brief(published))
			}
			last = u.New
			if !slices.Contains(history, u.New) {
				t.Fatalf("seed %d: %s never was", seed, u.New)
			}
		}
		if last != history[len(history)-1] {
			t.Fatalf("seed %d: published up to %q, and it is %q", seed, last, history[len(history)-1])
		}
	}
}
