package debbugs

import (
	"strings"
	"testing"
)

// Each kind of mail that says nothing has its own reason.
func TestSilent(t *testing.T) {
	for kind, want := range map[string]string{
		"ack 1":                "debbugs: acknowledgement",
		"ack-info-maintonly 1": "debbugs: acknowledgement",
		"doc-text bug-log":     "debbugs: help text",
		"getinfo":              "debbugs: help text",
		"list 1":               "debbugs: a subscriber's request that changes nothing",
		"future 1":             "debbugs: unknown kind of mail",
	} {
		o := run(t, load([]byte("X-Debian-PR-Message: "+kind+"\nX-Loop: owner@bugs.debian.org\n\nx\n")))
		if o.Skip != want || o.Translator != "debbugs" {
			t.Errorf("%s: got %+v, want the skip %q", kind, o, want)
		}
	}
}

func TestClaims(t *testing.T) {
	for name, c := range map[string]struct{ head, translator, skip, poison string }{
		"stranger":      {"From: nora@example.org\n", "", "not from debbugs", ""},
		"other loop":    {"X-Loop: tea@lists.example.org\n", "", "not from debbugs", ""},
		"no kind":       {"X-Loop: owner@bugs.debian.org\n", "debbugs", "debbugs: mail without a kind", ""},
		"no number":     {"X-Debian-PR-Message: report\n", "debbugs", "", "names no bug"},
		"not a number":  {"X-Debian-PR-Message: followup 12x\n", "debbugs", "", "names no bug"},
		"negative":      {"X-Debian-PR-Message: closed -1\n", "debbugs", "", "names no bug"},
		"signed number": {"X-Debian-PR-Message: closed +1\n", "debbugs", "", "names no bug"},
		"huge":          {"X-Debian-PR-Message: forwarded 1000000000\n", "debbugs", "", "names no bug"},
	} {
		o := run(t, load([]byte(c.head+"\nx\n")))
		if o.Translator != c.translator || o.Skip != c.skip || !strings.Contains(o.Poison, c.poison) || c.poison != "" && o.Poison == "" {
			t.Errorf("%s: got %+v", name, o)
		}
	}
}

// A sender's own fields come after debbugs's and never count.
func TestFirstFieldCounts(t *testing.T) {
	o := run(t, load([]byte("X-Debian-PR-Message: followup 7\nX-Debian-PR-Package: teapot\n"+
		"From: nora@example.org\nX-Debian-PR-Message: closed 8\nX-Debian-PR-Package: kettle\nMessage-ID: <a@example.org>\n\nx\n")))
	if len(o.Events) == 0 || o.Events[0].Key != CommentKey(7, "a@example.org") {
		t.Fatalf("got %+v", o)
	}
	if c := o.Events[0].Body.(Commented); c.Package != "teapot" {
		t.Errorf("package %q", c.Package)
	}
}

// Without the trace line of debbugs's queue, its own message id tells a new
// report from mail for an existing bug.
func TestQueueFromHandler(t *testing.T) {
	for id, topic := range map[string]string{
		"handler.7.B.17730@bugs.debian.org":  "debbugs.bug.create",
		"handler.7.B7.17730@bugs.debian.org": "debbugs.bug.comment",
		"handler.7.U7.17730@bugs.debian.org": "debbugs.bug.comment",
		"unknown@lists.example.org":          "debbugs.bug.create",
	} {
		o := run(t, load([]byte("Resent-Message-ID: <list.1@lists.example.org>\nResent-Message-ID: <"+id+">\nX-Debian-PR-Message: report 7\n\nx\n")))
		if len(o.Events) == 0 || o.Events[0].Kind.Topic != topic {
			t.Errorf("%s: want %s, got %+v", id, topic, o)
		}
	}
}

func TestTimes(t *testing.T) {
	for name, c := range map[string]struct{ head, want string }{
		"received by debbugs": {"Received: from x by y; Tue, 10 Mar 2026 09:00:00 +0000\nReceived: (at submit) by bugs.debian.org; 9 Mar 2026 10:00:00 +0100\nDate: Mon, 1 Jan 2001 00:00:00 +0000\n", "2026-03-09T09:00:00Z"},
		"the sender's date":   {"Date: Mon, 09 Mar 2026 10:00:00 +0000\n", "2026-03-09T10:00:00Z"},
		"resent":              {"Resent-Date: Mon, 09 Mar 2026 10:00:00 +0000\n", "2026-03-09T10:00:00Z"},
		"unreadable":          {"Received: (at submit) by bugs.debian.org; soon\n", ""},
	} {
		o := run(t, load([]byte("X-Debian-PR-Message: report 7\n"+c.head+"\nx\n")))
		if len(o.Events) == 0 {
			t.Fatalf("%s: %+v", name, o)
		}
		if got := o.Events[0].Body.(Created).Time; got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}
