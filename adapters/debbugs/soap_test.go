package debbugs

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"busbar/common/event"
	"busbar/common/translate"
)

// entry is a message of a log.
func entry(at, more, body string) Entry {
	id := fmt.Sprintf("Message-ID: <%s@example.org>", strings.Trim(strings.ReplaceAll(at+more, " ", ""), ":<>@"))
	if strings.Contains(more, "Message-ID") {
		id = "X-Kettle: on"
	}
	e := Entry{Number: 5, Lines: []string{"Received: (at " + at + ") by bugs.debian.org; 9 Mar 2026 10:00:00 +0000",
		"From: Nora <nora@example.org>", "Subject: drips", id}, Body: body}
	if more != "" {
		e.Lines = append(e.Lines, more)
	}
	return e
}

func tell(t *testing.T, ch Change) []event.Event {
	t.Helper()
	o, err := translate.Run([]translate.Translator[Change]{ChangeTranslator()}, translate.Item[Change]{Value: ch})
	if err != nil || o.Poison != "" {
		t.Fatalf("%+v, %v", o, err)
	}
	return slices.DeleteFunc(o.Events, func(e event.Event) bool { return e.Kind.Family != "" })
}

func topics(events []event.Event) string {
	var all []string
	for _, e := range events {
		s := strings.TrimPrefix(e.Kind.Topic, "debbugs.bug.")
		if !e.Recovered {
			s += "!"
		}
		all = append(all, s)
	}
	return strings.Join(all, " ")
}

// TestRecovered: what mail tells too is marked, and what no mail ever tells is
// not. A topic with "!" is not marked.
func TestRecovered(t *testing.T) {
	was := Status{Bug: 7, LogModified: 1773050000}
	for name, c := range map[string]struct {
		log   []Entry
		now   Status
		topic string
	}{
		"comment":              {[]Entry{entry("7", "", "x")}, Status{}, "comment"},
		"quiet comment":        {[]Entry{entry("7-quiet", "", "x")}, Status{}, "comment!"},
		"maintainers alone":    {[]Entry{entry("7-maintonly", "", "x")}, Status{}, "comment"},
		"with its domain":      {[]Entry{entry("7@bugs.debian.org", "", "x")}, Status{}, "comment"},
		"by the subject":       {[]Entry{entry("submit", "", "x")}, Status{}, "comment"},
		"no trace":             {[]Entry{{Lines: []string{"From: a@example.org"}, Body: "x"}}, Status{}, "comment"},
		"commands":             {[]Entry{entry("control", "", "severity 7 grave")}, Status{Severity: "grave"}, "severity.update"},
		"commands, no effect":  {[]Entry{entry("request", "", "severity 7 grave")}, Status{}, ""},
		"a subscription":       {[]Entry{entry("7-subscribe", "", "x")}, Status{}, ""},
		"another bug's":        {[]Entry{entry("8", "", "x")}, Status{}, ""},
		"closed":               {[]Entry{entry("7-done", "", "x")}, Status{Done: "Nora <nora@example.org>"}, "close"},
		"closed twice":         {[]Entry{entry("7-done", "", "x"), entry("7-close", "X: y", "x")}, Status{Done: "a@example.org"}, "close comment"},
		"closed with versions": {[]Entry{entry("7-done", "", "x"), entry("7-done", "X: y", "Version: 2")}, Status{Done: "a@example.org"}, "close close"},
		"closed and found": {[]Entry{entry("7-done", "", "x"), entry("control", "", "found 7 2"), entry("7-done", "X: y", "x")},
			Status{Done: "a@example.org", Found: []string{"2"}}, "close close found.update"},
		"closed, opened, closed": {[]Entry{entry("7-done", "", "x"), entry("control", "", "reopen 7"), entry("7-done", "X: y", "x")},
			Status{Done: "a@example.org"}, "close reopen close"},
		"closed and opened":  {[]Entry{entry("7-done", "", "x"), entry("control", "", "reopen 7")}, Status{}, "close reopen"},
		"closed and lost":    {[]Entry{entry("7-done", "", "x")}, Status{}, "close reopen"},
		"by control":         {[]Entry{entry("control", "", "CLOSE #7 2.0\nthanks\nclose 7")}, Status{Done: "nora@example.org"}, "close"},
		"by nobody":          {nil, Status{Done: "nora@example.org"}, "close"},
		"forwarded":          {[]Entry{entry("7-forwarded", "To: up@example.com", "x")}, Status{Forwarded: "up@example.com"}, "forward"},
		"forwarded to us":    {[]Entry{entry("7-forwarded", "To: up@example.com, 7-forwarded@bugs.debian.org", "x")}, Status{}, "forward"},
		"forwarded and back": {[]Entry{entry("7-forwarded", "To: up@example.com", "x"), entry("control", "", "notforwarded 7")}, Status{}, "forward unforward"},
		"archived":           {nil, Status{Archived: true}, "archive!"},
		"asked for":          {[]Entry{entry("control", "", "archive 7")}, Status{Archived: true}, "archive"},
		"to both":            {[]Entry{entry("control", "Cc: 7-done@bugs.debian.org, 8@bugs.debian.org", "x")}, Status{Done: "nora@example.org"}, "close"},
		"resent":             {[]Entry{entry("control", "Resent-To: x@example.org\nCc: 7@bugs.debian.org", "x")}, Status{}, ""},
	} {
		now := c.now
		now.Bug, now.LogModified = 7, 1773060000
		ch := Change{Bug: 7, Before: &was, After: &now, Log: c.log}
		if got := topics(tell(t, ch)); got != c.topic {
			t.Errorf("%s: told %q, want %q", name, got, c.topic)
		}
	}
	gone := tell(t, Change{Bug: 7, Before: &was})
	if topics(gone) != "delete!" {
		t.Errorf("a bug that is gone: %s", topics(gone))
	}
}

