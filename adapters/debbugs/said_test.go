package debbugs

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"busbar/common/event"
	"busbar/common/translate"
	"busbar/fixtures/bugtracker"
	"busbar/fixtures/cases"
	"busbar/fixtures/corpus"
)

// saidBy is what events say of bugs, as a follower reads them off the bus.
func saidBy(t *testing.T, events []event.Event) map[int][]Said {
	t.Helper()
	all := map[int][]Said{}
	for _, e := range events {
		body, err := event.CanonicalOf(e.Body)
		if err != nil {
			t.Fatal(err)
		}
		for bug, said := range SaidOf(e.Kind.Topic, body) {
			all[bug] = append(all[bug], said...)
		}
	}
	return all
}

// What mails say of a bug is what the tracker has: after any commands, nothing is
// left that a reader of states would have to tell besides. And without one of the
// mails, all that it said is told.
func TestCommandsAndStates(t *testing.T) {
	rng := rand.New(rand.NewPCG(14, 1))
	at := time.Date(2026, 3, 9, 10, 0, 0, 0, time.UTC)
	var mails [][]byte
	tr := bugtracker.New(bugtracker.Options{First: 7001, Seed: 14, Clock: func() time.Time { at = at.Add(time.Second); return at },
		Mailed: func(m []byte) { mails = append(mails, m) },
		Packages: map[string]bugtracker.Package{"teapot": {Maintainer: "tea@example.org", Versions: []string{"3.1-1", "3.1-2", "3.2-1"}},
			"kettle": {Maintainer: "tea@example.org", Versions: []string{"1.0-1", "1.1-1"}}}})
	const bugs = 6
	letter := func(n int) bugtracker.Letter {
		return bugtracker.Letter{From: "Nora Ørtega <nora@example.org>", MessageID: fmt.Sprintf("said.%d@example.org", n), Subject: "tidying — up", Body: "So.\n"}
	}
	for n := range bugs {
		tr.Report(bugtracker.Report{Package: []string{"teapot", "kettle"}[n%2], Version: "3.1-1", Letter: letter(n)})
	}
	commands := []string{"severity %d serious", "severity %d minor", "tags %d + patch help", "tags %d = l10n", "tags %d - patch", "retitle %d it's 'x' from 'y'",
		"retitle %d drips — on", "reassign %d kettle", "reassign %d teapot 3.1-2", "reassign %d src:teapot", "found %d 3.1-2", "found %d 1.1-1, 9", "notfound %d 3.1-1", "fixed %d 3.2-1", "notfixed %d 3.2-1",
		"found %d", "submitter %d Ann <ann@example.com>", "submitter %d !", "forwarded %d https://example.net/1", "forwarded %d a@example.net", "notforwarded %d",
		"owner %d !", "owner %d Bo <bo@example.org>", "noowner %d", "block %d by 7003", "block %d by 7005 7006", "unblock %d by 7003 7005", "affects %d kettle", "affects %d = src:teapot kettle", "affects %d",
		"summary %d it is so", "summary %d 0", "summary %d", "outlook %d soon", "outlook %d", "close %d 3.2-1", "close %d", "reopen %d", "reopen %d !", "archive %d", "unarchive %d",
		"forcemerge %d 7002", "forcemerge 7004 %d", "unmerge %d", "polish %d"}
	n, checked, told := 100, 0, 0
	for range cases.Of(400, 4000) {
		before := statesOf(tr, bugs)
		mails = nil
		var lines []string
		for range 1 + rng.IntN(3) {
			lines = append(lines, fmt.Sprintf(commands[rng.IntN(len(commands))], 7001+rng.IntN(bugs)))
		}
		n++
		tr.Control(letter(n), lines...)
		var events []event.Event
		for _, raw := range mails {
			events = append(events, run(t, load(raw)).Events...)
		}
		said, after := saidBy(t, events), statesOf(tr, bugs)
		for bug := 7001; bug < 7001+bugs; bug++ {
			was, now := before[bug], after[bug]
			if got := was.After(said[bug], now); !Same(got, now) {
				t.Fatalf("%q: of bug %d mails say\n%+v\nand it is\n%+v\nit was\n%+v\n%+v", lines, bug, got, now, was, said[bug])
			}
			checked++
			ch := Change{Bug: bug, Before: &was, After: &now, Said: said[bug]}
			o, err := translate.Run([]translate.Translator[Change]{ChangeTranslator()}, translate.Item[Change]{Value: ch})
			if err != nil || len(o.Events) > 0 {
				t.Fatalf("%q: of bug %d is told besides: %+v", lines, bug, o)
			}
			if !Same(was, now) {
				ch.Said = nil
				if o, err := translate.Run([]translate.Translator[Change]{ChangeTranslator()}, translate.Item[Change]{Value: ch}); err != nil || len(o.Events) == 0 {
					t.Fatalf("%q: no mail came, and of bug %d nothing is told: %+v\n%+v", lines, bug, was, now)
				}
				told++
			}
		}
	}
	t.Logf("%d states of bugs, %d of them changed", checked, told)
}

