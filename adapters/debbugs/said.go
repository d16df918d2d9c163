package debbugs

import (
	"slices"
	"strconv"
	"strings"

	"busbar/common/event"
	"busbar/common/runes"
)

// A Said is one change of a bug that another publisher published, as far as it
// matters for what the bug is: what was said last is what the bus believes. Its JSON
// form is kept in journals: members are only ever added.
type Said struct {
	Field   string   `json:"field"`           // as in StateKey; "reopen", "unforward", "unarchive", "unmerge" are their own
	To      string   `json:"to,omitempty"`    // of what has one value
	Added   []string `json:"added,omitempty"` // of lists
	Removed []string `json:"removed,omitempty"`
	// Unknown says that the value is not in the message: whatever the tracker has is
	// it.
	Unknown bool `json:"unknown,omitempty"`
}

// SaidOf is what a message says of bugs' states, by bug; topic is without the bus's
// prefix. A message about nothing of that kind says nothing.
func SaidOf(topic string, body []byte) map[int][]Said {
	k, ok := AllKinds().ByTopic(topic)
	if !ok || k.Topic != topic {
		return nil
	}
	decoded, err := k.Decode(body)
	if err != nil {
		return nil
	}
	all := saidOf(strings.TrimSuffix(strings.TrimPrefix(topic, "debbugs.bug."), ".update"), decoded)
	for _, list := range all {
		for i := range list { // who may publish is another's judgement
			list[i].To, _ = runes.Cut(list[i].To, 8*maxLine)
			list[i].Added, list[i].Removed = bounded(list[i].Added), bounded(list[i].Removed)
		}
	}
	delete(all, 0)
	return all
}

func saidOf(field string, decoded any) map[int][]Said {
	switch b := decoded.(type) {
	case SeverityUpdated:
		return map[int][]Said{b.Bug.Bug: {{Field: field, To: b.Severity}}}
	case TitleUpdated:
		return map[int][]Said{b.Bug.Bug: {{Field: field, To: b.Title}}}
	case PackageUpdated:
		return map[int][]Said{b.Bug.Bug: {{Field: field, Added: b.To}}}
	case NamesUpdated:
		return map[int][]Said{b.Bug.Bug: {{Field: field, Added: b.Added, Removed: b.Removed}}}
	case FoundUpdated:
		return map[int][]Said{b.Bug.Bug: {{Field: field, Added: b.Added, Removed: b.Removed}}}
	case Closed:
		return map[int][]Said{b.Bug.Bug: {{Field: "done", To: orNone(b.DoneBy.String())}}}
	case Reopened:
		return map[int][]Said{b.Bug.Bug: {{Field: field}}}
	case Forwarded:
		if b.To == "" { // it was sent to the tracker alone, which records nothing then
			return nil
		}
		return map[int][]Said{b.Bug.Bug: {{Field: field, To: b.To}}}
	case Unforwarded:
		return map[int][]Said{b.Bug.Bug: {{Field: field}}}
	case OwnerUpdated:
		return map[int][]Said{b.Bug.Bug: {{Field: field, To: nameOf(b.Owner)}}}
	case SubmitterUpdated:
		return map[int][]Said{b.Bug.Bug: {{Field: field, To: b.To.String()}}}
	case TextUpdated:
		return map[int][]Said{b.Bug.Bug: {{Field: field, To: b.Text, Unknown: !b.Removed && (b.Text == "" || b.Truncated)}}}
	case Archived:
		return map[int][]Said{b.Bug.Bug: {{Field: field}}}
	case Bugs:
		return map[int][]Said{b.Bug.Bug: {{Field: field, Added: digits(b.Bugs)}}}
	case BlockUpdated:
		return blocksSaid(b)
	}
	return nil
}

// blocksSaid has both ends: the tracker changes the other bugs, too, and nobody
// mails that.
func blocksSaid(b BlockUpdated) map[int][]Said {
	n, this := b.Bug.Bug, []string{strconv.Itoa(b.Bug.Bug)}
	all := map[int][]Said{n: {{Field: "block", Added: digits(b.Added), Removed: digits(b.Removed)},
		{Field: "blocks", Added: digits(b.BlockingAdded), Removed: digits(b.BlockingRemoved)}}}
	for _, end := range []struct {
		bugs []int
		said Said
	}{{b.Added, Said{Field: "blocks", Added: this}}, {b.Removed, Said{Field: "blocks", Removed: this}},
		{b.BlockingAdded, Said{Field: "block", Added: this}}, {b.BlockingRemoved, Said{Field: "block", Removed: this}}} {
		for _, other := range bounded(end.bugs) {
			all[other] = append(all[other], end.said)
		}
	}
	return all
}

