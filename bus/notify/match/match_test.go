package match

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"busbar/bus/notify/notifytest"
	"busbar/bus/notify/rule"
	"busbar/common/event"
	"busbar/fixtures/cases"
)

// TestAsASearch: over random rules and all events of the fixtures, the index finds the
// rules that the plain question finds, each asked by itself.
func TestAsASearch(t *testing.T) {
	events := notifytest.Events(t)
	hits, asked := 0, 0
	for seed := range cases.Of(3, 200) {
		r := rand.New(rand.NewPCG(uint64(seed), 16))
		people, plain := notifytest.People(t, r, events, 40, 10)
		m := New(notifytest.Prefix, people, nil)
		if n := len(m.always); n > len(m.all)/2 {
			t.Errorf("%d of %d rules have no key", n, len(m.all))
		}
		for range 60 {
			e := events[r.IntN(len(events))]
			ev := rule.NewEvent(notifytest.Prefix, e, nil)
			got := m.Match(ev)
			for _, p := range people {
				for _, one := range p.Rules {
					want := plain[one].Takes(e) && !oldAndNotAsked(ev, one)
					asked++
					if found := slices.Contains(got, Hit{p, one}); found != want {
						t.Fatalf("seed %d: %s of %s (%v, packages %q): found %v, a search says %v", seed, e.Topic, p.Key, one.Filter.Text, p.Packages, found, want)
					}
				}
			}
			hits += len(got)
		}
	}
	if hits < 300 {
		t.Errorf("only %d hits among %d questions: they try nothing", hits, asked)
	}
	t.Logf("%d questions, %d hits, all as a search has them", asked, hits)
}

// oldAndNotAsked: an old name of an event is left out unless a rule asks for old names.
func oldAndNotAsked(ev *rule.Event, one *rule.Rule) bool {
	return ev.Old() && !strings.Contains(one.Filter.Text, `topic:"debmessenger`) && !strings.Contains(one.Filter.Text, `topic:"debexpo`)
}

// TestReported: bugs that a person reported are known from the reports, and follow the
// submitter.
func TestReported(t *testing.T) {
	jane := &rule.Person{Key: "jane", Addresses: []string{"jane@example.org"}, To: []rule.Address{{Way: "mail", To: "jane@example.org"}}}
	f, err := rule.ParseFilter("bug:@mine", "org.debian", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	jane.Rules = []*rule.Rule{{Name: "mine", Filter: f, To: jane.To}}
	reports := NewReports(nil)
	m := New("org.debian", []*rule.Person{jane}, reports)
	say := func(topic string, body map[string]any) int {
		ev := rule.NewEvent("org.debian", event.Envelope{Topic: "org.debian.dev." + topic, MsgID: "x", Msg: body}, nil)
		reports.Learn(ev)
		return len(m.Match(ev))
	}
	who := func(a string) map[string]any { return map[string]any{"name": "", "email": a} }
	for _, c := range []struct {
		topic string
		body  map[string]any
		want  int
	}{
		{"debbugs.bug.comment", map[string]any{"bug": event.Int("5"), "person": who("bob@example.org")}, 0},
		{"debbugs.bug.create", map[string]any{"bug": event.Int("5"), "person": who("Jane@Example.org")}, 1},
		{"debbugs.bug.comment", map[string]any{"bug": event.Int("5"), "person": who("bob@example.org")}, 1},
		{"debbugs.bug.comment", map[string]any{"bug": event.Int("6"), "person": who("jane@example.org")}, 0},
		{"debbugs.bug.submitter.update", map[string]any{"bug": event.Int("5"), "person": who("x@example.org"), "to": who("bob@example.org")}, 0},
		{"debbugs.bug.close", map[string]any{"bug": event.Int("5")}, 0},
	} {
		if got := say(c.topic, c.body); got != c.want {
			t.Errorf("%s %v: %d rules, want %d", c.topic, c.body, got, c.want)
		}
	}
}

// BenchmarkMatch: 1,000 people with 10 random rules each; every event concerns hundreds
// of them. The rates are of processor time, since other programs run beside it.
func BenchmarkMatch(b *testing.B) {
	events := notifytest.Events(b)
	r := rand.New(rand.NewPCG(1, 16))
	people, _ := notifytest.People(b, r, events, 1000, 10)
	m := New(notifytest.Prefix, people, nil)
	hits := 0
	start := processor(b)
	b.ResetTimer()
	for i := range b.N {
		hits += len(m.Match(rule.NewEvent(notifytest.Prefix, events[i%len(events)], nil)))
	}
	b.ReportMetric(float64(b.N)/(processor(b)-start).Seconds(), "events/s")
	b.ReportMetric(float64(hits)/float64(b.N), "hits/event")
	b.ReportMetric(float64(m.Rules()), "rules")
	b.ReportMetric(float64(len(m.always)), "rules-without-key")
}

// processor is the processor time that this process has used.
func processor(b *testing.B) time.Duration {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		b.Fatal(err)
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// BenchmarkEachRule: the plain way, for comparing.
func BenchmarkEachRule(b *testing.B) {
	events := notifytest.Events(b)
	people, _ := notifytest.People(b, rand.New(rand.NewPCG(1, 16)), events, 1000, 10)
	m := New(notifytest.Prefix, people, nil)
	start := processor(b)
	b.ResetTimer()
	for i := range b.N {
		ev := rule.NewEvent(notifytest.Prefix, events[i%len(events)], nil)
		for _, h := range m.all {
			h.Rule.Wants(ev, m.Of(h.Person))
		}
	}
	b.ReportMetric(float64(b.N)/(processor(b)-start).Seconds(), "events/s")
}

// TestThousandPeople: what the benchmark measures is right, too.
func TestThousandPeople(t *testing.T) {
	events := notifytest.Events(t)
	r := rand.New(rand.NewPCG(2, 16))
	people, plain := notifytest.People(t, r, events, 1000, 10)
	m := New(notifytest.Prefix, people, nil)
	wrong := 0
	for range cases.Of(5, 400) {
		e := events[r.IntN(len(events))]
		ev := rule.NewEvent(notifytest.Prefix, e, nil)
		got := map[*rule.Rule]bool{}
		for _, h := range m.Match(ev) {
			got[h.Rule] = true
		}
		for one, p := range plain {
			if got[one] != (p.Takes(e) && !oldAndNotAsked(ev, one)) {
				wrong++
			}
		}
	}
	if wrong > 0 {
		t.Errorf("%d of the answers about %d rules are wrong", wrong, m.Rules())
	}
	if m.Rules() < 9000 {
		t.Error(fmt.Sprint("only ", m.Rules(), " rules"))
	}
}
