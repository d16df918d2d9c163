package debbugs

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"busbar/adapters/adaptertest"
	"busbar/common/event"
	"busbar/common/translate"
	"busbar/fixtures/corpus"
)

// A node is an element of a reply.
type node struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Text     string     `xml:",chardata"`
	Children []node     `xml:",any"`
}

func (n node) value() string {
	for _, a := range n.Attrs {
		if a.Name.Local == "type" && strings.Contains(a.Value, "base64") {
			if b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(n.Text)); err == nil {
				return string(b)
			}
		}
	}
	return n.Text
}

func (n node) get(name string) node {
	for _, c := range n.Children {
		if c.XMLName.Local == name {
			return c
		}
	}
	return node{}
}

// A recording is what a tracker mailed, and what it answered about the same bugs.
type recording struct {
	mails    [][]byte
	statuses node         // of all bugs
	logs     map[int]node // of some
	junk     int          // the bug whose bytes are junk, which mail and SOAP read in their own ways
}

// captured is what the real tracker was seen to say.
func captured(t *testing.T, dir string) recording {
	t.Helper()
	c := corpus.Files(t, []string{"debbugs/*.mail"}, "debbugs-mail/out-2.6/*.eml")
	r := recording{logs: map[int]node{}, junk: 700004}
	for _, file := range c.Captured {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r.mails = append(r.mails, raw)
	}
	reply := func(name string) node {
		raw, err := os.ReadFile(filepath.Join(dir, "debbugs-soap", name+".reply.http"))
		if err != nil {
			t.Fatal(err)
		}
		_, body, _ := bytes.Cut(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")), []byte("\n\n"))
		return result(t, body)
	}
	r.statuses = reply("get_status_batch43")
	for bug, name := range map[int]string{700002: "get_bug_log", 700004: "get_bug_log_8bit", 700005: "get_bug_log_multipart",
		700007: "get_bug_log_signed", 700009: "get_bug_log_base64", 700033: "get_bug_log_archived"} {
		r.logs[bug] = reply(name)
	}
	return r
}

// result is what a reply's body holds below the method.
func result(t *testing.T, body []byte) node {
	t.Helper()
	var n node
	if err := xml.Unmarshal(body, &n); err != nil {
		t.Fatal(err)
	}
	return n.get("Body").Children[0].Children[0]
}

func (r recording) status() map[int]Status {
	all := map[int]Status{}
	for _, item := range r.statuses.Children {
		v := item.get("value")
		text := func(name string) string { return v.get(name).value() }
		number := func(name string) int64 { n, _ := strconv.ParseInt(text(name), 10, 64); return n }
		list := func(name string) []string {
			l := words(text(name))
			slices.Sort(l)
			return l
		}
		ints := func(name string) (l []int) {
			for _, w := range list(name) {
				l = append(l, bugNumber(w))
			}
			return l
		}
		versions := func(name string) (l []string) {
			for _, c := range v.get(name).Children {
				l = append(l, c.value())
			}
			slices.Sort(l)
			return l
		}
		s := Status{Bug: int(number("bug_num")), Packages: list("package"), Source: strings.Join(list("source"), " "), Title: text("subject"),
			Submitter: text("originator"), MessageID: strings.Trim(text("msgid"), "<>"), Date: number("date"), Severity: text("severity"),
			Tags: list("tags"), Done: text("done"), Forwarded: text("forwarded"), Owner: text("owner"), Found: versions("found_versions"),
			Fixed: versions("fixed_versions"), Merged: ints("mergedwith"), Blocks: ints("blocks"), BlockedBy: ints("blockedby"),
			Affects: list("affects"), Summary: text("summary"), Outlook: text("outlook"), Archived: text("archived") == "1",
			Unarchived: number("unarchived"), LogModified: number("log_modified"), LastModified: number("last_modified")}
		all[s.Bug] = s
	}
	return all
}

func (r recording) log(bug int) (log []Entry) {
	for _, item := range r.logs[bug].Children {
		n, _ := strconv.Atoi(item.get("msg_num").value())
		log = append(log, Entry{Number: n, Header: []byte(item.get("header").value()), Body: item.get("body").value()})
	}
	return log
}

// mailed are the facts that the mails tell of each bug.
func (r recording) mailed(t *testing.T) map[int]map[string]event.Event {
	all := map[int]map[string]event.Event{}
	for _, raw := range r.mails {
		for _, e := range run(t, load(raw)).Events {
			if !strings.HasPrefix(e.Key, "bug/") {
				continue
			}
			n := bugNumber(strings.Split(e.Key, "/")[1])
			if all[n] == nil {
				all[n] = map[string]event.Event{}
			}
			if _, told := all[n][e.Kind.Topic+" "+e.Key]; !told { // the answer to a command says less than the notice before it
				all[n][e.Kind.Topic+" "+e.Key] = e
			}
		}
	}
	return all
}

// TestMailAndSOAPAgree holds what SOAP tells of each bug to what its mails tell:
// the same facts, by the same ids.
func TestMailAndSOAPAgree(t *testing.T) {
	t.Run("fixture", func(t *testing.T) { agreeing(t, lived(t)) })
	if dir, ok := corpus.Captures(t); ok {
		t.Run("captures", func(t *testing.T) { agreeing(t, captured(t, dir)) })
	}
}

func agreeing(t *testing.T, r recording) {
	byMail, status := r.mailed(t), r.status()
	agree, more := 0, 0
	for bug := range status {
		now := status[bug]
		ch := Change{Bug: bug, After: &now}
		_, logged := r.logs[bug]
		ch.Log = r.log(bug)
		adaptertest.Check(t, ChangeTranslator(), translate.Item[Change]{Value: ch})
		o, err := translate.Run([]translate.Translator[Change]{ChangeTranslator()}, translate.Item[Change]{Value: ch})
		if err != nil || len(o.Events) == 0 {
			t.Fatalf("bug %d: %+v, %v", bug, o, err)
		}
		bySOAP := map[string]event.Event{}
		for _, e := range o.Events {
			bySOAP[e.Kind.Topic+" "+e.Key] = e
			if testing.Verbose() && logged {
				t.Logf("%d: %s: %s (recovered %v)", bug, e.Kind.Topic, e.Kind.Sentence(e.Body), e.Recovered)
			}
		}
		for id, m := range byMail[bug] {
			s, told := bySOAP[id]
			switch {
			case told:
				agree++
				if logged && bug != r.junk {
					alike(t, id, m, s)
				}
			case !sameID(m): // what commands did has ids of its own; see TestCommandsAndStates
			case logged:
				t.Errorf("mail tells %s, and SOAP does not", id)
			case m.Kind == createKind:
				t.Errorf("mail tells %s, and SOAP does not, without the log", id)
			}
		}
		for id, s := range bySOAP {
			if _, told := byMail[bug][id]; !told && slices.Contains([]*event.Kind{createKind, commentKind, closeKind, forwardKind}, s.Kind) {
				more++
				t.Logf("SOAP alone tells %s: %s", id, s.Kind.Sentence(s.Body))
			}
		}
	}
	t.Logf("%d facts have one id in mail and SOAP; %d messages and closings are in SOAP alone", agree, more)
	if agree < 30 {
		t.Errorf("only %d facts were compared", agree)
	}
}

// sameID tells whether both channels can know the fact's id.
func sameID(m event.Event) bool {
	f, isForward := m.Body.(Forwarded)
	return m.Kind == createKind || m.Kind == commentKind || m.Kind == closeKind || isForward && m.Key == ForwardKey(f.Bug.Bug, f.MessageID)
}

// alike compares what one fact's two bodies must agree in.
func alike(t *testing.T, id string, m, s event.Event) {
	t.Helper()
	short := func(e event.Event) string {
		switch b := e.Body.(type) {
		case Created:
			return fmt.Sprint(b.Severity, b.Version, b.Time, b.Person, b.MessageID, b.Tags, b.Title, strings.TrimSpace(b.Body))
		case Commented:
			return fmt.Sprint(b.Title, b.Time, b.Person, b.MessageID, b.ToSubmitter, b.Quiet, b.Maintonly, strings.TrimSpace(b.Body))
		case Closed:
			return fmt.Sprint(b.DoneBy, b.Version, b.Time, b.Person, b.MessageID, strings.TrimSpace(b.Body))
		case Forwarded:
			return fmt.Sprint(b.To, b.Time, b.Person, b.MessageID, strings.TrimSpace(b.Body))
		}
		return ""
	}
	if a, b := short(m), short(s); a != b {
		t.Errorf("%s: mail says\n%s\nSOAP says\n%s", id, a, b)
	}
}
