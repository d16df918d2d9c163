package queue

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"busbar/fixtures/buildqueue"
)

// replay plays the history with a poll after every n steps, by a poller that
// is started again each time if fresh.
func replay(t *testing.T, role string, n int, fresh bool) map[string]string {
	t.Helper()
	s := newSite(t, role)
	var r *running
	poll := func() {
		if fresh {
			s.poll()
			return
		}
		if r == nil {
			r = s.start(nil)
		}
		r.poll()
	}
	poll() // the baseline
	var steps []string
	for line := range strings.Lines(buildqueue.History) {
		if !strings.HasPrefix(line, "--") {
			steps = append(steps, line)
		}
	}
	for batch := range slices.Chunk(steps, n) {
		s.sql(strings.Join(batch, ""))
		poll()
	}
	told := s.told()
	poll()
	poll()
	if again := s.told(); len(again) != len(told) {
		t.Errorf("polling again without a change told %d more", len(again)-len(told))
	}
	if r != nil {
		r.stop()
	}
	return named(told)
}

// named makes the ids of different databases comparable: the times differ.
func named(told map[string]string) map[string]string {
	counts := map[string]string{}
	seen := map[string]int{}
	for _, what := range slices.Sorted(maps.Values(told)) {
		name := strings.Join(strings.Fields(what)[:3], " ")
		seen[name]++
		counts[name+" "+strings.Repeat("I", seen[name])] = ""
	}
	return counts
}

func difference(a, b map[string]string) []string {
	var list []string
	for name := range a {
		if _, ok := b[name]; !ok {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}

// TestReplay: with the log, the facts are the same however often is polled, and
// whether the poller is restarted in between; without it, nothing else is published.
func TestReplay(t *testing.T) {
	const step = 1
	every := replay(t, "wbadm", step, false)
	if len(every) < 35 {
		t.Errorf("the history is only %d facts: %v", len(every), slices.Sorted(maps.Keys(every)))
	}
	states := transitions(every)
	for _, c := range []struct {
		name  string
		role  string
		n     int
		fresh bool
	}{
		{"base tables, restarted after every step", "wbadm", 1, true},
		{"base tables, no poll between", "wbadm", 1000, false},
		{"base tables, a poll after every five steps, restarted", "wbadm", 5, true},
		{"views and log, a poll after every step", "guest", 1, false},
		{"views and log, restarted after every three steps", "guest", 3, true},
		{"views and log, no poll between", "guest", 1000, false},
	} {
		got := transitions(replay(t, c.role, c.n, c.fresh))
		if missing, more := difference(states, got), difference(got, states); len(missing)+len(more) > 0 {
			t.Errorf("%s: not told: %q; told besides: %q", c.name, missing, more)
		}
	}
}

// TestReplayOfViewsAlone: without the log the outcome is published, nothing is published
// under another name, and what stays unknown is what the level says.
func TestReplayOfViewsAlone(t *testing.T) {
	every := transitions(replay(t, "wbadm", 1, false))
	for _, n := range []int{1, 3, 1000} {
		got := transitions(replay(t, "views", n, n == 3))
		if more := difference(got, every); len(more) > 0 {
			t.Errorf("a poll after every %d steps tells besides: %q", n, more)
		}
		missing := difference(every, got)
		t.Logf("with a poll after every %d steps, comparing alone cannot know %d of %d facts: %q", n, len(missing), len(every), missing)
		if n == 1 && len(missing) > 6 {
			t.Errorf("with a poll after every step, comparing misses %d facts", len(missing))
		}
	}
}

// transitions leaves out single columns, which only comparing tells.
func transitions(all map[string]string) map[string]string {
	m := maps.Clone(all)
	maps.DeleteFunc(m, func(name, _ string) bool { return strings.HasPrefix(name, "package.update") })
	return m
}
