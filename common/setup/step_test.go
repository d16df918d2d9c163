package setup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// recorder makes steps that write down what is done with them.
type recorder struct{ did []string }

func (r *recorder) step(name string, fails error) Step {
	made := false
	return Step{
		Say:  name + ":\n  more",
		Done: func() (bool, error) { return made, nil },
		Do: func() error {
			r.did = append(r.did, "do "+name)
			made = fails == nil
			return fails
		},
		Undo: func() error {
			r.did = append(r.did, "undo "+name)
			made = false
			return nil
		},
	}
}

// TestPlan: what is done is not done again; where a step fails, it and those before it
// are taken back, the last first.
func TestPlan(t *testing.T) {
	r := &recorder{}
	var said []string
	say := func(text string) { said = append(said, text) }
	p := Plan{r.step("a", nil), r.step("b", nil)}
	made, err := p.Run(t.Context(), say)
	if err != nil || made != 2 || !slices.Equal(r.did, []string{"do a", "do b"}) {
		t.Errorf("made %d of %q, %v", made, r.did, err)
	}
	if left, err := p.Pending(); err != nil || len(left) != 0 {
		t.Errorf("left are %d steps, %v", len(left), err)
	}
	if made, err = p.Run(t.Context(), say); err != nil || made != 0 || len(r.did) != 2 {
		t.Errorf("again: made %d of %q, %v", made, r.did, err)
	}

	r, said = &recorder{}, nil
	p = Plan{r.step("a", nil), {Say: "nothing to take back", Do: func() error { return nil }}, r.step("b", errors.New("it broke")), r.step("c", nil)}
	_, err = p.Run(t.Context(), say)
	if err == nil || err.Error() != "to b: it broke" || !slices.Equal(r.did, []string{"do a", "do b", "undo b", "undo a"}) {
		t.Errorf("%q, %v", r.did, err)
	}
	if want := []string{"a:\n  more", "nothing to take back", "b:\n  more", "take back: b", "take back: a"}; !slices.Equal(said, want) {
		t.Errorf("said %q, want %q", said, want)
	}
}

// TestPlanEnds: a person who ends setup gets back what was.
func TestPlanEnds(t *testing.T) {
	r := &recorder{}
	ctx, cancel := context.WithCancel(t.Context())
	p := Plan{r.step("a", nil), {Say: "stop", Do: func() error { cancel(); return nil }}, r.step("b", nil)}
	if _, err := p.Run(ctx, func(string) {}); !errors.Is(err, context.Canceled) || !slices.Equal(r.did, []string{"do a", "undo a"}) {
		t.Errorf("%q, %v", r.did, err)
	}
}

// TestPlanThatCannotBe: what is in the way is said before anything is changed, all of it.
func TestPlanThatCannotBe(t *testing.T) {
	r := &recorder{}
	no := func(why string) Step {
		return Step{Say: "x", Done: func() (bool, error) { return false, errors.New(why) }, Do: func() error { return errors.New("done all the same") }}
	}
	_, err := Plan{r.step("a", nil), no("one"), no("two")}.Pending()
	if err == nil || !strings.Contains(fmt.Sprint(err), "one") || !strings.Contains(fmt.Sprint(err), "two") || len(r.did) != 0 {
		t.Errorf("%v, %q", err, r.did)
	}
	undo := Step{Say: "y", Do: func() error { return nil }, Undo: func() error { return errors.New("it stays") }}
	if _, err := (Plan{undo, no("one")}).Run(t.Context(), func(string) {}); err == nil || !strings.Contains(err.Error(), "taking back (y): it stays") {
		t.Errorf("%v", err)
	}
}
