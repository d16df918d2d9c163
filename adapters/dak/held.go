package dak

import (
	"strings"

	"busbar/common/event"
	"busbar/common/pattern"
)

func holds(l letter) bool {
	return strings.HasSuffix(l.subject, ".changes is NEW") || l.action == "new"
}

// What an upload holds that needs a look: "binary:kettle is NEW." since 2012,
// before that "(new) kettle_1.0-1_amd64.deb optional misc"; a file that a person
// installs, "guide_1.0.pdf byhand".
var (
	isNew     = pattern.New(`^((?:source|binary|udeb):\S{1,200}) is NEW\.$`)
	isNewFile = pattern.New(`^\(new\) (\S{1,200})(?: |$)`)
	isByhand  = pattern.New(`^(\S{1,200}) byhand$`)
)

// held tells that an upload waits for a person to look at it. The list of what
// is new ends before a text for people: without one the list may not be whole.
func held(l letter) ([]event.Event, error) {
	ref, err := l.reference(before(whole(l.Header, "Subject"), " is NEW"))
	if err != nil {
		return nil, err
	}
	h := Held{Reference: ref, Reason: "new", Components: []string{}}
	seen, ended := map[string]bool{}, false
	add := func(name string) {
		ended = false
		if !seen[name] && len(h.Components) < maxList {
			seen[name] = true
			h.Components = append(h.Components, name)
		}
	}
	blank := false
	for text := range strings.Lines(l.text) {
		text = strings.TrimRight(text, blanks)
		if m := isNew.FindStringSubmatch(text); m != nil {
			add(m[1])
		} else if m := isNewFile.FindStringSubmatch(text); m != nil {
			add(m[1])
		} else if m := isByhand.FindStringSubmatch(text); m != nil {
			h.Reason = "byhand"
			add(m[1])
		} else if text != "" && blank && len(h.Components) > 0 {
			ended = true
		}
		blank = text == ""
	}
	if !ended {
		return nil, cutError("it stops in the list of what is new")
	}
	return []event.Event{l.event(holdKind, "upload/"+ref.ChangesFile+"/hold/"+l.id(), h)}, nil
}
