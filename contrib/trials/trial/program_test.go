package trial

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestPlay: a broken promise is told after the other acts were played, what this
// machine cannot play is counted, and anything else ends the trial.
func TestPlay(t *testing.T) {
	act := func(name, text string, err error) Act {
		return Act{name, func(_ context.Context, s *Site) (string, error) {
			if _, werr := fmt.Fprintln(s.log, "words of", name); werr != nil {
				t.Error(werr)
			}
			return text, err
		}}
	}
	acts := []Act{
		act("first", "lost 1", Verdict([]Count{{1, "lost"}, {0, "doubled"}}, "mail 7")),
		act("second", "", fmt.Errorf("%w: no root", ErrSkipped)),
		act("third", "lost 0", Verdict([]Count{{0, "lost"}})),
	}
	var out strings.Builder
	err := Options{}.Play(t.Context(), &out, "test", nil, acts...)
	if err == nil || err.Error() != "first: 1 lost; mail 7" {
		t.Errorf("the verdict is %v", err)
	}
	for _, want := range []string{"machine: ", "first: lost 1; ", "second: skipped: no root", "third: lost 0; ", "acts skipped: 1"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not printed:\n%s", want, out.String())
		}
	}
	out.Reset()
	err = Options{Acts: "d"}.Play(t.Context(), &out, "test", nil, acts[0], act("end", "", errors.New("no database")), acts[2])
	if err == nil || !strings.Contains(err.Error(), "end: no database") || !strings.Contains(err.Error(), "words of end") || strings.Contains(out.String(), "third") || strings.Contains(out.String(), "first") {
		t.Errorf("%v after\n%s", err, out.String())
	}
}

func TestCompare(t *testing.T) {
	lost, doubled := Compare(map[int]bool{1: true, 2: true, 3: true}, map[int]int{1: 1, 3: 3, 9: 2})
	if !slices.Equal(lost, []int{2}) || !maps.Equal(doubled, map[int]int{3: 2, 9: 1}) {
		t.Errorf("lost %v, doubled %v", lost, doubled)
	}
}
