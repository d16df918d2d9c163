package debbugs

import "slices"

// cause is the one message whose text has the command for this change. Where
// several touch the field, only one of them may name its value.
func (w *walk) cause(field, value string) (*read, bool) {
	var touch, name []*read
	for i := range w.log {
		r := &w.log[i]
		touches, says := false, false
		for _, c := range r.commands {
			if c.changes(field, func(bug int) bool { return w.same(bug) || bug < 0 && i == w.copied-1 }) && i >= w.copied-1 {
				touches, says = true, says || c.says(value)
			}
		}
		if (field == "fixed" || field == "tag") && r.to[0].what == "done" && i >= w.copied { // with a version; off goes "pending"
			touches = true
		}
		if touches {
			touch = append(touch, r)
		}
		if says {
			name = append(name, r)
		}
	}
	switch {
	case len(touch) == 1:
		return touch[0], true
	case len(name) == 1:
		return name[0], true
	}
	return nil, false
}

// named tells whether any message has a command for the field.
func (w *walk) named(field string) bool {
	return slices.ContainsFunc(w.log, func(r read) bool {
		return slices.ContainsFunc(r.commands, func(c command) bool { return c.changes(field, w.same) })
	})
}
