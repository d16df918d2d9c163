package dak

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"busbar/common/event"
	"busbar/common/pattern"
	"busbar/common/runes"
)

const removedFrom = "Removed package(s) from "

func removes(l letter) bool {
	return strings.Contains(l.subject, removedFrom) || l.action == "remove" || l.program == "rm"
}

var (
	removedRow = pattern.New(`^\s*(\S{1,200}) \|\s*(\S{1,200}) \| (.+)$`)
	reasonRule = pattern.New(`^-{5,} Reason -{5,}$`)
	endRule    = pattern.New(`^-{20,}$`)
	curtain    = pattern.New(`^(.{1,200}) \(the \S+ behind the curtain\)$`)
	bugSubject = pattern.New(`^Bug#([0-9]{1,9}): `)
)

// A removal is gathered from the rows of a mail or of the archive's log.
type removal struct {
	Removed
	size int            // bytes of rows that were read
	at   map[string]int // where each package and version is
}

// removed tells which packages left which suites, and why: the table and the
// reason between its rulers (dak rm). Who did it is the last line.
func removed(l letter) ([]event.Event, error) {
	var r removal
	state := ""
	var reason strings.Builder
	for text := range strings.Lines(l.text) {
		text = strings.TrimRight(text, blanks)
		switch m := removedRow.FindStringSubmatch(text); {
		case state == "" && reasonRule.MatchString(text):
			state = "reason"
		case state == "" && m != nil:
			r.add(m[1], m[2], m[3])
		case state == "reason" && endRule.MatchString(text):
			state = "end"
		case state == "reason" && reason.Len() <= maxText:
			reason.WriteString(text + "\n")
		case state == "end":
			if m := curtain.FindStringSubmatch(text); m != nil {
				r.By = line(m[1])
			}
		}
	}
	if r.By == "" {
		return nil, cutError("it stops before the line that says who removed it")
	}
	suites := whole(l.Header, "Debian-Suite")
	if suites == "" {
		_, suites, _ = strings.Cut(whole(l.Header, "Subject"), removedFrom)
	}
	r.Bug = bugOf(l.subject)
	e, err := r.event(suites, reason.String(), l.time())
	if err != nil {
		return nil, err
	}
	return []event.Event{e}, nil
}

// bugOf is the bug in a subject "Bug#N: …", 0 if there is none.
func bugOf(subject string) int {
	m := bugSubject.FindStringSubmatch(subject)
	if m == nil {
		return 0
	}
	return number(m[1])
}

// add puts what a row tells into the list; a package that has a row already, as
// source and as binaries, keeps one.
func (r *removal) add(name, version, architectures string) {
	r.size += len(name) + len(version) + len(architectures)
	if r.size > maxRemoved {
		return
	}
	i, known := r.at[name+" "+version]
	if !known {
		if r.at == nil {
			r.at = map[string]int{}
		}
		i = len(r.Packages)
		r.at[name+" "+version] = i
		r.Packages = append(r.Packages, RemovedPackage{Package: name, Version: version, Architecture: []string{}})
	}
	p := &r.Packages[i]
	for _, a := range unique(architectures) {
		switch {
		case a == "source":
			p.Source = true
		case !slices.Contains(p.Architecture, a):
			p.Architecture = append(p.Architecture, a)
		}
	}
}

// maxRemoved bounds the rows of a removal, in bytes; the largest real ones have
// some 1,500 rows.
const maxRemoved = 256 << 10

// event checks what was read, whichever form told it.
func (r removal) event(suites, reason string, at time.Time) (event.Event, error) {
	r.Suite = unique(strings.ReplaceAll(suites, " and ", " "))
	if err := named("suite", strings.Join(r.Suite, " "), suiteForm); err != nil {
		return event.Event{}, err
	}
	switch {
	case len(r.Suite) == 0:
		return event.Event{}, errors.New("it names no suite")
	case len(r.Packages) == 0:
		return event.Event{}, errors.New("it names no package")
	case r.size > maxRemoved:
		return event.Event{}, fmt.Errorf("it names more than %d bytes of packages", maxRemoved)
	}
	for _, p := range r.Packages {
		if !sourceName.MatchString(p.Package) || !versionForm.MatchString(p.Version) {
			return event.Event{}, fmt.Errorf("it names no usable package: %q", line(p.Package+" "+p.Version))
		}
		if err := named("architecture", strings.Join(p.Architecture, " "), architecture); err != nil {
			return event.Event{}, err
		}
	}
	r.Reason, r.Truncated = runes.Cut(strings.TrimSpace(reason), maxText)
	r.Date = event.Stamp(at)
	r.AlsoBugs = append([]int{}, r.AlsoBugs...)
	r.URL = bugLink(r.Bug)
	return event.Event{Kind: removeKind, Key: RemovalKey(r.Suite, r.Packages), Time: at, Body: r.Removed}, nil
}
