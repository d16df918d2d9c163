// Package release says what the release team's mails mean: a package is marked to
// be removed from testing by itself, for release-critical bugs of its own or of what
// it depends on. They go to the package's address.
//
// An event's time is the mail's Date.
//
// Not here: that it was removed (adapters/britney), and the bugs themselves
// (adapters/debbugs).
package release

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/pattern"
	"busbar/common/runes"
	"busbar/common/translate"
)

// Warned is the body of release.package.warn.
type Warned struct {
	Package     string `json:"package" doc:"the source package"`
	Version     string `json:"version,omitempty" doc:"the version in testing"`
	Suite       string `json:"suite" doc:"the suite that it will leave: testing"`
	RemovalDate string `json:"removal_date,omitempty" doc:"the day on which it will be removed, RFC 3339 in UTC"`
	Bugs        []int  `json:"bugs" doc:"release-critical bugs of its own; at most 1000"`
	DependsBugs []int  `json:"depends_bugs" doc:"such bugs of packages that it needs to be built or to run; at most 1000"`
	Text        string `json:"text" doc:"the mail's text, at most 16 KiB"`
	Truncated   bool   `json:"truncated" doc:"text or bugs were cut"`
	URL         string `json:"url" doc:"the package's page"`
}

// Substance is when, and for which bugs.
func (w Warned) Substance() []string {
	s := []string{w.Version, w.RemovalDate}
	for _, bug := range slices.Concat(w.Bugs, w.DependsBugs) {
		s = append(s, strconv.Itoa(bug))
	}
	return s
}

var warnKind = event.Define("release.package.warn", "a package is marked for removal from testing",
	func(b Warned) string {
		s := b.Package + " is to be removed from " + b.Suite
		if day, _, ok := strings.Cut(b.RemovalDate, "T"); ok {
			s += " on " + day
		}
		return s
	},
	func(b Warned) string { return b.URL })

// Kinds is every kind that the release team's mails yield.
func Kinds() event.Catalog { return event.Catalog{warnKind} }

// Translator claims the warnings.
func Translator() translate.Translator[*mail.Message] {
	return translate.Translator[*mail.Message]{Name: "release", Translate: toEvents, Kinds: Kinds(), Why: why}
}

const mark = "release.debian.org/autoremovals"

// why names the header field that makes a mail a warning. Those that the bug
// tracker passes on are the tracker's.
func why(it translate.Item[*mail.Message]) string {
	h := it.Value.Header
	if strings.EqualFold(h.Get("X-Debian"), mark) && !h.Has("X-Debian-PR-Message") {
		return "X-Debian: " + mark
	}
	return ""
}

const (
	maxLine = 200
	maxText = 16 << 10
	maxBugs = 1000
)

// What packages and versions are made of (Debian Policy §5.6.1, §5.6.12), and the
// sentence that says what will happen.
var (
	packageForm = pattern.New(`^[A-Za-z0-9][A-Za-z0-9+.-]{0,200}$`)
	marked      = pattern.New(`^(\S{1,200}) ([A-Za-z0-9][A-Za-z0-9.+:~-]{0,200}) is marked for autoremoval from ([a-z][a-z0-9-]{0,100}) on ([0-9]{4}-[0-9]{2}-[0-9]{2})\.?$`)
	bugLine     = pattern.New(`^#?([0-9]{1,9}): `)
	ofOthers    = pattern.New(`(?i)^it .*depends`)
)

func toEvents(it translate.Item[*mail.Message]) ([]event.Event, error) {
	m := it.Value
	if why(it) == "" {
		return nil, translate.Skip("not the release team's")
	}
	if m.Cut() == mail.HeaderCut {
		return nil, translate.Poison("cut: %s", mail.HeaderCut)
	}
	name := strings.TrimSpace(m.Header.Bytes("X-Debian-Package"))
	if !packageForm.MatchString(name) {
		return nil, translate.Poison("X-Debian-Package names no usable package: %q", line(mail.Escaped(name)))
	}
	b := Warned{Package: name, Bugs: []int{}, DependsBugs: []int{}, URL: "https://tracker.debian.org/pkg/" + url.PathEscape(name)}
	if !b.read(m.Text()) {
		return nil, translate.Poison("the warning about %s does not say when it is to be removed: %q", name, line(m.Header.Get("Subject")))
	}
	at, _ := m.Header.Time("Date")
	key := "package/" + name + "/warn/" + m.Identity(event.Gist(m.Text()))
	return []event.Event{{Kind: warnKind, Key: key, Time: at, Body: b}}, nil
}

// read takes the day and the bugs of the mail's text; false if there is no day.
func (b *Warned) read(text string) bool {
	const most = 256 << 10 // bytes that are looked at
	text, b.Truncated = runes.Cut(text, most)
	list, found := &b.Bugs, false
	for l := range strings.Lines(text) {
		l = strings.TrimSpace(l)
		if m := marked.FindStringSubmatch(l); m != nil && m[1] == b.Package && !found {
			day, err := time.Parse(time.DateOnly, m[4])
			if err != nil {
				return false
			}
			b.Version, b.Suite, b.RemovalDate, found = m[2], m[3], event.Stamp(day), true
		} else if ofOthers.MatchString(l) {
			list = &b.DependsBugs
		} else if m := bugLine.FindStringSubmatch(l); m != nil && found {
			bug, err := strconv.Atoi(m[1])
			switch {
			case err != nil || bug == 0 || slices.Contains(*list, bug):
			case len(*list) == maxBugs:
				b.Truncated = true
			default:
				*list = append(*list, bug)
			}
		}
	}
	text, cut := runes.Cut(strings.TrimSpace(text), maxText)
	b.Text, b.Truncated = text, b.Truncated || cut
	return found
}

func line(s string) string {
	s, _ = runes.Cut(s, maxLine)
	return s
}
