package status

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"busbar/bus/screen"
	"busbar/bus/survey"
	"busbar/common/condition"
	"busbar/common/program"
)

var noon = time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC)

// whole is a state with something in each part.
func whole(t *testing.T) state {
	t.Helper()
	few, lag := 0.25, int64(12)
	s := state{Time: noon, Topics: "org.debian.dev", Publishers: []publisher{
		{Name: "mail2bus.lists", Level: "ok", Endpoints: []string{"tcp://lists.example.org:9940"}, Lag: &lag, Speaker: survey.Speaker{
			Newest: 1234567, Message: noon.Add(-time.Minute), Heartbeat: noon.Add(-4 * time.Second), Interval: 30, Rate: &few,
		}},
		{Name: "scmhook.salsa", Level: "fail", Endpoints: []string{"tcp://a:1", "tcp://b:2"}, Speaker: survey.Speaker{
			Newest: 7, Message: noon.AddDate(0, 0, -3), Heartbeat: noon.Add(-2 * time.Minute), Interval: 30,
		}},
		{Name: "fedmsg.old", Level: "ok", Away: "quiet", Endpoints: []string{"tcp://c:3"}},
	}, Journals: []survey.Journal{{File: "/var/lib/busbar/mail2bus/journal.db", Publisher: "mail2bus.lists", Newest: 1234570, Message: noon, Behind: 3, Poisoned: 1, Bytes: 123 << 20, Process: 1}}}
	h := survey.Hub{URL: "http://127.0.0.1:9480"}
	err := h.Parse([]byte(`{"healthy": true, "archive": {"newest": 2000000}, "listeners": 12, "publishers": [{"publisher": "a", "epoch": "1", "head": 5}], "unknown": [],
		"intake": {"conditions": [{"name": "silent", "level": "warn", "since": "2026-02-01T11:00:00Z", "text": "the heartbeats of a are overdue", "hint": "look"}]},
		"gaps": [{"publisher": "a", "first": 3, "last": 4, "reason": "retention", "time": "2026-02-01T11:59:00Z"}, {"publisher": "a", "first": 1, "last": 1, "reason": "old", "time": "2026-01-01T00:00:00Z"}],
		"canaries": [{"publisher": "mail2bus.lists", "channel": "maildir", "state": "passing", "seen": "2026-02-01T11:58:00Z", "ago_s": 120, "took_ms": 1200},
			{"publisher": "soapbus.bugs", "channel": "soap", "state": "overdue", "seen": null}]}`))
	if err != nil {
		t.Fatal(err)
	}
	s.Hubs = []survey.Hub{h, {URL: "http://far:1", Error: "connection refused"}}
	for _, h := range s.Hubs {
		s.Findings = append(s.Findings, h.Findings(noon)...)
	}
	worstFirst(s.Findings)
	return s
}

const in90 = `
✖  org.debian.dev  2 wrong, 2 warnings                             2026-02-01 12:00:00 UTC

   PUBLISHER                 NEWEST  MESSAGE  HEARTBEAT  PER MIN  HUB LAG  AT
●  mail2bus.lists         1 234 567      60s         4s      0.2       12  lists.example.…
✖  scmhook.salsa                  7       3d       2min                    a:1 b:2
○  fedmsg.old                                     quiet                    c:3

   HUB                     ARRIVALS  PUBLISHERS  LISTENERS  GAPS
✖  http://127.0.0.1:9480  2 000 000           1         12     2
✖  http://far:1                                                   does not answer

   CANARY THROUGH         OF               CAME  TOOK
●  maildir                mail2bus.lists   2min  1.2s
✖  soap                   soapbus.bugs    never

   JOURNAL HERE              NEWEST  MESSAGE  UNSENT  POISON     SIZE  FILE
●  mail2bus.lists         1 234 570       0s       3       1  123 MiB  …ail2bus/journal.db
`

// TestView: what people see, wide and narrow.
func TestView(t *testing.T) {
	s := whole(t)
	var b bytes.Buffer
	if err := s.write(&b, screen.Screen{Width: 90}); err != nil {
		t.Fatal(err)
	}
	got, findings, _ := strings.Cut(b.String(), "\n\n✖ fail")
	if got = "\n" + got + "\n"; got != in90 {
		t.Errorf("in 90 columns:\n%s\nwant%s", got, in90)
	}
	for _, want := range []string{
		"http://far:1 the hub cannot be asked: connection refused", "silent: the heartbeats of a are overdue (look)", "messages 3 to 4 of a are missing for good: retention",
		"no canary comes through soap of soapbus.bugs: none ever did",
	} {
		if !strings.Contains(strings.Join(strings.Fields(findings), " "), want) {
			t.Errorf("nothing says %q:\n%s", want, findings)
		}
	}
	for width := 40; width < 200; width++ {
		b.Reset()
		if err := s.write(&b, screen.Screen{Width: width}); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(b.String()) {
			if n := screen.Columns(strings.TrimSuffix(line, "\n")); n > width {
				t.Fatalf("%q takes %d columns of %d", line, n, width)
			}
		}
	}
}

// TestHostileHub: what a hub says cannot harm; what it does not say is not there.
func TestHostileHub(t *testing.T) {
	for _, text := range []string{"", "null", "[]", "{}", `{"publishers": 1}`, `{"intake": null, "gaps": [{}], "canaries": [{}]}`, `{"intake": {"conditions": [{"level": "\u001b[31m"}]}}`} {
		h := survey.Hub{URL: "http://a:1"}
		if err := h.Parse([]byte(text)); err != nil {
			h.Error = err.Error()
		}
		s := state{Time: noon, Hubs: []survey.Hub{h}, Findings: h.Findings(noon)}
		var b bytes.Buffer
		if err := s.write(&b, screen.Screen{}); err != nil || strings.Contains(b.String(), "\x1b") {
			t.Errorf("%s: %q, %v", text, b.String(), err)
		}
		if _, err := json.Marshal(s); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// FuzzStatus: whatever a hub answers, it is shown or refused.
func FuzzStatus(f *testing.F) {
	f.Add([]byte(`{"healthy": true, "canaries": [{"seen": null}], "gaps": [{"first": 1}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		h := survey.Hub{URL: "http://a:1"}
		if h.Parse(text) != nil {
			return
		}
		s := state{Time: noon, Hubs: []survey.Hub{h}, Findings: h.Findings(noon)}
		if err := s.write(&bytes.Buffer{}, screen.Screen{Width: 80}); err != nil {
			t.Error(err)
		}
	})
}

// TestLevels: the worst of several endpoints counts.
func TestLevels(t *testing.T) {
	for want, levels := range map[string][]string{"ok": {"ok", "ok"}, "warn": {"ok", "warn", "ok"}, "fail": {"warn", "fail", "ok"}} {
		p := publisher{Level: "ok"}
		for _, l := range levels {
			e := survey.Endpoint{}
			if l != "ok" {
				e.Findings = []program.Finding{{Level: l}}
			}
			p.join(e, survey.Speaker{})
		}
		if p.Level != want {
			t.Errorf("of %q comes %s", levels, p.Level)
		}
	}
	f := survey.OfCondition("a", condition.Condition{Name: "n", Level: condition.Fail, Text: "t"})
	if f.Level != "fail" || f.Detail != "n: t" {
		t.Errorf("%+v", f)
	}
}
