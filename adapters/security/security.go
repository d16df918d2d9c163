// Package security says what the security teams' announcements mean: an advisory
// was published for a package (DSA on debian-security-announce, DLA on
// debian-lts-announce). They are written by hand after one pattern, and signed.
//
// A mail is recognized by its subject, "[SECURITY] [DSA 5345-1] …", and by the
// advisory's head in its text with the same number: a reply has no such head. An
// advisory is one fact, whichever list it comes by. An event's time is the mail's
// Date.
//
// Not here: verifying the signature, which is evidence, and what of the versions
// named in the text is fixed where.
package security

import (
	"slices"
	"strconv"
	"strings"

	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/pattern"
	"busbar/common/runes"
	"busbar/common/translate"
)

// Published is the body of security.advisory.publish.
type Published struct {
	ID        string   `json:"id" doc:"DSA-5345-1: what it is called; a later -2 corrects it"`
	Package   string   `json:"package" doc:"the source package; of the first, if it names several"`
	Packages  []string `json:"packages" doc:"all that it names; at most 50"`
	Title     string   `json:"title" doc:"the subject without the marks before it"`
	Author    string   `json:"author,omitempty" doc:"who of the team writes, by name"`
	CVEs      []string `json:"cves" doc:"the vulnerabilities, CVE-2026-1234; at most 2000"`
	Bugs      []int    `json:"bugs" doc:"bugs that it names; at most 200"`
	Text      string   `json:"text" doc:"the advisory without its signature, at most 64 KiB"`
	Truncated bool     `json:"truncated" doc:"text or a list was cut"`
	URL       string   `json:"url" doc:"the advisory's page"`
}

// Substance is the advisory's words.
func (p Published) Substance() []string { return []string{event.Gist(p.Text)} }

var publishKind = event.Define("security.advisory.publish", "a security team published an advisory",
	func(b Published) string { return b.ID + " for " + b.Package + ": " + b.Title },
	func(b Published) string { return b.URL })

// Kinds is every kind that security teams' mails yield.
func Kinds() event.Catalog { return event.Catalog{publishKind} }

// Translator claims the advisories.
func Translator() translate.Translator[*mail.Message] {
	return translate.Translator[*mail.Message]{Name: "security", Translate: toEvents, Kinds: Kinds(), Why: why}
}

// Bounds of what goes on the bus.
const (
	maxLine     = 200
	maxText     = 64 << 10
	maxPackages = 50
	maxCVEs     = 2000
	maxBugs     = 200
)

var (
	subjectForm = pattern.New(`^\[SECURITY\] \[(DSA|DLA)[ -]([0-9]{1,5}-[0-9]{1,2})\] (.*)$`)
	headForm    = pattern.New(`(?m)^Debian (?:Security|LTS) Advisory (DSA|DLA)[ -]([0-9]{1,5}-[0-9]{1,2})(?:\s|$)`)
	authorForm  = pattern.New(`(?m)^https?://\S{1,100}/security/\s+(\S.*)$`)
	fieldForm   = pattern.New(`^([A-Z][A-Za-z-]*(?: [A-Za-z()]+){0,2}) *: ?(.*)$`)
	cveForm     = pattern.New(`\bC(?:VE|AN)-[0-9]{4}-[0-9]{4,9}\b`)
	packageForm = pattern.New(`^[A-Za-z0-9][A-Za-z0-9+.-]{0,200}$`)
)

// advisory finds the number of the advisory that a mail is; "" if it is none.
func advisory(m *mail.Message) (id, title string) {
	s := subjectForm.FindStringSubmatch(strings.TrimSpace(m.Header.Get("Subject")))
	if s == nil || m.Header.Has("X-Debian-PR-Message") {
		return "", ""
	}
	head := headForm.FindStringSubmatch(m.Text())
	if head == nil || head[1] != s[1] || head[2] != s[2] {
		return "", ""
	}
	return s[1] + "-" + s[2], s[3]
}

// why names the subject.
func why(it translate.Item[*mail.Message]) string {
	if id, _ := advisory(it.Value); id == "" {
		return ""
	}
	return "Subject: " + line(it.Value.Header.Get("Subject"))
}

func toEvents(it translate.Item[*mail.Message]) ([]event.Event, error) {
	m := it.Value
	id, title := advisory(m)
	if id == "" {
		return nil, translate.Skip("no advisory")
	}
	text, _, signed := mail.Clearsigned(m.Text())
	if !signed {
		if mail.BeginsSigned(m.Text()) {
			return nil, translate.Poison("cut: %s stops before its signature", id)
		}
		text = m.Text()
	}
	b := Published{ID: id, Title: line(title), Packages: []string{}, CVEs: []string{}, Bugs: []int{}}
	b.Text, b.Truncated = runes.Cut(strings.TrimSpace(text), maxText)
	b.URL = "https://security-tracker.debian.org/tracker/" + id
	if a := authorForm.FindStringSubmatch(b.Text); a != nil {
		b.Author = line(strings.TrimSpace(a[1]))
	}
	b.fields(b.Text)
	if len(b.Packages) == 0 {
		return nil, translate.Poison("%s names no usable package", id)
	}
	b.Package = b.Packages[0]
	at, _ := m.Header.Time("Date")
	return []event.Event{{Kind: publishKind, Key: "advisory/" + id, Time: at, Body: b}}, nil
}

// fields reads the lines "Name : value" below the advisory's head, which may go on
// in the next line, up to the first paragraph.
func (b *Published) fields(text string) {
	name, seen := "", false
	for l := range strings.Lines(text) {
		l = strings.TrimRight(l, " \t\r\n")
		f := fieldForm.FindStringSubmatch(l)
		switch {
		case f != nil:
			name, l = strings.ToLower(strings.TrimSpace(f[1])), f[2]
		case l == "" && seen:
			return
		case l == "" || name == "" || !strings.HasPrefix(l, " "):
			name = ""
			continue
		}
		seen = seen || name == "package"
		if seen {
			b.take(name, l)
		}
	}
}

func (b *Published) take(name, value string) {
	add := func(list *[]string, word string, most int) {
		switch {
		case slices.Contains(*list, word):
		case len(*list) == most:
			b.Truncated = true
		default:
			*list = append(*list, word)
		}
	}
	switch {
	case name == "package" || name == "packages":
		for word := range strings.FieldsFuncSeq(value, separates) {
			if packageForm.MatchString(word) {
				add(&b.Packages, word, maxPackages)
			}
		}
	case strings.HasPrefix(name, "cve"):
		for _, word := range cveForm.FindAllString(value, -1) {
			add(&b.CVEs, "CVE-"+word[4:], maxCVEs) // candidates until 2005
		}
	case strings.HasPrefix(name, "debian bug"):
		for word := range strings.FieldsFuncSeq(value, separates) {
			n, err := strconv.Atoi(strings.TrimPrefix(word, "#"))
			switch {
			case err != nil || n <= 0 || n > 999_999_999 || slices.Contains(b.Bugs, n):
			case len(b.Bugs) == maxBugs:
				b.Truncated = true
			default:
				b.Bugs = append(b.Bugs, n)
			}
		}
	}
}

func separates(r rune) bool { return r == ' ' || r == ',' || r == '\t' || r == ';' }

func line(s string) string {
	s, _ = runes.Cut(s, maxLine)
	return s
}