// UsertagSaid is what a message says of a user's tag.
func UsertagSaid(topic string, body []byte) (user, tag string, said Said, ok bool) {
	if topic != usertagKind.Topic {
		return "", "", Said{}, false
	}
	decoded, err := usertagKind.Decode(body)
	b, isTag := decoded.(UsertagUpdated)
	if err != nil || !isTag {
		return "", "", Said{}, false
	}
	return b.User, b.Tag, Said{Field: "usertag", Added: digits(b.Added), Removed: digits(b.Removed)}, true
}

// TagAfter is which bugs have a tag once all of it was said.
func TagAfter(bugs []int, said []Said) []int {
	for _, c := range said {
		bugs = numbersAfter(bugs, c)
	}
	return bugs
}

func nameOf(p *event.Person) string {
	if p == nil {
		return ""
	}
	return p.String()
}

// After is the state once all of it was said. now is the tracker's: where both mean
// the same in other words, it is the tracker's words.
func (s Status) After(said []Said, now Status) Status {
	for _, c := range said {
		s.say(c, now)
	}
	return s
}

func (s *Status) say(c Said, now Status) {
	text := func(field *string, to, tracker string) {
		if *field = to; c.Unknown || alikeTexts(to, tracker) {
			*field = tracker
		}
	}
	list := func(field *[]string, tracker []string) { *field = listAfter(*field, c, tracker) }
	numbers := func(field *[]int) { *field = numbersAfter(*field, c) }
	switch c.Field {
	case "severity":
		text(&s.Severity, c.To, now.Severity)
		if s.Severity == defaultSeverity && now.Severity == "" {
			s.Severity = ""
		}
	case "title":
		text(&s.Title, c.To, now.Title)
	case "package":
		if s.Packages = c.Added; sameNames(c.Added, words(tidy(strings.Join(now.Packages, ",")))) {
			s.Packages = now.Packages
		}
	case "tag":
		list(&s.Tags, now.Tags)
	case "found":
		list(&s.Found, now.Found)
	case "fixed":
		list(&s.Fixed, now.Fixed)
	case "affect":
		list(&s.Affects, now.Affects)
	case "done":
		if s.Done = c.To; sameWho(c.To, now.Done) {
			s.Done = now.Done
		}
	case "reopen":
		s.Done = ""
	case "forward":
		text(&s.Forwarded, c.To, now.Forwarded)
	case "unforward":
		s.Forwarded = ""
	case "owner":
		if text(&s.Owner, c.To, now.Owner); sameWho(c.To, now.Owner) {
			s.Owner = now.Owner
		}
	case "submitter":
		if text(&s.Submitter, c.To, now.Submitter); sameWho(c.To, now.Submitter) {
			s.Submitter = now.Submitter
		}
	case "summary":
		text(&s.Summary, c.To, now.Summary)
	case "outlook":
		text(&s.Outlook, c.To, now.Outlook)
	case "archive":
		s.Archived = true
	case "unarchive":
		s.Archived, s.Unarchived = false, now.Unarchived
	case "block":
		numbers(&s.BlockedBy)
	case "blocks":
		numbers(&s.Blocks)
	case "merge":
		s.Merged = sorted(numbered(c.Added))
	case "unmerge":
		s.Merged = numbersAfter(s.Merged, Said{Removed: c.Added})
	}
}

// alikeTexts compares texts as mails and records write them: blanks and what is not
// ASCII are read in more ways than one.
func alikeTexts(a, b string) bool { return a == b || plain(tidy(a)) == plain(tidy(b)) }

// listAfter is a list after a change. A version without a package is the one that
// the tracker has with it.
func listAfter(list []string, c Said, tracker []string) []string {
	same := func(have, named string) bool {
		return have == named || strings.HasSuffix(have, "/"+named) || strings.HasSuffix(named, "/"+have)
	}
	list = slices.DeleteFunc(slices.Clone(list), func(have string) bool {
		return slices.ContainsFunc(c.Removed, func(named string) bool { return same(have, named) })
	})
	for _, named := range c.Added {
		if i := slices.IndexFunc(tracker, func(have string) bool { return same(have, named) }); i >= 0 {
			named = tracker[i]
		}
		if !slices.Contains(list, named) {
			list = append(list, named)
		}
	}
	slices.Sort(list)
	if len(list) == 0 {
		return nil
	}
	return list
}

func numbersAfter(list []int, c Said) []int {
	removed := numbered(c.Removed)
	list = slices.DeleteFunc(slices.Clone(list), func(n int) bool { return slices.Contains(removed, n) })
	list = append(list, numbered(c.Added)...)
	slices.Sort(list)
	if list = slices.Compact(list); len(list) == 0 {
		return nil
	}
	return list
}
