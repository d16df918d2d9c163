package debbugs

import (
	"cmp"
	"slices"
	"time"
)

// Same tells whether two states of a bug are equal but for their stamps.
func Same(a, b Status) bool {
	return a.Bug == b.Bug && sameNames(words(a.Source), words(b.Source)) && a.Title == b.Title && a.Submitter == b.Submitter &&
		a.MessageID == b.MessageID && a.Date == b.Date && a.Severity == b.Severity && a.Done == b.Done &&
		a.Forwarded == b.Forwarded && a.Owner == b.Owner && a.Summary == b.Summary && a.Outlook == b.Outlook &&
		a.Archived == b.Archived && a.Unarchived == b.Unarchived &&
		sameNames(a.Packages, b.Packages) && slices.Equal(a.Tags, b.Tags) &&
		slices.Equal(a.Found, b.Found) && slices.Equal(a.Fixed, b.Fixed) && slices.Equal(a.Affects, b.Affects) &&
		slices.Equal(a.Merged, b.Merged) && slices.Equal(a.Blocks, b.Blocks) && slices.Equal(a.BlockedBy, b.BlockedBy)
}

// sameNames compares names that may stand in any order.
func sameNames(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// stamp is when the bug was last changed, as far as the tracker tells.
func (s Status) stamp() int64 { return max(s.LogModified, s.LastModified) }

// unix is a time in Unix seconds; zero if there is none that RFC 3339 can write.
func unix(seconds int64) time.Time {
	if seconds <= 0 || seconds > 253_402_300_799 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

// difference is what b has and a has not, and the other way round, sorted; both
// are never nil.
func difference[T cmp.Ordered](a, b []T) (added, removed []T) {
	added, removed = []T{}, []T{}
	for _, v := range b {
		if !slices.Contains(a, v) {
			added = append(added, v)
		}
	}
	for _, v := range a {
		if !slices.Contains(b, v) {
			removed = append(removed, v)
		}
	}
	slices.Sort(added)
	slices.Sort(removed)
	return bounded(slices.Compact(added)), bounded(slices.Compact(removed))
}

// mostListed bounds a list on the bus.
const mostListed = 1000

func bounded[T any](s []T) []T { return s[:min(len(s), mostListed)] }
