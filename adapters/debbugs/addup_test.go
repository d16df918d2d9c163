package debbugs

import (
	"math/rand/v2"
	"slices"
	"testing"

	"busbar/common/event"
	"busbar/fixtures/cases"
)

// TestEventsAddUp: whoever follows the events of a bug knows how it is, whatever
// happened between two polls.
func TestEventsAddUp(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(all ...string) string { return all[r.IntN(len(all))] }
	names := func(all ...string) []string {
		var some []string
		for _, s := range all {
			if r.IntN(2) == 0 {
				some = append(some, s)
			}
		}
		return some
	}
	ints := func() (some []int) {
		for n := 10; n < 14; n++ {
			if r.IntN(2) == 0 {
				some = append(some, n)
			}
		}
		return some
	}
	state := func() *Status {
		return &Status{Bug: 7, Title: pick("1.5", "true", "tönt"), Packages: []string{pick("teapot", "src:kettle")}, Severity: pick("", "normal", "grave"),
			Tags: names("patch", "help", "l10n"), Found: names("a/1", "2"), Fixed: names("3", "b/4"), Done: pick("", "A <a@example.org>", "B <b@example.org>"),
			Forwarded: pick("", "x@example.com", "https://example.com/1"), Owner: pick("", "A <a@example.org>", "B <b@example.org>"),
			Submitter: pick("A <a@example.org>", "B <b@example.org>"), Merged: ints(), Blocks: ints(), BlockedBy: ints(), Affects: names("p", "q"),
			Summary: pick("", "s", "t"), Outlook: pick("", "o"), Archived: r.IntN(2) == 0, LogModified: int64(r.IntN(5)), LastModified: int64(r.IntN(5))}
	}
	messages := []Entry{entry("7", "", "x"), entry("7-done", "", "x"), entry("7-done", "X: y", "Version: 1"), entry("control", "", "reopen 7"),
		entry("control", "X: y", "close 7"), entry("control", "X: z", "found 7 2"), entry("7-forwarded", "To: x@example.com", "x"),
		entry("control", "X: n", "notforwarded 7"), entry("control", "X: f", "forwarded 7 https://example.com/1")}
	reportMail := entry("submit", "X: r", "Package: teapot\nSeverity: grave\nTags: patch help\nVersion: 2\nOwner: A <a@example.org>\n\nx")
	for i := range cases.Of(800, 4_000) {
		ch := Change{Bug: 7, After: state()}
		is := Status{}
		switch r.IntN(3) {
		case 0:
			ch.Log = []Entry{reportMail}
			ch.After.MessageID = reportMail.MessageID()
			ch.After.Title = "drips"
		case 1:
			ch.Before = state()
			is = *ch.Before
		}
		for range r.IntN(5) {
			ch.Log = append(ch.Log, messages[r.IntN(len(messages))])
		}
		events := []event.Event{}
		if ch.Before == nil || !Same(*ch.Before, *ch.After) || len(ch.Log) > 0 {
			events = tell(t, ch)
		}
		for _, e := range events {
			follow(&is, e)
		}
		if want := outline(*ch.After); !slices.Equal(outline(is), want) {
			t.Fatalf("change %d: %s add up to\n%q, want\n%q\nbefore %+v\nlog %+v", i, topics(events), outline(is), want, ch.Before, ch.Log)
		}
	}
}

// follow does to a bug what an event says.
func follow(s *Status, e event.Event) {
	apply := func(list *[]string, added, removed []string) { *list = without(append(*list, added...), removed) }
	ints := func(list *[]int, added, removed []int) {
		*list = without(append(slices.Clone(*list), added...), removed)
	}
	switch b := e.Body.(type) {
	case Created:
		*s = Status{Bug: b.Bug.Bug, Title: b.Title, Packages: b.Packages, Severity: b.Severity, Tags: b.Tags, Submitter: b.Person.String()}
		if b.Version != "" {
			s.Found = []string{b.Version}
		}
	case Closed:
		s.Done = "closed"
	case Reopened:
		s.Done = ""
	case Forwarded:
		s.Forwarded = "forwarded"
	case Unforwarded:
		s.Forwarded = ""
	case SeverityUpdated:
		s.Severity = b.Severity
	case TitleUpdated:
		s.Title = b.Title
	case PackageUpdated:
		s.Packages = b.To
	case FoundUpdated:
		apply(&s.Found, b.Added, b.Removed)
	case SubmitterUpdated:
		s.Submitter = b.To.String()
	case OwnerUpdated:
		if s.Owner = ""; b.Owner != nil {
			s.Owner = b.Owner.String()
		}
	case BlockUpdated:
		ints(&s.BlockedBy, b.Added, b.Removed)
		ints(&s.Blocks, b.BlockingAdded, b.BlockingRemoved)
	case Bugs:
		if e.Kind == mergeKind {
			s.Merged = b.Bugs
		} else {
			ints(&s.Merged, nil, b.Bugs)
		}
	case Archived:
		s.Archived = e.Kind == archiveKind
	case TextUpdated:
		if e.Kind == summaryKind {
			s.Summary = b.Text
		} else {
			s.Outlook = b.Text
		}
	case NamesUpdated:
		apply(map[*event.Kind]*[]string{tagKind: &s.Tags, fixedKind: &s.Fixed, affectKind: &s.Affects}[e.Kind], b.Added, b.Removed)
	}
}

func without[T comparable](list, removed []T) []T {
	return slices.DeleteFunc(slices.Clone(list), func(v T) bool { return slices.Contains(removed, v) })
}

// outline is a bug in comparable form.
func outline(s Status) []string {
	open := func(s string) string {
		if s == "" {
			return "no"
		}
		return "yes"
	}
	set := func(list []string) string { list = slices.Clone(list); slices.Sort(list); return some(list) }
	nums := func(list []int) string { list = slices.Clone(list); slices.Sort(list); return set(digits(list)) }
	archived := "live"
	if s.Archived {
		archived = "archived"
	}
	return []string{s.Title, set(s.Packages), severity(s), set(s.Tags), set(s.Found), set(s.Fixed), open(s.Done), open(s.Forwarded),
		s.Owner, who(s.Submitter).Email, nums(s.Merged), nums(s.Blocks), nums(s.BlockedBy), set(s.Affects), s.Summary, s.Outlook, archived}
}
