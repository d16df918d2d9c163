package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"busbar/common/event"
	"busbar/fixtures"
)

// A share is how often messages of a topic come, of a publisher.
type share struct {
	topic, publisher string
	times            int
}

// shares are how often each kind of message comes: 155 mails of bugs to 45 uploads, as
// Debian's own fedmsg counted in its first year; builds and pushes as they follow from
// uploads, each built on several architectures and preceded by a few commits.
var shares = []share{
	{"debbugs.bug.comment", "mail2bus", 70}, {"debbugs.bug.create", "mail2bus", 28}, {"debbugs.bug.close", "mail2bus", 27},
	{"debbugs.control.process", "mail2bus", 9}, {"debbugs.bug.tag.update", "mail2bus", 9}, {"debbugs.bug.severity.update", "mail2bus", 5},
	{"debbugs.bug.merge", "mail2bus", 3}, {"debbugs.bug.found.update", "mail2bus", 2}, {"debbugs.bug.fixed.update", "mail2bus", 2},
	{"dak.source.accept", "mail2bus", 30}, {"dak.binary.accept", "mail2bus", 15},
	{"wannabuild.build.take", "dbpoll", 62}, {"wannabuild.build.upload", "dbpoll", 55}, {"wannabuild.build.install", "dbpoll", 55},
	{"wannabuild.build.queue", "dbpoll", 12}, {"wannabuild.build.fail", "dbpoll", 10}, {"wannabuild.build.block", "dbpoll", 6},
	{"scm.commit.create", "scmhook", 80}, {"scm.branch.update", "scmhook", 60}, {"scm.tag.create", "scmhook", 8}, {"scm.branch.create", "scmhook", 2},
	{"lists.mail.receive", "mail2bus", 15}, {"britney.package.migrate", "mail2bus", 6}, {"queued.upload.process", "mail2bus", 4},
}

// A slot is a place in a message where each has something else.
type slot int

const (
	literal slot = iota
	packageName
	bugNumber
	personName
	personAddress
	version
	architecture
	severity
	moment // RFC 3339
	digest // hexadecimal, as long as the fixture's
	words  // a subject
	text   // a mail's text
	mailID
	// Of the envelope.
	messageID
	number
	timestamp
	signature // base64, as long as the fixture's
)

// A part of a template is bytes that stay, or a slot.
type part struct {
	slot  slot
	bytes string
	size  int
}

// A template is a fixture's message, cut where messages of its kind differ.
type template struct {
	topic, publisher string
	parts            []part
}

// Marks stand in a message for what no pattern finds.
const (
	aMoment  = "2001-02-03T04:05:06Z"
	aNumber  = 1234567890123
	aTime    = 9876543210
	someText = "TEXT-OF-A-MAIL"
	aSubject = "SUBJECT-OF-A-MAIL"
)

// slots are how what differs is found: groups in the order of the slots' patterns.
var slots = []struct {
	slot    slot
	pattern string
}{
	{text, someText},
	{words, aSubject},
	{timestamp, fmt.Sprint(aTime)},
	{number, fmt.Sprint(aNumber)},
	{messageID, `[0-9]{4}-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`},
	{signature, `@[A-Za-z]{80,}`},
	{moment, `20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z`},
	{digest, `\b[0-9a-f]{32,64}\b`},
	{mailID, `[a-z][a-z0-9.-]*[.][0-9]+@example\.(?:org|net)`},
	{personAddress, `[a-z.]+@example\.(?:org|net)`},
	{personName, `(?:Nora|S(?:\\u00f8|o)ren|Ren\\u00e9) [^ "<,():]+`},
	{bugNumber, `\b81[0-9]{4}\b`},
	{version, `\b(?:[0-9]:)?[0-9]+\.[0-9.]+-[0-9]+\b`},
	{architecture, `\b(?:arm64|amd64|riscv64)\b`},
	{severity, `\b(?:normal|important|grave|serious|wishlist|minor)\b`},
	{packageName, `teapot|kettle|samovar`},
}

// pattern finds all slots; only the groups around them count.
var pattern = func() *regexp.Regexp {
	all := make([]string, len(slots))
	for i, s := range slots {
		all[i] = "(" + s.pattern + ")"
	}
	return regexp.MustCompile(strings.Join(all, "|"))
}()

