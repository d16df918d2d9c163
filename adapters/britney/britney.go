// Package britney says what the mails of Debian's testing watch mean: a source
// package migrated to testing, or was removed from it. They go to the package's
// address, and tell the versions before and now, and the hint of the release team
// that did it, if one did.
//
// An event's time is the mail's Date.
//
// Not here: why a package does not migrate (excuses), and the daily summaries, which
// hold what the mails to each package tell.
package britney

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/pattern"
	"busbar/common/runes"
	"busbar/common/translate"
)

// Changed is the body of britney.package.migrate and britney.package.remove.
type Changed struct {
	Package         string `json:"package" doc:"the source package"`
	Suite           string `json:"suite" doc:"the suite that it came to or left: testing"`
	Version         string `json:"version,omitempty" doc:"the version that is there now; left out if none is"`
	PreviousVersion string `json:"previous_version,omitempty" doc:"the version that was there before; left out if none was"`
	Hint            *Hint  `json:"hint,omitempty" doc:"what the release team decided, if it did"`
	URL             string `json:"url" doc:"the package's page"`
}

// A Hint is a decision of the release team.
type Hint struct {
	URL  string `json:"url" doc:"where the hints of this member of the team are"`
	Text string `json:"text" doc:"the hint, at most 16 KiB"`
}

// Substance is the versions.
func (c Changed) Substance() []string { return []string{c.Version, c.PreviousVersion} }

var (
	migrateKind = event.Define("britney.package.migrate", "a package migrated to testing",
		func(b Changed) string {
			s := b.Package + " " + b.Version + " migrated to " + b.Suite
			if b.PreviousVersion != "" {
				s += ", where " + b.PreviousVersion + " was"
			}
			return s
		}, link)

	removeKind = event.Define("britney.package.remove", "a package was removed from testing",
		func(b Changed) string { return b.Package + " " + b.PreviousVersion + " was removed from " + b.Suite }, link)
)

func link(b Changed) string { return b.URL }

// Kinds is every kind that the testing watch yields.
func Kinds() event.Catalog { return event.Catalog{migrateKind, removeKind} }

// Translator claims the mails of the testing watch.
func Translator() translate.Translator[*mail.Message] {
	return translate.Translator[*mail.Message]{Name: "britney", Translate: toEvents, Kinds: Kinds(), Why: why}
}

const (
	ofPackage = "X-Testing-Watch-Package"
	ofVersion = "X-Testing-Watch-Version"
	summary   = "X-Testing-Watch-Summary"
)

// why names the header field that makes a mail the testing watch's. Those that the
// bug tracker passes on are the tracker's.
func why(it translate.Item[*mail.Message]) string {
	h := it.Value.Header
	for _, name := range []string{ofPackage, summary} {
		if h.Has(name) && !h.Has("X-Debian-PR-Message") {
			return name + ": " + line(h.Get(name))
		}
	}
	return ""
}

const maxLine, maxHint = 200, 16 << 10

// What packages, versions and suites are made of (Debian Policy §5.6.1, §5.6.12).
var (
	packageForm = pattern.New(`^[A-Za-z0-9][A-Za-z0-9+.-]{0,200}$`)
	versionForm = pattern.New(`^[A-Za-z0-9][A-Za-z0-9.+:~-]{0,200}$`)
	change      = pattern.New(` (MIGRATED to|REMOVED from) ([A-Za-z0-9][A-Za-z0-9_/-]{0,100})$`)
)

func toEvents(it translate.Item[*mail.Message]) ([]event.Event, error) {
	m := it.Value
	if why(it) == "" {
		return nil, translate.Skip("not the testing watch's")
	}
	if !m.Header.Has(ofPackage) {
		return nil, translate.Ignore("britney: daily summary (each package is told by itself)")
	}
	if m.Cut() == mail.HeaderCut {
		return nil, translate.Poison("cut: %s", mail.HeaderCut)
	}
	b := Changed{Package: strings.TrimSpace(m.Header.Bytes(ofPackage))}
	if !packageForm.MatchString(b.Package) {
		return nil, translate.Poison("%s names no usable package: %q", ofPackage, line(mail.Escaped(b.Package)))
	}
	b.URL = "https://tracker.debian.org/pkg/" + url.PathEscape(b.Package)
	what := change.FindStringSubmatch(strings.TrimSpace(m.Header.Get("Subject")))
	if what == nil {
		return nil, translate.Poison("the subject tells no change: %q", line(m.Header.Get("Subject")))
	}
	b.Suite = what[2]
	if err := b.read(m.Text()); err != nil {
		return nil, translate.Poison("the mail about %s: %v", b.Package, err)
	}
	if says := strings.TrimSpace(m.Header.Bytes(ofVersion)); says != "" && says != b.Version && (b.Version != "" || says != b.none()) {
		return nil, translate.Poison("cut: %s says %q, the text about %s %q", ofVersion, line(mail.Escaped(says)), b.Package, b.Version)
	}
	kind, verb := migrateKind, "migrate"
	if what[1] == "REMOVED from" {
		kind, verb = removeKind, "remove"
	}
	if (kind == migrateKind) == (b.Version == "") {
		return nil, translate.Poison("the subject says that %s %s %s, but its version there is %q", b.Package, what[1], b.Suite, b.Version)
	}
	at, _ := m.Header.Time("Date")
	key := fmt.Sprintf("package/%s/%s/%s/%s", b.Package, b.Suite, verb, m.Identity(event.Gist(m.Text())))
	return []event.Event{{Kind: kind, Key: key, Time: at, Body: b}}, nil
}

// read takes the versions and the hint of the mail's text. The line of the version
// that is there now must be whole.
func (b *Changed) read(text string) error {
	var was, is bool
	for text != "" {
		var l string
		var whole bool
		l, text, whole = strings.Cut(text, "\n")
		name, value, found := strings.Cut(strings.TrimSpace(l), ":")
		value = strings.TrimSpace(value)
		if value == b.none() {
			value = ""
		} else if found && strings.HasSuffix(name, " version") && !versionForm.MatchString(value) {
			return fmt.Errorf("it names no usable version: %q", line(l))
		}
		switch {
		case name == "Previous version" && !was:
			b.PreviousVersion, was = value, true
		case name == "Current version" && was && !is:
			b.Version, is = value, whole
		case name == "Hint" && is && found:
			b.Hint = &Hint{URL: line(strings.Trim(value, "<>"))}
			b.Hint.Text, _ = runes.Cut(plain(text), maxHint)
			return nil
		}
	}
	if !is {
		return errors.New("cut: it does not tell both versions")
	}
	return nil
}

// none is how the mail writes that no version is there.
func (b *Changed) none() string { return "(not in " + b.Suite + ")" }

// plain is a text up to its signature's dashes, without blanks at the beginnings
// and ends of lines.
func plain(text string) string {
	var out strings.Builder
	for l := range strings.Lines(text) {
		l = strings.TrimRight(l, " \t\r\n")
		if l == "--" {
			break
		}
		out.WriteString(strings.TrimSpace(l) + "\n")
	}
	return strings.TrimSpace(out.String())
}

func line(s string) string {
	s, _ = runes.Cut(s, maxLine)
	return s
}
