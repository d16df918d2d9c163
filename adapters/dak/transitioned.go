package dak

import (
	"errors"
	"strings"

	"busbar/common/event"
)

const transitionsDone = "Transitions completed: "

// transitioned tells which transitions are over, so that uploads of the packages
// that they blocked are accepted again (dak transitions).
func transitioned(l letter) ([]event.Event, error) {
	_, names, _ := strings.Cut(whole(l.Header, "Subject"), transitionsDone)
	t := Transitioned{Transitions: unique(names), Details: []Transition{}}
	if len(t.Transitions) == 0 {
		return nil, errors.New("it names no transition")
	}
	t.Text, t.Truncated = l.body(maxText)
	for text := range strings.Lines(l.text) {
		name, value, _ := strings.Cut(strings.TrimRight(text, blanks), ":")
		value = line(strings.TrimSpace(value))
		if name == "Looking at transition" && len(t.Details) < maxActions {
			t.Details = append(t.Details, Transition{Name: value, Blocked: []string{}})
		}
		if len(t.Details) == 0 {
			continue
		}
		d := &t.Details[len(t.Details)-1]
		switch {
		case name == "Source":
			d.Package = value
		case name == "New Version":
			d.Version = value
		case name == "Responsible":
			d.Responsible = value
		case name == "Description":
			d.Description = value
		case strings.HasPrefix(name, "Blocked Packages (total"):
			_, list, _ := strings.Cut(text, "): ")
			d.Blocked = unique(strings.TrimRight(list, blanks))
		}
	}
	return []event.Event{l.event(transitionKind, "transition/"+set(t.Transitions)+"/"+l.id(), t)}, nil
}
