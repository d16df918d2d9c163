package release

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"busbar/common/mail"
	"busbar/common/translate"
)

const head = "X-Debian: release.debian.org/autoremovals\nX-Debian-Package: tea\nMessage-ID: <a@example.org>\n\n"

func outcome(t *testing.T, raw string) translate.Outcome {
	t.Helper()
	o, err := translate.Run([]translate.Translator[*mail.Message]{Translator()}, translate.Item[*mail.Message]{Value: load([]byte(raw))})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestWarning(t *testing.T) {
	const on = "tea 2-1 is marked for autoremoval from testing on 2026-04-02\n"
	for name, c := range map[string]struct {
		raw           string
		bugs, depends []int
		poison        bool
	}{
		"own":             {head + on + "\nIt is affected by these RC bugs:\n7: tea: cold\n 8: tea: weak\n", []int{7, 8}, nil, false},
		"others'":         {head + on + "\nIt (build-)depends on packages with these RC bugs:\n9: kettle: old\n", nil, []int{9}, false},
		"old wording":     {head + on + "\nIt build-depends on packages with these RC bugs:\n#9: kettle: old\n", nil, []int{9}, false},
		"none":            {head + on, nil, nil, false},
		"no numbers":      {head + on + "x: y\n0: z\n9999999999: too long\n", nil, nil, false},
		"another package": {head + strings.Replace(on, "tea", "coffee", 1), nil, nil, true},
		"no such day":     {head + strings.Replace(on, "04-02", "13-02", 1), nil, nil, true},
		"no day":          {head + "Soon.\n", nil, nil, true},
		"no package":      {strings.Replace(head, ": tea", ":", 1) + on, nil, nil, true},
		"odd bytes":       {strings.Replace(head, "tea", "t\xe9a", 1) + on, nil, nil, true},
	} {
		o := outcome(t, c.raw)
		if c.poison != (o.Poison != "") || c.poison != (len(o.Events) == 0) {
			t.Errorf("%s: got %+v", name, o)
			continue
		}
		if c.poison {
			continue
		}
		b := o.Events[0].Body.(Warned)
		if !slices.Equal(b.Bugs, c.bugs) || !slices.Equal(b.DependsBugs, c.depends) || b.RemovalDate != "2026-04-02T00:00:00Z" || b.Version != "2-1" {
			t.Errorf("%s: got %+v", name, b)
		}
	}
	if o := outcome(t, "X-Debian-PR-Message: followup 7\n"+head+on); o.Translator != "" {
		t.Errorf("what the tracker passes on is claimed: %+v", o)
	}
}

// TestManyBugs: a list that nobody would write is cut, and said to be.
func TestManyBugs(t *testing.T) {
	var text strings.Builder
	for i := range 40_000 {
		fmt.Fprintf(&text, "%d: x\n", i%2000+1)
	}
	o := outcome(t, head+"tea 2-1 is marked for autoremoval from testing on 2026-04-02\n"+text.String())
	if len(o.Events) != 1 {
		t.Fatalf("got %+v", o)
	}
	if b := o.Events[0].Body.(Warned); len(b.Bugs) != maxBugs || !b.Truncated {
		t.Errorf("%d bugs, cut %v", len(b.Bugs), b.Truncated)
	}
}
