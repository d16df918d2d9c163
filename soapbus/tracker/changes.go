package tracker

import (
	"fmt"
	"maps"
	"slices"

	"busbar/adapters/debbugs"
)

// Changes is what a reply says where nothing was known before, of a log and of usertags
// with the bug and the user, which these do not name; skip is why it says none.
func (r Reply) Changes(bug int, user string) (items []any, skip string) {
	switch {
	case r.Fault != nil:
		return []any{r.Fault}, ""
	case len(r.Statuses) > 0:
		for _, st := range r.Statuses {
			items = append(items, debbugs.Change{Bug: st.Bug, After: &st})
		}
		return items, ""
	case len(r.Usertags) > 0:
		for _, tag := range slices.Sorted(maps.Keys(r.Usertags)) {
			items = append(items, debbugs.UsertagChange{User: user, Tag: tag, Added: r.Usertags[tag], Removed: []int{}, Serial: 1})
		}
		return items, ""
	case len(r.Log) > 0:
		if bug == 0 {
			return nil, "a log does not say whose it is: name the bug with --bug"
		}
		st := debbugs.Status{Bug: bug}
		return []any{debbugs.Change{Bug: bug, After: &st, Log: r.Log, More: true}}, ""
	case len(r.Bugs) > 0:
		return nil, fmt.Sprintf("%s: a list of %d bugs, which are asked next", r.Method, len(r.Bugs))
	case len(r.Pairs) > 0:
		return nil, fmt.Sprintf("%s: %d look-ups, which tell no news", r.Method, len(r.Pairs))
	}
	return nil, r.Method + ": an empty reply"
}