// readTemplates reads all fixtures of the kinds that are wanted. The result has a
// template as often as its share: drawn evenly, kinds come in their proportions.
func readTemplates() ([][]template, error) {
	byTopic := map[string][]template{}
	for _, files := range []fs.FS{fixtures.Mails, fixtures.Changes, fixtures.Pushes, fixtures.Bugs} {
		err := fs.WalkDir(files, ".", func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".events.json") {
				return err
			}
			raw, err := fs.ReadFile(files, path)
			if err != nil {
				return err
			}
			var said struct {
				Events []struct {
					Topic, Title, Link string
					Body               json.RawMessage
				}
			}
			if err := json.Unmarshal(raw, &said); err != nil {
				return fmt.Errorf("reading %s: %w", path, err)
			}
			for _, e := range said.Events {
				i := slices.IndexFunc(shares, func(s share) bool { return s.topic == e.Topic })
				if i < 0 {
					continue
				}
				body, err := event.Parse(e.Body)
				if err != nil {
					return fmt.Errorf("reading %s: %w", path, err)
				}
				t, err := newTemplate(e.Topic, shares[i].publisher, e.Title, e.Link, body)
				if err != nil {
					return fmt.Errorf("reading %s: %w", path, err)
				}
				byTopic[e.Topic] = append(byTopic[e.Topic], t)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	var drawn [][]template
	for _, s := range shares {
		if len(byTopic[s.topic]) == 0 {
			return nil, fmt.Errorf("no fixture has the topic %s", s.topic)
		}
		for range s.times {
			drawn = append(drawn, byTopic[s.topic])
		}
	}
	return drawn, nil
}

// newTemplate makes the message that a publisher would sign of an event, and cuts it.
func newTemplate(topic, publisher, title, link string, body any) (template, error) {
	msg, _ := body.(map[string]any)
	for _, k := range []string{"title", "subject"} { // what people wrote
		if said, _ := msg[k].(string); said != "" {
			own := strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(said, "teapot: "), "samovar: "), "kettle: ")
			msg[k] = strings.TrimSuffix(said, own) + aSubject
			title = strings.Replace(title, own, aSubject, 1)
		}
	}
	for _, k := range []string{"body", "message", "reason"} {
		if said, _ := msg[k].(string); said != "" {
			msg[k] = someText
		}
	}
	e := event.Envelope{
		Topic: "org.debian.prod." + topic, MsgID: "2026-00000000-0000-5000-8000-000000000000", I: aNumber, Seq: aNumber, Timestamp: aTime,
		Username: publisher, Publisher: publisher + ".debian.example", Epoch: "epoch-of-" + publisher, Prev: strings.Repeat("0", 64),
		Origin: "maildir new/" + fmt.Sprint(aTime) + ".example", EventTime: aMoment, Title: title, Link: link, Msg: body,
	}
	tree := e.Tree()
	tree["crypto"] = "x509"
	tree["signature"] = "@" + strings.Repeat("s", 344) // RSA of 2048 bits, in base64
	tree["signature_ed25519"] = "@" + strings.Repeat("s", 88)
	tree["certificate"] = certificateOf(publisher)
	wire, err := event.Canonical(tree)
	if err != nil {
		return template{}, err
	}
	t := template{topic: e.Topic, publisher: publisher}
	rest := string(wire)
	for rest != "" {
		at := pattern.FindStringSubmatchIndex(rest)
		if at == nil {
			break
		}
		found := rest[at[0]:at[1]]
		p := part{bytes: found, size: len(found)}
		for i, s := range slots {
			if at[2+2*i] >= 0 {
				p.slot = s.slot
			}
		}
		if p.slot == signature {
			p.size--
		}
		t.parts = append(t.parts, part{bytes: rest[:at[0]]}, p)
		rest = rest[at[1]:]
	}
	t.parts = append(t.parts, part{bytes: rest})
	return t, nil
}

// certificateOf is as long as a publisher's is, and the same in all its messages.
func certificateOf(publisher string) string {
	return strings.Repeat(fmt.Sprintf("%-16s", publisher), 90)[:1400]
}