// TestStateKeys: all who see the same two states tell one id; a change there
// and back is two facts.
func TestStateKeys(t *testing.T) {
	a := Status{Bug: 7, Severity: "normal", LogModified: 100}
	b := Status{Bug: 7, Severity: "grave", LogModified: 200}
	again := Status{Bug: 7, Severity: "normal", LogModified: 300}
	key := func(x, y Status, log ...Entry) string {
		return tell(t, Change{Bug: 7, Before: &x, After: &y, Log: log})[0].Key
	}
	if key(a, b) != key(a, b, entry("control", "", "severity 7 grave")) {
		t.Error("the log is part of the key")
	}
	third := b
	third.LogModified = 400
	if k := key(a, b); k == key(b, again) || k == key(again, third) {
		t.Error("a change there and back has one key")
	}
	if StateKey(7, "tag", []string{"a", "b"}, nil, 1) == StateKey(7, "tag", []string{"a"}, []string{"b"}, 1) ||
		StateKey(7, "tag", []string{"a,b"}, nil, 1) == StateKey(7, "tag", []string{"a", "b"}, nil, 1) {
		t.Error("two changes have one key")
	}
	if UsertagKey("a", "bc", 1, 1) == UsertagKey("ab", "c", 1, 1) {
		t.Error("two tags have one key")
	}
}

// TestPartsOfALongLog: the parts tell what the whole tells.
func TestPartsOfALongLog(t *testing.T) {
	now := Status{Bug: 7, Title: "drips", MessageID: "r@example.org", Submitter: "Nora <nora@example.org>", Severity: "grave",
		Packages: []string{"teapot"}, Done: "Nora <nora@example.org>", LogModified: 1773060000}
	log := []Entry{entry("submit", "Message-ID: <r@example.org>", "Package: teapot\nSeverity: serious\n\nx"), entry("7", "", "x"),
		entry("7-done", "", "x"), entry("control", "", "reopen 7\nseverity 7 grave"), entry("7-done", "X: y", "x")}
	whole := tell(t, Change{Bug: 7, After: &now, Log: log})
	if got := topics(whole); got != "create comment close reopen close severity.update" {
		t.Fatalf("the whole tells %s", got)
	}
	for cut := range len(log) + 1 {
		first := Change{Bug: 7, After: &now, Log: log[:cut], More: true}
		if cut == 0 { // nothing is known but the state: what the report was, no part tells
			continue
		}
		parts := append(tell(t, first), tell(t, Change{Bug: 7, Before: Published(first), After: &now, Log: log[cut:]})...)
		if cut == 4 { // where the reopening ends a part, its event comes with the next or not at all
			continue
		}
		if !slices.EqualFunc(whole, parts, func(a, b event.Event) bool { return a.Key == b.Key }) {
			t.Errorf("cut after %d: told %s, want %s", cut, topics(parts), topics(whole))
		}
	}
}

