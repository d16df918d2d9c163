package ledger_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"busbar/bus/badges/ledger"
	"busbar/bus/badges/rule"
	"busbar/common/event"
)

const rules = `
optout = ["quiet@example.org"]
never = ["robot*@example.org"]
[[badge]]
name = "uploads"
title = "Uploads"
text = "for uploads"
criterion = "count"
query = "topic:dak.source.accept"
levels = [1, 3, 10]
[[badge]]
name = "days"
title = "Days"
text = "for days"
criterion = "streak"
unit = "day"
query = "topic:dak.source.accept"
levels = [2, 4]
[[badge]]
name = "weeks"
title = "Weeks"
text = "for weeks"
criterion = "streak"
unit = "week"
query = "topic:dak topic:debbugs"
levels = [2, 3]
[[badge]]
name = "packages"
title = "Packages"
text = "for packages"
criterion = "distinct"
of = "package"
query = "topic:dak.source.accept"
levels = [2, 4]
[[badge]]
name = "first"
title = "First"
text = "the first of all"
criterion = "first"
query = "topic:debbugs.bug.close"
[[badge]]
name = "pioneer"
title = "Pioneer"
text = "the first of a package"
criterion = "first"
of = "package"
query = "topic:dak.source.accept"
levels = [1, 2]
[[badge]]
name = "both"
title = "Both"
text = "uploads and closes"
criterion = "combination"
[[badge.part]]
query = "topic:dak.source.accept"
[[badge.part]]
query = "topic:debbugs.bug.close"
[[badge]]
name = "quick"
title = "Quick"
text = "closed soon"
criterion = "combination"
same = "bug"
within = "48h"
levels = [1, 2]
[[badge.part]]
query = "topic:debbugs.bug.create"
anyone = true
[[badge.part]]
query = "topic:debbugs.bug.close"
`

// A said event is one of the test: its facts, and when each of two publishers says it.
type said struct {
	id, topic, person, pkg string
	bug                    int
	at, late               int64 // happened; late: as the second publisher has it, if it says it
	twice                  bool
}

func (s said) read(late bool) *rule.Event {
	at := s.at
	if late {
		at = s.late
	}
	body := map[string]any{"package": s.pkg, "bug": event.Int(fmt.Sprint(s.bug)), "person": map[string]any{"name": "Some One", "email": s.person}}
	return rule.NewEvent("org.debian", event.Envelope{Topic: "org.debian.dev." + s.topic, MsgID: s.id, Timestamp: 2e9, EventTime: event.Stamp(time.Unix(at, 0)), Msg: body})
}

func random(r *rand.Rand, n int) []said {
	begin := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC).Unix()
	topics := []string{"dak.source.accept", "dak.source.accept", "debbugs.bug.create", "debbugs.bug.close", "lists.mail.receive"}
	people := []string{"jane@example.org", "Bob@example.org", "mia@example.org", "quiet@example.org", "robot7@example.org", "zoe"}
	var list []said
	for i := range n {
		at := begin + r.Int64N(40)*43200 + r.Int64N(3)*r.Int64N(20000)
		list = append(list, said{
			id: fmt.Sprintf("2026-%08x-0000-5000-8000-%012x", r.Uint32(), i), topic: topics[r.IntN(len(topics))], person: people[r.IntN(len(people))],
			pkg: fmt.Sprint("pkg", r.IntN(8)), bug: 1 + r.IntN(n/4+1), at: at, late: at + r.Int64N(200_000) - 100_000, twice: r.IntN(4) == 0,
		})
	}
	return list
}

