package debbugs

import (
	"slices"
	"strings"

	"busbar/common/pattern"
)

// Before 2009 the tracker answered in other words, and once for all bugs that it
// showed (debbugs: scripts/service of then). Archives of lists have such answers.
var (
	closedBefore    = pattern.New(`^Bug (?:closed|marked as fixed in version (\S+)), send any further explanations to `)
	reopenedBefore  = pattern.New(`^Bug reopened(?:, originator (?:not changed|set to (.+?)))?\.$`)
	versionsBefore  = pattern.New(`^Bug (no longer )?marked as (found|fixed) in version (\S+?)( and reopened)?\.$`)
	tagsBefore      = pattern.New(`^Tags (added|removed|set to): (.*)$`)
	forwardedBefore = pattern.New(`^(?:Noted your statement that Bug has been forwarded|Forwarded-to-address changed from (.+)) to (.+)\.$`)
	backBefore      = pattern.New(`^Removed annotation that Bug had been forwarded to (.+)\.$`)
	senderBefore    = pattern.New(`^Changed Bug submitter from (.+) to (.+)\.$`)
	blockedBefore   = pattern.New(`^Blocking bugs of (\d{1,9}) (added|removed|set to): ([\d, ]*)$`)
	mergedBefore    = pattern.New(`^Forcibly Merged((?: \d{1,9})+)\.$`)
	failedBefore    = pattern.New(`^(?:Bug number \d+ (?:not found|belongs to package )|Mismatch - only Bugs? |Unknown blocking bug/s: )`)
)

// effectsBefore reads a line of those; were is what the lines above say of the tags,
// or of the bugs that block it.
func effectsBefore(l string, were []string) (all []effect) {
	if m := closedBefore.FindStringSubmatch(l); m != nil {
		if m[1] != "" {
			all = append(all, effect{field: "fixed", added: []string{m[1]}})
		}
		all = append(all, effect{field: "done"})
	} else if m := reopenedBefore.FindStringSubmatch(l); m != nil {
		all = append(all, effect{field: "reopen"})
		if m[1] != "" {
			all = append(all, effect{field: "submitter", to: m[1]})
		}
	} else if m := versionsBefore.FindStringSubmatch(l); m != nil {
		e := effect{field: m[2], reopened: m[4] != ""}
		e.list(m[1] != "", m[3])
		if all = append(all, e); e.reopened {
			all = append(all, effect{field: "reopen"})
		}
	} else if m := tagsBefore.FindStringSubmatch(l); m != nil {
		all = append(all, listBefore(effect{field: "tag"}, m[1], joined(m[2]), were))
	} else if m := blockedBefore.FindStringSubmatch(l); m != nil {
		all = append(all, listBefore(effect{field: "block", bug: bugNumber(m[1])}, m[2], joined(m[3]), were))
	} else if m := forwardedBefore.FindStringSubmatch(l); m != nil {
		all = append(all, effect{field: "forward", from: m[1], to: m[2]})
	} else if m := backBefore.FindStringSubmatch(l); m != nil {
		all = append(all, effect{field: "unforward", from: m[1]})
	} else if m := senderBefore.FindStringSubmatch(l); m != nil {
		all = append(all, effect{field: "submitter", from: m[1], to: m[2]})
	} else if m := mergedBefore.FindStringSubmatch(l); m != nil {
		all = append(all, effect{field: "merge", added: strings.Fields(m[1])})
	}
	for i := range all {
		all[i].done, all[i].all = true, all[i].bug == 0
	}
	return all
}

// listBefore is what changed: those answers named all that was asked for.
func listBefore(e effect, how string, named, were []string) effect {
	for _, n := range named {
		if slices.Contains(were, n) == (how == "removed") {
			e.list(how == "removed", n)
		}
	}
	if how == "set to" {
		for _, w := range were {
			if !slices.Contains(named, w) {
				e.list(true, w)
			}
		}
	}
	return e
}

// wereBefore reads what such an answer says of how it was.
func wereBefore(l string) (were []string, ok bool) {
	for _, begin := range []string{"Tags were: ", "Was blocked by: "} {
		if rest, found := strings.CutPrefix(l, begin); found {
			return strings.FieldsFunc(rest, func(r rune) bool { return r == ' ' || r == ',' }), true
		}
	}
	return nil, l == "There were no tags set." || l == "Was not blocked by any bugs."
}
