package dak

import (
	"errors"
	"strings"

	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/pattern"
	"busbar/common/runes"
)

const commentsOn = "Comments regarding "

// commented tells what somebody of the archive's team wrote about an upload that
// waits (dak process-new).
func commented(l letter) ([]event.Event, error) {
	_, file, _ := strings.Cut(whole(l.Header, "Subject"), commentsOn)
	ref, err := l.reference(file)
	if err != nil {
		return nil, err
	}
	c := Commented{Reference: ref}
	if c.Text, c.Truncated = l.body(maxText); c.Text == "" {
		return nil, cutError("it holds no comment")
	}
	by := l.Header.Address("From")
	c.By = event.Person{Name: line(by.Name), Email: line(by.Email)}
	return []event.Event{l.event(commentKind, "upload/"+ref.ChangesFile+"/comment/"+l.id(), c)}, nil
}

// maxNotice bounds the text of a notice, in bytes: some are logs of megabytes.
const maxNotice = 16 << 10

// noticed tells what the archive's software wrote to people.
func noticed(l letter) ([]event.Event, error) {
	n := Noticed{Subject: line(l.subject), Program: l.program}
	n.Text, n.Truncated = l.body(maxNotice)
	if n.Subject == "" && n.Text == "" {
		return nil, cutError("it says nothing")
	}
	if name, _, _ := strings.Cut(whole(l.Header, "X-Debian-Package"), " "); sourceName.MatchString(name) {
		n.Package = name
	} else if name, _, _ := strings.Cut(whole(l.Header, "Debian-Source"), " "); sourceName.MatchString(name) {
		n.Package = name
	}
	if v := whole(l.Header, "Debian-Version"); versionForm.MatchString(v) {
		n.Version = v
	}
	if file := whole(l.Header, "Debian-Changes"); changesName.MatchString(file) {
		n.ChangesFile = file
	}
	return []event.Event{l.event(noticeKind, "notice/"+l.id(), n)}, nil
}

// What tells a mail to the owner of a new account, which bears no mark of the
// archive (dak add-user).
var (
	accountSubject = pattern.New(`^Account on (\S{1,200}) activated$`)
	accountKey     = pattern.New(`(?m)\bfingerprint ([0-9A-F]{32,64})\.?\s*$`)
	accountName    = pattern.New(`^Hi (\S{1,100}),\s*\n`)
)

// accountOn is the host that a mail opens an account on; "" if it does not.
func accountOn(m *mail.Message) string {
	found := accountSubject.FindStringSubmatch(m.Header.Get("Subject"))
	if found == nil || !accountName.MatchString(strings.TrimLeft(m.Text(), "\n")) {
		return ""
	}
	return found[1]
}

// opened tells of an account for uploads. The mail is one person's own.
func opened(l letter, host string) ([]event.Event, error) {
	key := accountKey.FindStringSubmatch(l.text)
	if key == nil {
		return nil, errors.New("it names no key")
	}
	to := l.Header.Address("To")
	a := AccountOpened{Host: host, Key: key[1], Person: event.Person{Name: line(to.Name), Email: line(to.Email)}}
	a.Account, _ = runes.Cut(accountName.FindStringSubmatch(strings.TrimLeft(l.text, "\n"))[1], maxLine)
	return []event.Event{l.event(accountKind, "account/"+set([]string{host})+"/"+a.Key+"/"+l.id(), a)}, nil
}