// plain gives the awards by looking at everything again and again.
func plain(set rule.Set, list []said) map[string]string {
	type one struct {
		said
		at int64
	}
	var all []one
	for _, s := range list {
		all = append(all, one{s, s.at})
		if s.twice {
			all = append(all, one{s, s.late})
		}
	}
	slices.SortFunc(all, func(a, b one) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.id, b.id)) })
	lower := func(s string) string { k, _ := rule.Key(s); return k }
	of := func(who string, topics ...string) (mine []one) {
		for _, e := range all {
			if slices.Contains(topics, e.topic) && (who == "" || lower(e.person) == who) {
				mine = append(mine, e)
			}
		}
		return mine
	}
	const up, open, done = "dak.source.accept", "debbugs.bug.create", "debbugs.bug.close"
	awards := map[string]string{}
	for _, who := range []string{"jane@example.org", "bob@example.org", "mia@example.org", "zoe"} {
		give := func(badge string, level int, e one) {
			awards[fmt.Sprint(badge, " ", level, " ", who)] = fmt.Sprint(e.at, " ", e.id)
		}
		// nth is the event by which there are n different values.
		nth := func(badge string, mine []one, value func(one) string, levels ...int) {
			seen := map[string]bool{}
			for _, e := range mine {
				if v := value(e); v != "" && !seen[v] {
					seen[v] = true
					if slices.Contains(levels, len(seen)) {
						give(badge, len(seen), e)
					}
				}
			}
		}
		nth("uploads", of(who, up), func(e one) string { return e.id }, 1, 3, 10)
		nth("packages", of(who, up), func(e one) string { return e.pkg }, 2, 4)
		both := map[string]bool{}
		for _, e := range of(who, up, done) {
			if both[e.topic] = true; len(both) == 2 {
				give("both", 1, e)
				break
			}
		}
		streak := func(badge string, length int64, shift int64, mine []one, levels ...int) {
			first := map[int64]one{}
			for _, e := range mine {
				if _, ok := first[(e.at+shift)/length]; !ok {
					first[(e.at+shift)/length] = e
				}
			}
			for _, level := range levels {
				for _, day := range slices.Sorted(maps.Keys(first)) {
					row := true
					for back := range int64(level) {
						_, ok := first[day-back]
						row = row && ok
					}
					if row {
						give(badge, level, first[day])
						break
					}
				}
			}
		}
		streak("days", 86400, 0, of(who, up), 2, 4)
		streak("weeks", 7*86400, 3*86400, of(who, up, open, done), 2, 3)
		isFirst := func(e one, topic string, same func(a, b one) bool) bool {
			for _, o := range of("", topic) {
				if same(o, e) && lower(o.person) != "robot7@example.org" {
					return lower(o.person) == who && o == e
				}
			}
			return false
		}
		var firsts, pioneer []one
		for _, e := range of(who, done) {
			if isFirst(e, done, func(a, b one) bool { return true }) {
				firsts = append(firsts, e)
			}
		}
		for _, e := range of(who, up) {
			if isFirst(e, up, func(a, b one) bool { return a.pkg == b.pkg }) {
				pioneer = append(pioneer, e)
			}
		}
		nth("first", firsts, func(one) string { return "x" }, 1)
		nth("pioneer", pioneer, func(e one) string { return e.pkg }, 1, 2)
		nth("quick", of(who, done), func(e one) string {
			for _, o := range of("", open) {
				if o.bug == e.bug && e.at-o.at <= 48*3600 && (o.at < e.at || o.at == e.at && o.id < e.id) {
					return fmt.Sprint(e.bug)
				}
			}
			return ""
		}, 1, 2)
	}
	return awards
}

func readRules(t testing.TB, text string) rule.Set {
	t.Helper()
	file := filepath.Join(t.TempDir(), "badges.toml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	set, err := rule.Files{Path: file, Prefix: "org.debian"}.Read()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func awardsOf(t testing.TB, r *ledger.Reader) map[string]string {
	t.Helper()
	list, err := r.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, a := range list {
		got[fmt.Sprint(a.Badge, " ", a.Level, " ", a.Person)] = fmt.Sprint(a.Time.Unix(), " ", a.Message)
	}
	return got
}

// TestAwardsFollowFromTheMessages gives the same messages in any order of two
// publishers, in batches of any size, some of which are broken off, and all of it twice:
// the awards are those that a plain look at everything gives.
func TestAwardsFollowFromTheMessages(t *testing.T) {
	set := readRules(t, rules)
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 16))
		list := random(r, 30+r.IntN(250))
		want := plain(set, list)
		path := filepath.Join(t.TempDir(), "badges.db")
		var messages []*rule.Event
		for _, s := range list {
			messages = append(messages, s.read(false))
			if s.twice {
				messages = append(messages, s.read(true))
			}
		}
		r.Shuffle(len(messages), func(i, j int) { messages[i], messages[j] = messages[j], messages[i] })
		for _, epoch := range []string{"one", "two"} {
			feed(t, r, path, set, epoch, messages)
		}
		l, err := ledger.OpenBeside(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		got := awardsOf(t, l)
		l.Close()
		if !maps.Equal(got, want) {
			for _, key := range slices.Sorted(maps.Keys(want)) {
				if got[key] != want[key] {
					t.Errorf("seed %d: %s: %q, want %q", seed, key, got[key], want[key])
				}
			}
			for key := range got {
				if _, ok := want[key]; !ok {
					t.Errorf("seed %d: %s is nobody's", seed, key)
				}
			}
		}
		if len(want) < 10 {
			t.Fatalf("seed %d: only %d awards; the test is too weak", seed, len(want))
		}
	}
}

// feed has the ledger read messages, breaking off now and then.
func feed(t *testing.T, r *rand.Rand, path string, set rule.Set, epoch string, messages []*rule.Event) {
	t.Helper()
	for done := false; !done; {
		l, err := ledger.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Use(t.Context(), set, "org.debian", epoch); err != nil {
			t.Fatal(err)
		}
		for {
			at := int(l.Position().N)
			if done = at == len(messages); done {
				break
			}
			end := min(len(messages), at+1+r.IntN(60))
			var batch []ledger.Read
			for i := at; i < end; i++ {
				batch = append(batch, ledger.Read{N: int64(i + 1), Event: messages[i]})
			}
			ctx, cancel := context.WithCancel(t.Context())
			if r.IntN(4) == 0 {
				timer := time.AfterFunc(time.Duration(r.IntN(3000))*time.Microsecond, cancel)
				defer timer.Stop()
			}
			err := l.Apply(ctx, batch, ledger.Position{N: int64(end)})
			cancel()
			if err != nil && ctx.Err() == nil {
				t.Fatal(err)
			}
			if err != nil && r.IntN(2) == 0 {
				break // as after a kill: the file is opened again
			}
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
