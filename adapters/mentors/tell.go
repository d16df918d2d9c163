package mentors

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/pattern"
	"busbar/common/runes"
)

// id is the mail's own: a version can be uploaded, rejected and removed twice.
func (l letter) id() string { return l.Identity(event.Gist(l.text)) }

// events are one fact under our name, and under the old one.
func (l letter) events(kind *event.Kind, key string, body any, oldKind *event.Kind, old any) []event.Event {
	at, _ := l.Header.Time("Date")
	all := []event.Event{{Kind: kind, Key: key, Time: at, Body: body}}
	if oldKind != nil {
		all = append(all, event.Event{Kind: oldKind, Key: key, Time: at, Body: old})
	}
	return all
}

// about checks the names that a mail's facts are made of. version and suite may be
// empty.
func about(name, version, suite, site string) (Package, error) {
	switch {
	case !packageForm.MatchString(name):
		return Package{}, fmt.Errorf("it names no usable package: %q", line(name))
	case version != "" && !versionForm.MatchString(version):
		return Package{}, fmt.Errorf("it names no usable version: %q", line(version))
	case suite != "" && !suiteForm.MatchString(suite):
		return Package{}, fmt.Errorf("it names no usable distribution: %q", line(suite))
	}
	return Package{Package: name, Version: version, Suite: suite, Site: site, URL: link(site, name)}, nil
}

var (
	anAddress = pattern.New(`(?m)^\s*(https://\S{1,300}\.dsc)\s*$`)
	uploadBy  = pattern.New(`(?m)^(\S{1,200}) (\S{1,200}) has been uploaded to the archive by (.{1,200})\.$`)
	removedOf = pattern.New(`(?m)^Your package (\S{1,200}) (\S{1,200}) has been removed from \S+ for the following reason:$`)
	commentBy = pattern.New(`(?m)^(.{1,200}) made the following comment about the (\S{1,200}) package:$`)
)

func uploaded(l letter) ([]event.Event, error) {
	p, err := about(l.args[1], l.args[2], l.args[4], l.site)
	if err != nil {
		return nil, err
	}
	b := Uploaded{Package: p}
	if dsc := anAddress.FindStringSubmatch(l.text); dsc != nil {
		b.DSC = dsc[1]
	}
	return l.upload(b), nil
}

func uploadedOld(l letter) ([]event.Event, error) {
	m := uploadBy.FindStringSubmatch(l.text)
	if m == nil || m[1] != l.args[1] {
		return nil, errors.New("it does not tell version and uploader")
	}
	p, err := about(m[1], m[2], "", l.site)
	if err != nil {
		return nil, err
	}
	return l.upload(Uploaded{Package: p, By: line(m[3])}), nil
}

func (l letter) upload(b Uploaded) []event.Event {
	key := "package/" + b.Package.Package + "_" + b.Version + "/upload/" + l.id()
	old := OldUpload{OldPackage: oldPackage(b.Package), Uploader: b.By}
	old.OwnerName = b.By
	return l.events(uploadKind, key, b, oldUploadKind, old)
}

// rejected tells of an upload that the site did not take. What the subject names is
// the .changes file, or until 2018 the package.
func rejected(l letter) ([]event.Event, error) {
	r := Rejected{Site: l.site}
	if what := l.args[1]; strings.HasSuffix(what, ".changes") {
		if !fileForm.MatchString(what) {
			return nil, fmt.Errorf("it names no usable .changes file: %q", line(what))
		}
		r.ChangesFile = what
		r.Package, _, _ = strings.Cut(what, "_")
	} else {
		r.Package, _, _ = strings.Cut(what, "_")
	}
	if !packageForm.MatchString(r.Package) {
		return nil, fmt.Errorf("it names no usable package: %q", line(l.args[1]))
	}
	_, reason, found := strings.Cut(l.text, "reason:\n")
	if !found {
		return nil, errors.New("it does not say why")
	}
	r.Text, r.Truncated = runes.Cut(ending(reason, "Please try to fix it"), maxText)
	r.URL = link(l.site, r.Package)
	return l.events(rejectKind, "package/"+r.Package+"/reject/"+l.id(), r, nil, nil), nil
}

// ending is a text before the line that begins with some words.
func ending(text, words string) string {
	text, _, _ = strings.Cut("\n"+text, "\n"+words)
	return strings.TrimSpace(text)
}

// commented tells of a comment, which stands between lines of three dashes below
// the fields.
func commented(l letter) ([]event.Event, error) {
	head, rest, found := strings.Cut(l.text, "\n---\n")
	i := strings.LastIndex(rest, "\n---\n")
	if !found || i < 0 {
		return nil, errors.New("it holds no comment")
	}
	by := ""
	for text := range strings.Lines(head) {
		if name, is := strings.CutPrefix(text, "From: "); is {
			by = strings.TrimSpace(name)
		}
	}
	return l.comment(l.args[1], by, rest[:i])
}

func commentedOld(l letter) ([]event.Event, error) {
	m := commentBy.FindStringSubmatchIndex(l.text)
	if m == nil || l.text[m[4]:m[5]] != l.args[1] {
		return nil, errors.New("it does not tell who wrote")
	}
	return l.comment(l.args[1], l.text[m[2]:m[3]], ending(l.text[m[1]:], "You can view information"))
}

// comment is one fact in the mails to the uploader and to each subscriber, which
// have nothing in common but the words and the day.
func (l letter) comment(name, by, text string) ([]event.Event, error) {
	p, err := about(name, "", "", l.site)
	if err != nil {
		return nil, err
	}
	c := Commented{Package: p, By: line(by)}
	if c.Text, c.Truncated = runes.Cut(strings.TrimSpace(text), maxText); c.Text == "" {
		return nil, errors.New("its comment is empty")
	}
	at, _ := l.Header.Time("Date")
	day := at.Format("2006-01-02")
	if at.IsZero() {
		day = l.id()
	}
	sum := sha256.Sum256([]byte(mail.Escaped(by) + "\x00" + event.Gist(c.Text)))
	key := "package/" + name + "/comment/" + day + "/" + hex.EncodeToString(sum[:16])
	old := OldComment{OldPackage: oldPackage(p), AuthorName: c.By, Content: c.Text}
	return l.events(commentKind, key, c, oldCommentKind, old), nil
}

func removed(l letter) ([]event.Event, error) {
	p, err := about(l.args[1], "", l.args[2], l.site)
	if err != nil {
		return nil, err
	}
	return l.removal(p)
}

func removedOld(l letter) ([]event.Event, error) {
	m := removedOf.FindStringSubmatch(l.text)
	if m == nil || m[1] != l.args[1] {
		return nil, errors.New("it does not tell the version")
	}
	p, err := about(m[1], m[2], "", l.site)
	if err != nil {
		return nil, err
	}
	return l.removal(p)
}

func (l letter) removal(p Package) ([]event.Event, error) {
	_, reason, found := strings.Cut(l.text, "reason:\n")
	if !found {
		return nil, errors.New("it does not say why")
	}
	r := Removed{Package: p}
	r.Reason, r.Truncated = runes.Cut(ending(reason, "Thanks,"), maxText)
	key := "package/" + p.Package + "/remove/" + l.id()
	return l.events(removeKind, key, r, oldRemoveKind, OldRemoval{OldPackage: oldPackage(p), Reason: r.Reason}), nil
}
