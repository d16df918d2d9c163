// Package notifytest gives the tests of `bus notify` what they share: the events of the
// project's fixtures, and people with random rules. It is linked by tests alone.
package notifytest

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"busbar/bus/notify/rule"
	"busbar/common/archive"
	"busbar/common/event"
	"busbar/fixtures"
)

// Prefix is that of the topics.
const Prefix = "org.debian"

// Begin is the time of the first event.
var Begin = time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC)

// Events are what the fixtures' items become, each once, a minute apart.
func Events(t testing.TB) []event.Envelope {
	t.Helper()
	var files [][]byte
	for _, source := range []fs.FS{fixtures.Mails, fixtures.Changes, fixtures.Pushes, fixtures.Bugs, fixtures.Canaries, fixtures.Badges} {
		names, err := fs.Glob(source, "*/*.events.json")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			raw, err := fs.ReadFile(source, name)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, raw)
		}
	}
	var list []event.Envelope
	seen := map[string]bool{}
	for _, raw := range files {
		v, err := event.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		tree, _ := v.(map[string]any)
		events, _ := tree["events"].([]any)
		for _, one := range events {
			m, _ := one.(map[string]any)
			text := func(key string) string { s, _ := m[key].(string); return s }
			if id := text("id"); id == "" || seen[id+text("topic")] {
				continue
			}
			seen[text("id")+text("topic")] = true
			list = append(list, event.Envelope{
				Topic: event.JoinTopic(Prefix, "dev", text("topic")), MsgID: text("id"), Title: text("title"), Link: text("link"), Msg: m["body"],
				Timestamp: Begin.Add(time.Duration(len(list)) * time.Minute).Unix(), Username: "mail2bus", EventTime: text("time"),
			})
		}
	}
	if len(list) < 300 {
		t.Fatalf("the fixtures have only %d events", len(list))
	}
	return list
}

// Wire is an event as a message, unsigned.
func Wire(t testing.TB, e event.Envelope) []byte {
	t.Helper()
	raw, err := event.Canonical(e.Tree())
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// A Plain rule is one as a search asks for it, for comparing.
type Plain struct {
	Person *rule.Person
	Query  archive.Query
	Me     int // 1: only what names the person, -1: only what does not
}

// People are people with random rules about what the events are about. plain has for each
// rule the same question without sets and without me.
func People(t testing.TB, r *rand.Rand, events []event.Envelope, people, rules int) (list []*rule.Person, plain map[*rule.Rule]Plain) {
	t.Helper()
	values := map[string][]string{"keyword": {"bts", "build", "vcs", "summary"}}
	add := func(field, v string) {
		if v != "" && !strings.ContainsAny(v, "\"\n") && v[0] != '@' && len(v) < 60 && !slices.Contains(values[field], v) {
			values[field] = append(values[field], v)
		}
	}
	for _, e := range events {
		s := archive.SubjectOf(e)
		for field, kind := range map[string]archive.Kind{"package": archive.Package, "bug": archive.Bug, "person": archive.Person, "suite": archive.Suite, "architecture": archive.Architecture,
			"repository": archive.Repository, "list": archive.List, "severity": archive.Severity, "category": archive.Category} {
			for _, v := range s.Values(kind) {
				add(field, v)
			}
		}
		bare := event.BareTopic(Prefix, e.Topic)
		add("topic", bare)
		add("topic", bare[:max(strings.LastIndexByte(bare, '.'), 0)])
		for i, w := range s.Words() {
			if i < 12 {
				add("", w)
				add("", w[:len(w)/2+1]+"*")
			}
		}
	}
	fields := []string{"package", "package", "package", "bug", "topic", "topic", "person", "suite", "architecture", "repository", "list", "severity", "category", ""}
	pick := func(list []string) string { return list[r.IntN(len(list))] }
	plain = map[*rule.Rule]Plain{}
	for i := range people {
		address := addressIn(pick(values["person"]))
		p := &rule.Person{Key: fmt.Sprintf("p%04d", i), Addresses: []string{address}, Zone: time.UTC, Limit: rule.DefaultLimit(), To: []rule.Address{{Way: "mail", To: fmt.Sprintf("p%04d@example.org", i)}}}
		set := []string{pick(values["package"]), pick(values["package"])}
		for range r.IntN(4) {
			p.Packages = append(p.Packages, pick(values["package"]))
		}
		for j := range rules {
			var text, same []string
			me := 0
			for range 1 + r.IntN(3) {
				not, field := "", fields[r.IntN(len(fields))]
				if r.IntN(4) == 0 {
					not = "-"
				}
				if v := pick(values[field]); field == "" {
					text = append(text, not+v)
				} else {
					text = append(text, fmt.Sprintf("%s%s:%q", not, field, v))
				}
				same = append(same, text[len(text)-1])
			}
			switch r.IntN(5) {
			case 0:
				text = append(text, "package:@mine")
				same = append(same, "package:\"@nothing\"") // of an empty set
				for _, v := range p.Packages {
					same = append(same, "package:"+v)
				}
			case 1:
				text = append(text, "package:@team")
				same = append(same, "package:"+set[0], "package:"+set[1])
			case 2:
				me = 1 - 2*r.IntN(2)
				text = append(text, map[int]string{1: "person:me", -1: "-person:me"}[me])
			}
			f, err := rule.ParseFilter(strings.Join(text, " "), Prefix, p.Packages, func(string) ([]string, bool) { return set, true })
			if err != nil {
				continue // a filter of exceptions alone
			}
			q, err := archive.ParseQuery(strings.Join(same, " "))
			if err != nil {
				t.Fatal(err)
			}
			q.Prefix = Prefix
			one := &rule.Rule{Name: fmt.Sprintf("r%d", j), Filter: f, To: p.To}
			p.Rules = append(p.Rules, one)
			plain[one] = Plain{p, q, me}
		}
		list = append(list, p)
	}
	return list, plain
}

func addressIn(person string) string {
	if _, rest, ok := strings.Cut(person, " <"); ok {
		return strings.TrimSuffix(rest, ">")
	}
	return person
}

// Takes is the slow answer: what a search for the same finds.
func (p Plain) Takes(e event.Envelope) bool {
	if !p.Query.Takes(e) {
		return false
	}
	if p.Me == 0 {
		return true
	}
	named := slices.ContainsFunc(archive.SubjectOf(e).Values(archive.Person), func(who string) bool { return addressIn(who) == p.Person.Addresses[0] })
	return named == (p.Me == 1)
}
