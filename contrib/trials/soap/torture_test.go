package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"busbar/common/event"
	"busbar/contrib/trials/trial"
	"busbar/fixtures/bugtracker"
)

// TestTorture plays the acts with few bugs.
func TestTorture(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), trial.Long)
	defer cancel()
	var out strings.Builder
	o := options{bugs: 60, changes: 120, kills: 6, both: 25, synthetic: 3000, rate: 6000, life: 2 * time.Second, patience: 20 * time.Second, Options: trial.Options{Seed: 7}}
	err := torture(ctx, o, &out)
	t.Log("\n" + out.String())
	if err != nil {
		t.Fatal(err)
	}
}

// TestLedger shows that faults are found.
func TestLedger(t *testing.T) {
	tracker := bugtracker.New(bugtracker.Options{First: 700001})
	w := newWorld(tracker, 1)
	bug := w.report()
	b := openBooks(tracker)
	st, _ := tracker.Status(bug)
	say := func(l *ledger, told *told, topic string, body map[string]any) {
		told.note(event.Envelope{Topic: "org.debian.dev.debbugs." + topic, Msg: body}, l)
	}
	fresh := func() (*ledger, *told) {
		return &ledger{}, &told{ids: map[string]bool{}, bugs: map[int]*state{}, tags: map[string]map[int]bool{}, base: b}
	}
	l, told := fresh()
	if diff := told.bug(bug).differs(st); diff != "" {
		t.Errorf("nothing happened, and %s", diff)
	}
	say(l, told, "bug.severity.update", map[string]any{"bug": event.Int("700001"), "severity": "grave"})
	say(l, told, "bug.severity.update", map[string]any{"bug": event.Int("700001"), "severity": "grave"})
	if l.idle != 1 {
		t.Errorf("a change that was told twice counts %d", l.idle)
	}
	if diff := told.bug(bug).differs(st); !strings.Contains(diff, `severity told "grave"`) && st.Severity != "grave" {
		t.Errorf("a wrong end is not found: %q", diff)
	}
	l, told = fresh()
	tracker.Mail(bug, "", w.letter())
	if b.messages(bug, told, l); l.lost != 1 || l.messages != 1 {
		t.Errorf("a lost message counts %d of %d", l.lost, l.messages)
	}
	l, told = fresh()
	if b.vanished(map[int]bool{}, told, l); l.gone != 1 || l.goneTold != 0 {
		t.Errorf("a bug that went without a word counts %d, told %d", l.gone, l.goneTold)
	}
	if b.vanished(map[int]bool{bug: true}, told, l); l.gone != 1 {
		t.Error("a bug that is there counts as gone")
	}
	l, told = fresh()
	told.tags["cold"] = map[int]bool{bug: true}
	if b.compareTags(told, l); l.tagsWrong != 1 {
		t.Errorf("a usertag that is no more counts %d", l.tagsWrong)
	}
	if (ledger{lost: 1}).verdict() == nil || (ledger{gone: 1}).verdict() == nil || (ledger{}).verdict() != nil {
		t.Error("the verdict is not that of the numbers")
	}
}

// TestPace counts the requests of any minute.
func TestPace(t *testing.T) {
	var requests []bugtracker.Request
	at := time.Now()
	for i := range 200 {
		if at = at.Add(time.Second); i == 100 {
			at = at.Add(time.Hour)
		}
		requests = append(requests, bugtracker.Request{At: at, Method: "get_status"})
	}
	p := paceOf(requests)
	if p.minute != 60 || p.nearest != time.Second || p.within(60) != nil || p.within(50) == nil {
		t.Errorf("%+v", p)
	}
}
