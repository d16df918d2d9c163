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

	"busbar/adapters"
	"busbar/adapters/adaptertest"
	"busbar/common/event"
)

const soapCaptures = "../../../shared/captures/debbugs-soap"

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

// captured reads a captured reply: what its body holds below the method.
func captured(t *testing.T, name string) node {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(soapCaptures, name+".reply.http"))
	if err != nil {
		t.Skipf("no captures: %v", err)
	}
	_, body, _ := bytes.Cut(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")), []byte("\n\n"))
	var n node
	if err := xml.Unmarshal(body, &n); err != nil {
		t.Fatal(err)
	}
	return n.get("Body").Children[0].Children[0]
}

func capturedStatuses(t *testing.T) map[int]Status {
	all := map[int]Status{}
	for _, item := range captured(t, "get_status_batch43").Children {
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

func capturedLog(t *testing.T, name string) (log []Entry) {
	for _, item := range captured(t, name).Children {
		n, _ := strconv.Atoi(item.get("msg_num").value())
		log = append(log, Entry{Number: n, Header: []byte(item.get("header").value()), Body: item.get("body").value()})
	}
	return log
}

// mailed are the facts that the captured mails tell of each bug.
func mailed(t *testing.T) map[int]map[string]event.Event {
	files, err := filepath.Glob(filepath.Join(captures, "out-2.6", "*.eml"))
	if err != nil || len(files) == 0 {
		t.Skip("no captures")
	}
	all := map[int]map[string]event.Event{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range run(t, load(raw)).Events {
			n := bugNumber(strings.Split(e.Key, "/")[1])
			if all[n] == nil {
				all[n] = map[string]event.Event{}
			}
			all[n][e.Kind.Topic+" "+e.Key] = e
		}
	}
	return all
}

// TestMailAndSOAPAgree holds what SOAP tells of each captured bug to what its
// mails tell: the same facts, by the same ids.
func TestMailAndSOAPAgree(t *testing.T) {
	byMail, status := mailed(t), capturedStatuses(t)
	logs := map[int]string{700002: "get_bug_log", 700004: "get_bug_log_8bit", 700005: "get_bug_log_multipart",
		700007: "get_bug_log_signed", 700009: "get_bug_log_base64", 700033: "get_bug_log_archived"}
	agree, more := 0, 0
	for bug := range status {
		now := status[bug]
		ch := Change{Bug: bug, After: &now}
		if name := logs[bug]; name != "" {
			ch.Log = capturedLog(t, name)
		}
		adaptertest.Check(t, ChangeTranslator(), adapters.Item[Change]{Value: ch})
		o, err := adapters.Run([]adapters.Translator[Change]{ChangeTranslator()}, adapters.Item[Change]{Value: ch})
		if err != nil || len(o.Events) == 0 {
			t.Fatalf("bug %d: %+v, %v", bug, o, err)
		}
		bySOAP := map[string]event.Event{}
		for _, e := range o.Events {
			bySOAP[e.Kind.Topic+" "+e.Key] = e
			if testing.Verbose() && logs[bug] != "" {
				t.Logf("%d: %s: %s (recovered %v)", bug, e.Kind.Topic, e.Kind.Sentence(e.Body), e.Recovered)
			}
		}
		for id, m := range byMail[bug] {
			s, told := bySOAP[id]
			switch {
			case told:
				agree++
				if logs[bug] != "" && bug != 700004 { // its bytes are junk, which each reads in its own way
					alike(t, id, m, s)
				}
			case logs[bug] != "":
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
