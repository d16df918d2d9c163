package dak

import (
	"errors"
	"slices"
	"strings"

	"busbar/common/event"
	"busbar/common/pattern"
)

// related is the mail that closes the open bugs of a package that was removed.
type related struct {
	bugs    []int
	version string
}

var (
	doneAddress = pattern.New(`(?i)^([0-9]{1,9})-done@`)
	removedMark = pattern.New(`^Version: (\S{1,200})\+rm\s*$`)
)

// relatedTo reads such a mail's addresses and first line; nil if it is none.
func relatedTo(l letter) *related {
	if !strings.Contains(l.subject, removedFrom) || l.action != "" {
		return nil
	}
	first, _, whole := strings.Cut(strings.TrimLeft(l.text, "\n"), "\n")
	m := removedMark.FindStringSubmatch(first)
	if m == nil || !whole {
		return nil
	}
	r := &related{version: m[1]}
	for _, a := range l.Header.Addresses("To") {
		if m := doneAddress.FindStringSubmatch(a.Email); m != nil && len(r.bugs) < maxRelated {
			if n := number(m[1]); n > 0 && !slices.Contains(r.bugs, n) {
				r.bugs = append(r.bugs, n)
			}
		}
	}
	return r
}

// maxRelated bounds the bugs that one mail closes: one item has at most 1,000 events.
const maxRelated = 900

var asThePackage = pattern.New(`(?m)^.*\bpackage (\S{1,200}) has (?:just )?been removed`)

// closedByRemoval tells of each bug that went with its package.
func closedByRemoval(l letter) ([]event.Event, error) {
	r := relatedTo(l)
	if len(r.bugs) == 0 {
		return nil, errors.New("it closes no bug")
	}
	m := asThePackage.FindStringSubmatch(l.text)
	if m == nil || !sourceName.MatchString(m[1]) || !versionForm.MatchString(r.version) {
		return nil, cutError("it stops before the package's name")
	}
	var all []event.Event
	for _, bug := range r.bugs {
		b := BugClosed{Bug: bug, Package: m[1], Version: r.version, Removed: true, RemovalBug: bugOf(l.subject), URL: bugLink(bug)}
		all = append(all, l.event(closeKind, BugKey(bug, m[1], r.version+"+rm"), b))
	}
	return all, nil
}

// closedByUpload tells that an upload closes a bug: the mail's text begins with
// pseudo-headers, and the .changes file follows.
func closedByUpload(l letter) ([]event.Event, error) {
	c, err := readChanges(l.text)
	if err != nil {
		return nil, err
	}
	u := c.upload()
	bug := bugOf(l.subject)
	b := BugClosed{Bug: bug, Package: u.Package, Version: u.Version, URL: bugLink(bug), ChangesText: u.ChangesText, Truncated: u.Truncated}
	if u.Person != (event.Person{}) {
		b.By = &u.Person
	}
	e := l.event(closeKind, BugKey(bug, u.Package, u.Version), b)
	if e.Time.IsZero() {
		e.Time = c.date()
	}
	return []event.Event{e}, nil
}
