package buildd

import (
	"strconv"
	"strings"

	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/pattern"
	"busbar/common/runes"
	"busbar/common/translate"
)

// What packages, versions, suites and architectures are made of (Debian Policy
// §5.6.1, §5.6.12).
var (
	packageForm = pattern.New(`^[A-Za-z0-9][A-Za-z0-9+.-]{0,200}$`)
	versionForm = pattern.New(`^[A-Za-z0-9][A-Za-z0-9.+:~-]{0,200}$`)
	wordForm    = pattern.New(`^[A-Za-z0-9][A-Za-z0-9.+:~_/-]{0,200}$`)
)

// ended tells that a build ended. The subject has it all; the log's summary, how
// long it took and where it failed.
func ended(m *mail.Message) ([]event.Event, error) {
	s := logSubject.FindStringSubmatch(strings.TrimSpace(m.Header.Get("Subject")))
	b := Ended{Result: s[1], Architecture: s[4], Suite: s[5] + s[7], Archive: s[6]}
	name, version, found := strings.Cut(s[2], "_")
	b.Package, b.Version = name, version
	if s[3] != "" && b.Architecture == "" {
		b.Architecture = "source"
	}
	if !found || !packageForm.MatchString(name) || !versionForm.MatchString(version) {
		return nil, translate.Poison("the log's subject names no usable package: %q", line(s[2]))
	}
	for _, word := range []string{b.Result, b.Architecture, b.Suite, b.Archive + "x"} {
		if !wordForm.MatchString(word) {
			return nil, translate.Poison("the log's subject cannot be read: %q", line(s[0]))
		}
	}
	b.Builder = line(m.Header.Address("From").Email)
	b.summary(m)
	b.URL = page(b.Package, b.Suite)
	at, _ := m.Header.Time("Date")
	key := "log/" + name + "_" + version + "/" + b.Suite + "/" + b.Architecture + "/" + m.Identity(event.Gist(m.Text()))
	return []event.Event{{Kind: logKind, Key: key, Time: at, Body: b}}, nil
}

// summary reads what sbuild sums up: lines "Name: value", in a part of their own
// or in the log behind the heading "Summary".
func (b *Ended) summary(m *mail.Message) {
	text, own := summaryPart(m.Body)
	if !own {
		_, text, own = strings.Cut(m.Text(), "\n| Summary ")
	}
	if !own {
		return
	}
	for l := range strings.Lines(text) {
		name, value, found := strings.Cut(strings.TrimSpace(l), ": ")
		if !found {
			continue
		}
		switch name {
		case "Fail-Stage":
			b.FailStage = line(value)
		case "Build-Time":
			if n, err := strconv.Atoi(value); err == nil && n > 0 && n < 1<<31 {
				b.BuildTime = n
			}
		case "Build-Space":
			if n, err := strconv.ParseInt(value, 10, 64); err == nil && n > 0 && n < 1<<53 {
				b.DiskSpace = n
			}
		}
	}
}

// summaryPart finds the part whose file is called NAME.summary.
func summaryPart(p *mail.Part) (text string, found bool) {
	if p == nil {
		return "", false
	}
	if strings.HasSuffix(p.Filename, ".summary") {
		return p.Text, true
	}
	for _, inner := range p.Parts {
		if text, found := summaryPart(inner); found {
			return text, true
		}
	}
	return "", false
}

// noticed tells what the queue or a daemon wrote.
func noticed(m *mail.Message, k kind) ([]event.Event, error) {
	subject := strings.TrimSpace(m.Header.Get("Subject"))
	b := Noticed{Subject: line(subject)}
	b.Text, b.Truncated = runes.Cut(strings.TrimSpace(m.Text()), maxText)
	if b.Subject == "" && b.Text == "" {
		return nil, translate.Poison("cut: the build daemons' notice says nothing")
	}
	name := ""
	switch k {
	case queueNotice:
		name = queueSubject.FindStringSubmatch(subject)[1]
	case question:
		name, _, _ = strings.Cut(askSubject.FindStringSubmatch(subject)[1], "_")
	default:
		name = strings.TrimSpace(m.Header.Bytes("X-Debian-Package"))
	}
	if packageForm.MatchString(name) {
		b.Package = name
	}
	at, _ := m.Header.Time("Date")
	return []event.Event{{Kind: noticeKind, Key: "notice/" + m.Identity(event.Gist(m.Text())), Time: at, Body: b}}, nil
}
