// Package mentors says what the mails of a debexpo site mean, such as
// mentors.debian.net, where people without an account at the archive show their
// packages: one was uploaded, rejected, commented on or removed.
//
// The mails bear no mark but their sender, whose name is the host of his address, as in
// "mentors.debian.net <support@mentors.debian.net>"; they end with the site's name,
// too. Both generations are read: the one that published on
// Debian's bus until 2018 (debexpo before commit 12a43327), and today's. Their
// mails to owners of accounts (activation, passwords, addresses) hold secrets: they
// are ignored.
//
// With compat = ["debexpo"], what the old site published itself is published as it
// was, as far as a mail tells it.
//
// Not here: mails in other languages than English, which today's site can send to an
// uploader, and requests for sponsors, which are bugs.
package mentors

import (
	"strings"

	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/pattern"
	"busbar/common/runes"
	"busbar/common/translate"
)

// Translator claims a site's mails.
func Translator() translate.Translator[*mail.Message] {
	return translate.Translator[*mail.Message]{Name: "mentors", Translate: toEvents, Kinds: Kinds(), Why: why}
}

// A letter is a site's mail.
type letter struct {
	*mail.Message
	form *form
	args []string // what the form's pattern found in the subject
	site string
	text string // without the site's name at its end
}

// A form is one kind of mail. Without tell, it tells the bus nothing.
type form struct {
	subject *pattern.Regexp
	tell    func(letter) ([]event.Event, error)
	silent  string
}

const private = "mentors: private: about an account"

var forms = []form{
	{pattern.New(`^([^_\s]+)_(\S+): ACCEPTED on (\S+) \((\S+)\)$`), uploaded, ""},
	{pattern.New(`^(\S+): REJECTED$`), rejected, ""},
	{pattern.New(`^New comment on package (\S+)$`), commented, ""},
	{pattern.New(`^(\S+) has been removed from (\S+) on (\S+)$`), removed, ""},
	// Until 2018.
	{pattern.New(`^New (\S+) package uploaded$`), uploadedOld, ""},
	{pattern.New(`^(\S+) uploaded to (\S+)$`), nil, "mentors: the uploader's copy (the subscribers' mail tells the version)"},
	{pattern.New(`^Package (\S+) was rejected$`), rejected, ""},
	{pattern.New(`^Comment posted on (\S+)$`), commentedOld, ""},
	{pattern.New(`^(\S+) package has been removed from (\S+)$`), removedOld, ""},
	// To one person, or to those who run the site.
	{pattern.New(`^(?:Next step: Confirm your email address|You requested a password (?:change|reset)|Next step: Confirm your new email address)$`), nil, private},
	{pattern.New(`^(?:Failure in importer|Failed to import \S+)$`), nil, "mentors: an error of the site's own"},
}

// siteOf is the site that a mail says it comes from, "" if it is no site's: one
// writes as "mentors.debian.net <support@mentors.debian.net>".
func siteOf(h mail.Header) string {
	from := h.Address("From")
	_, host, _ := strings.Cut(from.Email, "@")
	if h.Has("X-Debian-PR-Message") || !siteForm.MatchString(host) || !strings.EqualFold(from.Name, host) {
		return ""
	}
	return strings.ToLower(host)
}

// read says which of a site's mails a mail is; its form is nil if none is known.
func read(m *mail.Message) letter {
	l := letter{Message: m, site: siteOf(m.Header)}
	subject := strings.TrimSpace(m.Header.Get("Subject"))
	for i := range forms {
		if l.args = forms[i].subject.FindStringSubmatch(subject); l.args != nil {
			l.form = &forms[i]
			break
		}
	}
	return l
}

// ends finds the site's name at the end of the mail's text. A list may have put a
// footer behind it.
func (l *letter) ends() bool {
	text := "\n" + l.Text()
	for from := len(text); from > 0; {
		i := strings.LastIndex(text[:from], "\n--")
		if i < 0 {
			return false
		}
		dashes, name, _ := strings.Cut(text[i+1:], "\n")
		name, _, _ = strings.Cut(name, "\n")
		if strings.TrimRight(dashes, blanks) == "--" && strings.EqualFold(strings.Trim(name, blanks), l.site) {
			l.text = text[:i]
			return true
		}
		from = i
	}
	return false
}

// why names the site and the subject.
func why(it translate.Item[*mail.Message]) string {
	site := siteOf(it.Value.Header)
	if site == "" {
		return ""
	}
	return "From: " + site + "; Subject: " + line(it.Value.Header.Get("Subject"))
}

func toEvents(it translate.Item[*mail.Message]) ([]event.Event, error) {
	if siteOf(it.Value.Header) == "" {
		return nil, translate.Skip("no debexpo site's")
	}
	l := read(it.Value)
	switch {
	case l.form == nil:
		return nil, translate.Ignore("mentors: another mail of the site")
	case l.form.tell == nil:
		return nil, translate.Ignore(l.form.silent)
	case !l.ends():
		return nil, translate.Poison("cut: the mail of %s (%s) stops before the site's name", l.site, line(l.Header.Get("Subject")))
	}
	events, err := l.form.tell(l)
	if err != nil {
		return nil, translate.Poison("the mail of %s (%s): %v", l.site, line(l.Header.Get("Subject")), err)
	}
	return events, nil
}

// blanks are all that is trimmed.
const blanks = " \t\r\n"

// Bounds of what goes on the bus.
const (
	maxLine = 200
	maxText = 16 << 10
)

var (
	siteForm    = pattern.New(`^[A-Za-z0-9][A-Za-z0-9.-]{0,100}$`)
	packageForm = pattern.New(`^[A-Za-z0-9][A-Za-z0-9+.-]{0,200}$`)
	versionForm = pattern.New(`^[A-Za-z0-9][A-Za-z0-9.+:~-]{0,200}$`)
	suiteForm   = pattern.New(`^[A-Za-z0-9][A-Za-z0-9.+:~_/-]{0,100}$`)
	fileForm    = pattern.New(`^[^/\s\x00]{1,300}$`)
)

func line(s string) string {
	s, _ = runes.Cut(s, maxLine)
	return s
}
