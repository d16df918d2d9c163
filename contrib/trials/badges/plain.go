package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// rules are the badges of the trial, one of each criterion at least.
const rules = `
[[badge]]
name = "uploader"
title = "Uploader"
text = "uploaded"
criterion = "count"
query = "topic:dak.source.accept"
levels = [1, 10, 100, 1000]
[[badge]]
name = "packages"
title = "Packages"
text = "uploaded different packages"
criterion = "distinct"
of = "package"
query = "topic:dak.source.accept"
levels = [5, 50, 500]
[[badge]]
name = "closer"
title = "Closer"
text = "closed bugs"
criterion = "distinct"
of = "bug"
query = "topic:debbugs.bug.close"
levels = [1, 100]
[[badge]]
name = "days"
title = "Days"
text = "did something day after day"
criterion = "streak"
unit = "day"
query = "topic:dak.source.accept topic:debbugs.bug.close"
levels = [3, 10, 30]
[[badge]]
name = "pioneer"
title = "Pioneer"
text = "uploaded packages first"
criterion = "first"
of = "package"
query = "topic:dak.source.accept"
levels = [1, 10]
[[badge]]
name = "quick"
title = "Quick"
text = "closed bugs within a week"
criterion = "combination"
same = "bug"
within = "168h"
levels = [1, 10]
[[badge.part]]
query = "topic:debbugs.bug.create"
anyone = true
[[badge.part]]
query = "topic:debbugs.bug.close"
[[badge]]
name = "circle"
title = "Circle"
text = "did all of it"
criterion = "combination"
[[badge.part]]
query = "topic:dak.source.accept"
[[badge.part]]
query = "topic:debbugs.bug.create"
[[badge.part]]
query = "topic:debbugs.bug.close"
`

// awards are by "badge level person": "time id".
type awards map[string]string

// plain gives the awards by a look at everything, person by person, in the order of
// times.
func plain(list []fact) awards {
	all := sayings(list, nil)
	names := make([]string, len(list))
	for i := range names {
		names[i] = id(i)
	}
	slices.SortFunc(all, func(a, b saying) int {
		return cmp.Or(cmp.Compare(a.at, b.at), strings.Compare(names[a.n], names[b.n]))
	})
	got := awards{}
	of := map[int][]saying{}
	opened := map[int][]saying{}
	first := map[int]saying{}
	for _, s := range all {
		of[s.person] = append(of[s.person], s)
		if s.topic == reported {
			opened[s.thing] = append(opened[s.thing], s)
		}
		if _, had := first[s.thing]; s.topic == uploaded && !had {
			first[s.thing] = s
		}
	}
	for person, mine := range of {
		give := func(badge string, level int, s saying) {
			got[fmt.Sprintf("%s %d p%d@example.org", badge, level, person)] = fmt.Sprint(s.at, " ", names[s.n])
		}
		// different gives a level when there are so many different values; -1 is none.
		different := func(badge string, value func(saying) int, levels ...int) {
			seen := map[int]bool{}
			for _, s := range mine {
				if v := value(s); v >= 0 && !seen[v] {
					if seen[v] = true; slices.Contains(levels, len(seen)) {
						give(badge, len(seen), s)
					}
				}
			}
		}
		when := func(topic string, value func(saying) int) func(saying) int {
			return func(s saying) int {
				if s.topic != topic {
					return -1
				}
				return value(s)
			}
		}
		thing := func(s saying) int { return s.thing }
		different("uploader", when(uploaded, func(s saying) int { return s.n }), 1, 10, 100, 1000)
		different("packages", when(uploaded, thing), 5, 50, 500)
		different("closer", when(closed, thing), 1, 100)
		different("pioneer", when(uploaded, func(s saying) int {
			if f := first[s.thing]; f != s {
				return -1
			}
			return s.thing
		}), 1, 10)
		different("quick", when(closed, func(s saying) int {
			for _, o := range opened[s.thing] {
				if s.at-o.at <= 7*24*3600 && (o.at < s.at || o.at == s.at && names[o.n] < names[s.n]) {
					return s.thing
				}
			}
			return -1
		}), 1, 10)
		done := map[string]bool{}
		for _, s := range mine {
			if s.topic != mailed {
				if done[s.topic] = true; len(done) == 3 {
					give("circle", 1, s)
					break
				}
			}
		}
		days := map[int64]saying{}
		for _, s := range mine {
			if _, had := days[s.at/86400]; !had && (s.topic == uploaded || s.topic == closed) {
				days[s.at/86400] = s
			}
		}
		run, before := 0, int64(-2)
		had := map[int]bool{}
		for _, day := range slices.Sorted(maps.Keys(days)) {
			if run++; day != before+1 {
				run = 1
			}
			before = day
			if slices.Contains([]int{3, 10, 30}, run) && !had[run] {
				had[run] = true
				give("days", run, days[day])
			}
		}
	}
	return got
}

// differ says where awards are not those that are wanted.
func differ(got, want awards) (missing, extra, other int, where []string) {
	for _, key := range slices.Sorted(maps.Keys(want)) {
		switch have, ok := got[key]; {
		case !ok:
			missing++
			where = append(where, key+" is missing")
		case have != want[key]:
			other++
			where = append(where, key+" is "+have+", not "+want[key])
		}
	}
	for _, key := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[key]; !ok {
			extra++
			where = append(where, key+" is too many")
		}
	}
	return missing, extra, other, where
}
