package state

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// Newest is the stamp of what was said last.
func (t *Thing) Newest() (newest Stamp) {
	for i, s := range t.stamps {
		if i == 0 || s.Compare(newest) > 0 {
			newest = s
		}
	}
	return newest
}

// Partial is the member of a value that names lists of which not all is known.
const Partial = "partial"

// Value is the thing as a JSON object: what is known of it, members sorted by name. Of
// a list that is known in part alone it has the elements that are known to be there;
// those that are known not to be there stand under its name in the last member, Partial.
func (t *Thing) Value() string {
	var b, partial bytes.Buffer
	winners := t.winners()
	for i := 0; i < len(winners); {
		to := i + 1
		for to < len(winners) && winners[to].member == winners[i].member {
			to++
		}
		value, not := list(winners[i:to])
		if value != "" {
			member(&b, winners[i].member, value)
		}
		if not != "" {
			member(&partial, winners[i].member, not)
		}
		i = to
	}
	if partial.Len() > 0 {
		member(&b, Partial, partial.String()+"}")
	}
	if b.Len() == 0 {
		return "{}"
	}
	return b.String() + "}"
}

// Text is a member's value where it is a text.
func (t *Thing) Text(name string) string {
	for _, e := range t.winners() {
		if e.member == name && e.element == "" {
			var s string
			if json.Unmarshal([]byte(e.value), &s) == nil {
				return s
			}
		}
	}
	return ""
}

// IsGone says whether the thing is no more.
func (t *Thing) IsGone() bool {
	return slices.ContainsFunc(t.winners(), func(e entry) bool { return e.member == Gone && e.value == "true" })
}

func member(b *bytes.Buffer, name, value string) {
	if b.Len() == 0 {
		b.WriteByte('{')
	} else {
		b.WriteByte(',')
	}
	b.WriteString(`"` + name + `":` + value)
}

// winners are what is so now, by member and element: of several sequences, what the one
// with the newest stamp says.
func (t *Thing) winners() []entry {
	several := slices.ContainsFunc(t.entries, func(e entry) bool { return e.source != t.entries[0].source })
	if !several {
		i, _ := slices.BinarySearchFunc(t.entries, "", func(e entry, _ string) int {
			if e.member == "" {
				return -1
			}
			return 1
		})
		return t.entries[min(i, len(t.entries)):]
	}
	var floors []entry // up to which a sequence has said all
	best := map[string]entry{}
	for _, e := range t.entries {
		if e.member == "" {
			floors = append(floors, e)
		} else if have, ok := best[e.member]; !ok || t.stamps[e.stamp].Compare(t.stamps[have.stamp]) > 0 {
			best[e.member] = e
		}
	}
	var all []entry
	for _, e := range best {
		hidden := slices.ContainsFunc(floors, func(f entry) bool {
			return f.source != e.source && t.stamps[f.stamp].Compare(t.stamps[e.stamp]) > 0
		})
		if !hidden {
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b entry) int { return strings.Compare(a.member, b.member) })
	return all
}

// list is the value of the entries of one member, and what is known not to be in it.
func list(entries []entry) (value, not string) {
	whole := entries[0].element == ""
	if whole && len(entries) == 1 {
		return entries[0].value, ""
	}
	var elements, out []string
	if whole {
		var known []json.RawMessage
		if json.Unmarshal([]byte(entries[0].value), &known) != nil {
			whole = false // its elements are not known, or it is no list
		}
		for _, e := range known {
			elements = append(elements, string(e))
		}
		entries = entries[1:]
	}
	for _, e := range entries {
		switch i := slices.Index(elements, e.element); {
		case e.value == "1" && i < 0:
			elements = append(elements, e.element)
		case e.value == "0" && i >= 0:
			elements = slices.Delete(elements, i, i+1)
		case e.value == "0":
			out = append(out, e.element)
		}
	}
	slices.Sort(elements)
	value = "[" + strings.Join(elements, ",") + "]"
	if whole {
		return value, ""
	}
	slices.Sort(out)
	return value, "[" + strings.Join(out, ",") + "]"
}
