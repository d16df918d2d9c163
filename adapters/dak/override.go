package dak

import (
	"errors"
	"slices"
	"strings"

	"busbar/common/event"
	"busbar/common/pattern"
)

func overrides(l letter) bool {
	return l.program == "override" || bugOf(l.subject) > 0 && strings.HasSuffix(l.subject, ": fixed")
}

var (
	concerning  = pattern.New(`^Concerning package (\S{1,200}?)\.\.\.$`)
	operatingOn = pattern.New(`^Operating on the (\S{1,200}) suite$`)
	changedFrom = pattern.New(`^Changed (section|priority) from (\S{1,200}) to (\S{1,200})$`)
)

// overridden tells what of a package's place in the archive was changed by hand,
// an event for each of section and priority (dak override). The list ends before
// a text for people.
func overridden(l letter) ([]event.Event, error) {
	o := OverrideChanged{Bug: bugOf(l.subject)}
	o.URL = bugLink(o.Bug)
	var all []OverrideChanged
	ended, blank := false, false
	for text := range strings.Lines(l.text) {
		text = strings.TrimRight(text, blanks)
		if m := concerning.FindStringSubmatch(text); m != nil {
			o.Package = m[1]
		} else if m := operatingOn.FindStringSubmatch(text); m != nil {
			o.Suite = m[1]
		} else if m := changedFrom.FindStringSubmatch(text); m != nil {
			ended = false
			o.What, o.From, o.To = m[1], m[2], m[3]
			if !slices.ContainsFunc(all, func(have OverrideChanged) bool { return have.What == o.What }) {
				all = append(all, o)
			}
		} else if text != "" && blank && len(all) > 0 {
			ended = true
		}
		blank = text == ""
	}
	if !ended {
		return nil, cutError("it stops in the list of what was changed")
	}
	if o.Package == "" {
		o.Package, _, _ = strings.Cut(whole(l.Header, "X-Debian-Package"), " ")
	}
	if !sourceName.MatchString(o.Package) || o.Suite != "" && !suiteForm.MatchString(o.Suite) {
		return nil, errors.New("it names no usable package or suite: " + line(o.Package+" "+o.Suite))
	}
	var events []event.Event
	for _, change := range all {
		change.Package = o.Package
		events = append(events, l.event(overrideKind, "override/"+o.Package+"/"+change.What+"/"+l.id(), change))
	}
	return events, nil
}

var differs = pattern.New(`^(\S{1,200}): package says (section|priority) is (.{1,200}?), override says (.{1,200}?)\.$`)

// disparity tells where an upload and the archive's overrides disagreed, as the
// archive warned until 2012. A text for people follows the list.
func disparity(l letter) ([]event.Event, error) {
	name, _, _ := strings.Cut(whole(l.Header, "X-Debian-Package"), " ")
	if name == "" {
		name = before(whole(l.Header, "Subject"), " override disparity")
	}
	if !sourceName.MatchString(name) {
		return nil, errors.New("it names no usable package: " + line(name))
	}
	o := OverrideWarned{Package: name, Items: []Difference{}, URL: Link(name)}
	ended, blank := false, false
	for text := range strings.Lines(l.text) {
		text = strings.TrimRight(text, blanks)
		m := differs.FindStringSubmatch(text)
		switch {
		case m != nil && len(o.Items) < maxList:
			ended = false
			o.Items = append(o.Items, Difference{File: m[1], Field: m[2], PackageSays: m[3], OverrideSays: m[4]})
		case text != "" && blank && len(o.Items) > 0:
			ended = true
		}
		blank = text == ""
	}
	if !ended {
		return nil, cutError("it stops in the list of differences")
	}
	return []event.Event{l.event(disparityKind, "override/"+name+"/warn/"+l.id(), o)}, nil
}