func statesOf(tr *bugtracker.Tracker, bugs int) map[int]Status {
	all := map[int]Status{}
	for bug := 7001; bug < 7001+bugs; bug++ {
		s, _ := tr.Status(bug)
		st := Status{Bug: s.Bug, Packages: s.Packages, Source: s.Source, Title: s.Title, Submitter: s.Submitter, MessageID: s.MessageID, Date: s.Date,
			Severity: s.Severity, Tags: ordered(s.Tags), Done: s.Done, Forwarded: s.Forwarded, Owner: s.Owner, Found: ordered(s.Found), Fixed: ordered(s.Fixed),
			Merged: ordered(s.Merged), Blocks: ordered(s.Blocks), BlockedBy: ordered(s.BlockedBy), Affects: ordered(s.Affects),
			Summary: s.Summary, Outlook: s.Outlook, Archived: s.Archived, Unarchived: s.Unarchived, LogModified: s.LogModified, LastModified: s.LastModified}
		st.Source = "" // no mail tells the source of another package
		all[bug] = st
	}
	return all
}

func ordered[T interface{ ~int | ~string }](list []T) []T {
	if list = slices.Sorted(slices.Values(list)); len(list) == 0 {
		return nil
	}
	return list
}

// What the captured mails say of the captured bugs leaves little to be told from the
// tracker's records: what no mail tells.
func TestCapturedStates(t *testing.T) {
	dir, ok := corpus.Captures(t)
	if !ok {
		return // they are an extra: TestSaid holds the fixtures
	}
	r := captured(t, dir)
	all := map[int][]Said{}
	for _, raw := range r.mails {
		for bug, said := range saidBy(t, run(t, load(raw)).Events) {
			all[bug] = append(all[bug], said...)
		}
	}
	status := r.status()
	left := map[string]int{}
	for bug := range r.logs {
		now := status[bug]
		o, err := translate.Run([]translate.Translator[Change]{ChangeTranslator()}, translate.Item[Change]{Value: Change{Bug: bug, After: &now, Log: r.log(bug), Said: all[bug]}})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range o.Events {
			if strings.Contains(e.Key, "/message/") || e.Kind.Family != "" || sameID(e) {
				continue
			}
			left[e.Kind.Topic]++
			t.Logf("%d: %s", bug, e.Title())
		}
	}
	t.Logf("left to be told: %v", left)
}

// FuzzSaid reads any message of the bus, and believes it of any bug.
func FuzzSaid(f *testing.F) {
	topics := []string{"debbugs.usertag.update"}
	for _, k := range AllKinds() {
		topics = append(topics, k.Topic)
	}
	f.Add(3, `{"bug":7,"severity":"grave","added":[8,"1"],"removed":["x"],"bugs":[1],"to":["a"],"title":"x"}`)
	f.Add(12, `{"bug":-7,"added":[9,9],"blocking_added":[0]}`)
	f.Fuzz(func(t *testing.T, n int, body string) {
		topic := topics[max(n, -n-1)%len(topics)]
		now := Status{Bug: 7, Severity: "minor", Tags: []string{"patch"}, Found: []string{"teapot/1"}, Merged: []int{8}, Done: "x"}
		for bug, said := range SaidOf(topic, []byte(body)) {
			if bug == 0 || len(said) == 0 || len(said) > 2*mostListed {
				t.Errorf("of bug %d is said %d times", bug, len(said))
			}
			was := now
			once := was.After(said, now)
			if twice := once.After(said, now); !Same(once, twice) {
				t.Errorf("said twice, it is %+v, and not %+v", twice, once)
			}
		}
		if _, _, said, ok := UsertagSaid(topic, []byte(body)); ok {
			TagAfter([]int{7}, []Said{said})
		}
	})
}
