package debbugs

import (
	"slices"
	"strings"

	"busbar/common/event"
	"busbar/common/runes"
)

// tell tells one change of one bug, and notes it for what comes later in the
// transcript.
func (w *blockWalk) tell(n int, e effect) {
	if n <= 0 {
		return
	}
	if w.acted == nil {
		w.acted = map[int]bool{}
	}
	w.acted[n] = w.acted[n] || e.field != "merge"
	k, c := w.of(n), w.controlled
	before, after := one(e.from), one(e.to)
	emit := func(kind *event.Kind, body func(Bug) any) {
		c.change(kind, n, e.field, before, after, body)
	}
	switch e.field {
	case "severity":
		k.severity = line(e.to)
		emit(severityKind, func(b Bug) any { return SeverityUpdated{b, line(e.from)} })
	case "tag":
		if before, after = e.removed, e.added; len(before)+len(after) == 0 {
			return // older trackers name tags that were there
		}
		emit(tagKind, namesOf(e))
	case "title":
		k.title = line(e.to)
		emit(titleKind, func(b Bug) any { return TitleUpdated{b, line(e.from)} })
	case "package":
		k.packages = words(e.to)
		emit(packageKind, func(b Bug) any { return PackageUpdated{b, words(e.from), b.Packages} })
	case "found":
		k.found, before, after = merged(k.found, e), e.removed, e.added
		if len(e.added)+len(e.removed) == 0 {
			return // it was reopened, and that is told on its own
		}
		emit(foundKind, func(b Bug) any { return FoundUpdated{b, named(e.added), named(e.removed), e.reopened} })
	case "fixed":
		k.fixed, before, after = merged(k.fixed, e), e.removed, e.added
		if len(e.added) > 0 {
			c.fixed[n] = line(e.added[0])
		}
		emit(fixedKind, namesOf(e))
	case "affect":
		before, after = e.removed, e.added
		emit(affectKind, namesOf(e))
	case "block":
		added, removed := sorted(ranges(e.added)), sorted(ranges(e.removed))
		if before, after = digits(removed), digits(added); len(before)+len(after) == 0 {
			return
		}
		emit(blockKind, func(b Bug) any { return BlockUpdated{b, bounded(added), bounded(removed), []int{}, []int{}} })
	case "done":
		if c.unnamed {
			return // the notice about the closing has the mail, and so another id
		}
		c.add(event.Event{Kind: closeKind, Key: CloseKey(n, c.cause), Time: c.at,
			Body: Closed{Bug: c.bug(n), Version: c.fixed[n], DoneBy: c.person, Message: Message{Attachments: []Attachment{}}}})
	case "reopen":
		before = one(k.done)
		emit(reopenKind, func(b Bug) any { return Reopened{b, who(k.done)} })
		k.done = ""
	case "archive", "unarchive":
		kind := map[string]*event.Kind{"archive": archiveKind, "unarchive": unarchiveKind}[e.field]
		emit(kind, func(b Bug) any { return Archived{b, false} })
	default:
		w.tellMore(n, e, k)
	}
}

// tellMore tells what is about people, other bugs and texts.
func (w *blockWalk) tellMore(n int, e effect, k *known) {
	c := w.controlled
	before, after := one(e.from), one(e.to)
	emit := func(kind *event.Kind, body func(Bug) any) {
		c.change(kind, n, e.field, before, after, body)
	}
	switch e.field {
	case "submitter":
		emit(submitterKind, func(b Bug) any { return SubmitterUpdated{b, who(e.from), who(e.to)} })
	case "owner":
		emit(ownerKind, func(b Bug) any { return OwnerUpdated{b, perhaps(e.to), perhaps(e.from)} })
	case "forward":
		k.forwarded = e.to
		emit(forwardKind, func(b Bug) any {
			return Forwarded{Bug: b, To: tidy(e.to), From: tidy(e.from), Message: Message{Attachments: []Attachment{}}}
		})
	case "unforward":
		if e.from == "" {
			e.from = k.forwarded
		}
		before = one(e.from)
		emit(unforwardKind, func(b Bug) any { return Unforwarded{b, tidy(e.from)} })
		k.forwarded = ""
	case "summary", "outlook":
		kind := map[string]*event.Kind{"summary": summaryKind, "outlook": outlookKind}[e.field]
		u := TextUpdated{MessageNumber: bugNumber(e.to), Removed: len(e.removed) > 0}
		if isNumber := bugNumber(strings.TrimPrefix(w.cmd.args, "-")) > 0 || w.cmd.args == "0"; !isNumber && !u.Removed {
			u.Text, u.Truncated = runes.Cut(clean(w.cmd.args), 4<<10) // it is what was asked for, word by word
		}
		before, after = nil, []string{e.to, u.Text}
		emit(kind, func(b Bug) any { u.Bug = b; return u })
	case "merge", "unmerge":
		kind := map[string]*event.Kind{"merge": mergeKind, "unmerge": unmergeKind}[e.field]
		others := slices.DeleteFunc(slices.Clone(w.about(e)), func(other int) bool { return other == n })
		if e.field == "unmerge" && n != e.bug {
			others = []int{e.bug} // those stay together
		}
		after = digits(others)
		emit(kind, func(b Bug) any { return Bugs{b, bounded(sorted(others))} })
	case "clone":
		clones := ranges(e.added)
		c.placeholders(w.cmd.args, clones)
		for _, clone := range clones {
			c.add(event.Event{Kind: cloneKind, Key: CloneKey(n, clone), Time: c.at, Body: Cloned{c.bug(n), []int{clone}}})
		}
	}
}

// placeholders notes which numbers -1, -2, … stand for: the tracker gives them in
// the order in which they were asked for.
func (c *controlled) placeholders(asked string, clones []int) {
	for i, f := range strings.Fields(asked) {
		if n := signed(f); n < 0 && i < len(clones) {
			c.clones[n] = clones[i]
		}
	}
}

// change tells a change of a field.
func (c *controlled) change(k *event.Kind, bug int, field string, before, after []string, body func(Bug) any) {
	key := CommandKey(bug, field, before, after, c.cause, 0)
	if n := c.times[key]; n > 0 { // there and back, and there again
		c.times[key]++
		key = CommandKey(bug, field, before, after, c.cause, n)
	} else {
		c.times[key] = 1
	}
	c.add(event.Event{Kind: k, Key: key, Time: c.at, Body: body(c.bug(bug))})
}

// add tells an event, once: a command that says the same of a bug twice did it
// once.
func (c *controlled) add(e event.Event) {
	if !slices.ContainsFunc(c.events, func(have event.Event) bool { return have.Kind == e.Kind && have.Key == e.Key }) {
		c.events = append(c.events, e)
	}
}

func namesOf(e effect) func(Bug) any {
	return func(b Bug) any { return NamesUpdated{b, named(e.added), named(e.removed)} }
}

// named is the names as they go on the bus.
func named(list []string) []string {
	all := tidyAll(list)
	slices.Sort(all)
	return slices.Compact(all)
}

// merged is a list after a change of it, as far as it is known.
func merged(list []string, e effect) []string {
	list = slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(e.removed, s) })
	list = append(list, named(e.added)...)
	slices.Sort(list)
	return slices.Compact(list)
}