func TestEntry(t *testing.T) {
	e := entry("7", "Message-ID: <a@example.org>\nContent-Type: multipart/mixed; boundary=x\nContent-Transfer-Encoding: base64", "Grün ☕")
	if e.MessageID() != "a@example.org" || e.Arrived() != time.Date(2026, 3, 9, 10, 0, 0, 0, time.UTC) {
		t.Errorf("%s at %s", e.MessageID(), e.Arrived())
	}
	if got := withText(e.head().Header, e.Body).Text(); got != "Grün ☕" {
		t.Errorf("text %q", got)
	}
	for body, want := range map[string]string{"cafÃ©": "café", "café": "café", "plain": "plain", "☕": "☕"} {
		latin := entry("control", "Content-Type: text/plain; charset=ISO-8859-1", body)
		if got := latin.text(latin.head()); got != want {
			t.Errorf("%q is read as %q", body, got)
		}
	}
	koi8 := entry("control", "Content-Type: text/plain; charset=koi8_r (Russian)", "я┤п╟п╧")
	if got := koi8.text(koi8.head()); got != "чай" {
		t.Errorf("KOI8-R is read as %q", got)
	}
	if (Entry{}).Arrived() != (time.Time{}) {
		t.Error("an empty entry arrived")
	}
}

func TestCommands(t *testing.T) {
	got := fmt.Sprint(commands("\ufeffseverity 7 grave\n# severity 8 grave\nTags #9 + patch\nhello\nmerge 1 2 #3\nclone 7 -1 -2\nblock 5 with 6\nthank you\nclose 7\n"))
	want := "[{severity [7] grave} {tags [9] + patch} {merge [1 2 3] 2 #3} {clone [7] -1 -2} {block [5 6] with 6}]"
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSame(t *testing.T) {
	a := Status{Bug: 7, Tags: []string{"patch"}, LogModified: 1, LastModified: 2}
	b := Status{Bug: 7, Tags: []string{"patch"}, Found: []string{}, LogModified: 3}
	if !Same(a, b) {
		t.Error("stamps count")
	}
	b.BlockedBy = []int{1}
	if Same(a, b) {
		t.Error("a block does not count")
	}
}

// TestLongLogs: what one change tells is bounded, however much it holds.
func TestLongLogs(t *testing.T) {
	now := Status{Bug: 7}
	log := slices.Repeat([]Entry{entry("7", "", strings.Repeat("é", maxText))}, MaxLog)
	for i := range log {
		log[i].Lines = append(slices.Clone(log[i].Lines[:3]), fmt.Sprintf("Message-ID: <%d@example.org>", i))
	}
	size := 0
	for _, e := range tell(t, Change{Bug: 7, Before: &now, After: &now, Log: log}) {
		b := e.Body.(Commented)
		size += len(b.Body)
		if !b.Truncated {
			t.Error("a text was cut in silence")
		}
	}
	if size > MaxLogText {
		t.Errorf("%d bytes of text", size)
	}
	o, err := translate.Run([]translate.Translator[Change]{ChangeTranslator()}, translate.Item[Change]{Value: Change{Bug: 7, Before: &now, After: &now, Log: append(log, log[0])}})
	if err != nil || !strings.Contains(o.Poison, "in parts") {
		t.Errorf("%+v, %v", o, err)
	}
}
