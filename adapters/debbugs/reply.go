package debbugs

import (
	"strconv"
	"strings"

	"busbar/common/pattern"
)

// An effect is one thing that a line of a transcript says was done to a bug, or
// could have been: only what was done is news, but all count when lines are matched with
// the bugs that they are about.
type effect struct {
	field string // as in StateKey
	bug   int    // 0: the line does not say
	done  bool   // false: "Ignoring request to …", nothing changed

	from, to       string   // of what has one value
	added, removed []string // of lists
	reopened       bool
	all            bool // it is about all bugs that are shown above, and said once
}

// A reading is one form of line.
type reading struct {
	form *pattern.Regexp
	read func(m []string) effect
}

// quoted is a value in quotes; older trackers began them with a backquote.
const (
	quoted     = "[`'](.*)'"
	quotedName = "[`']([^']*)'"
)

var readings = []reading{
	{re(`^Severity set to ` + quotedName + `(?: from ` + quotedName + `)?\.?$`), func(m []string) effect {
		return effect{field: "severity", to: m[1], from: m[2], all: strings.Contains(m[0], "`")} // older trackers, for all at once
	}},
	{re(`^Set Bug title to ` + quoted + `\.$`), func(m []string) effect { return effect{field: "title", to: m[1]} }},
	{re(`^Bug reassigned from package ` + quotedName + ` to ` + quotedName + `\.$`), func(m []string) effect {
		return effect{field: "package", from: m[1], to: m[2], all: strings.Contains(m[0], "`")}
	}},
	{re(`^Bug assigned to package ` + quotedName + `\.$`), func(m []string) effect { return effect{field: "package", to: m[1]} }},
	{re(`^Marked Bug as done$`), func([]string) effect { return effect{field: "done"} }},
	{re(`^Bug reopened$`), func([]string) effect { return effect{field: "reopen", all: true} }},
	{re(`^Set Bug submitter to ` + quoted + `\.$`), func(m []string) effect { return effect{field: "submitter", to: m[1]} }},
	{re(`^Set Bug forwarded-to-address to ` + quoted + `\.$`), func(m []string) effect { return effect{field: "forward", to: m[1]} }},
	{re(`^Unset Bug forwarded-to-address$`), func([]string) effect { return effect{field: "unforward"} }},
	{re(`^Owner recorded as (.*)\.$`), func(m []string) effect { return effect{field: "owner", to: m[1]} }},
	{re(`^Owner changed from (.*) to (.*)\.$`), func(m []string) effect { return effect{field: "owner", from: m[1], to: m[2]} }},
	{re(`^Removed annotation that Bug was owned by (.*)\.$`), func(m []string) effect { return effect{field: "owner", from: m[1]} }},
	{re(`^Added indication that (\d{1,9}) affects (.*)$`), func(m []string) effect {
		return effect{field: "affect", bug: bugNumber(m[1]), added: joined(m[2])}
	}},
	{re(`^Removed indication that (\d{1,9}) affects (.*)$`), func(m []string) effect {
		return effect{field: "affect", bug: bugNumber(m[1]), removed: joined(m[2])}
	}},
	{re(`^(Summary|Outlook) (?:recorded from|replaced with) message bug (\d{1,9}) message ?(\d*)$`), func(m []string) effect {
		return effect{field: strings.ToLower(m[1]), to: m[3]}
	}},
	{re(`^Removed (summary|outlook)$`), func(m []string) effect { return effect{field: m[1], removed: []string{""}} }},
	{re(`^Merged( \d{1,9})+\.?$`), func(m []string) effect {
		return effect{field: "merge", all: true, added: strings.Fields(strings.TrimSuffix(m[0], "."))[1:]}
	}},
	{re(`^Disconnected #(\d{1,9}) from all other report\(s\)\.$`), func(m []string) effect {
		return effect{field: "unmerge", bug: bugNumber(m[1]), all: true}
	}},
	{re(`^Bug (\d{1,9}) cloned as bugs? (.*)$`), func(m []string) effect {
		return effect{field: "clone", bug: bugNumber(m[1]), added: joined(strings.TrimSuffix(m[2], "."))}
	}},
	{re(`^archived (\d{1,9}) to archive/\S* \(from \d+\)$`), func(m []string) effect { return effect{field: "archive", bug: bugNumber(m[1])} }},
	{re(`^Unarchived Bug (\d{1,9})$`), func(m []string) effect { return effect{field: "unarchive", bug: bugNumber(m[1])} }},
	{re(`^Bug (archived|unarchived)\.$`), func(m []string) effect { return effect{field: strings.TrimSuffix(m[1], "d"), all: true} }},
}

// ignored are the lines that say that a bug is as it was asked to be.
var ignored = []reading{
	{re(`^Ignoring request to change severity of Bug (\d+) `), asItWas("severity")},
	{re(`^Ignoring request to alter tags of bug #(\d+) `), asItWas("tag")},
	{re(`^Ignoring request to change the title of bug#(\d+) `), asItWas("title")},
	{re(`^Ignoring request to reassign bug #(\d+) `), asItWas("package")},
	{re(`^Ignoring request to alter found versions of bug #(\d+) `), asItWas("found")},
	{re(`^Ignoring request to alter fixed versions of bug #(\d+) `), asItWas("fixed")},
	{re(`^Ignoring request to change the forwarded-to-address of bug#(\d+) `), asItWas("forward")},
	{re(`^Ignoring request to (?:un)?set the owner of bug #(\d+) `), asItWas("owner")},
	{re(`^Ignoring request to change the (?:summary|outlook) of bug (\d+) `), asItWas("summary")},
}

func re(s string) *pattern.Regexp { return pattern.New(s) }

func asItWas(field string) func([]string) effect {
	return func(m []string) effect { return effect{field: field, bug: bugNumber(m[1])} }
}

// effects reads one line of an answer. now is the bug that it is most likely
// about, and wanted what the command asked for: values may hold the words between
// which they stand.
func effects(l string, now shown, wanted string) []effect {
	for _, r := range readings {
		if m := r.form.FindStringSubmatch(l); m != nil {
			e := r.read(m)
			e.done = true
			return []effect{e}
		}
	}
	for _, r := range ignored {
		if m := r.form.FindStringSubmatch(l); m != nil {
			return []effect{r.read(m)}
		}
	}
	for field, begin := range map[string]string{"title": "Changed Bug title to ", "submitter": "Changed Bug submitter to ", "forward": "Changed Bug forwarded-to-address to "} {
		if rest, ok := strings.CutPrefix(l, begin); ok {
			old := ""
			if field == "title" {
				old = now.title
			}
			if to, from, ok := fromTo(rest, old, wanted); ok {
				return []effect{{field: field, done: true, from: from, to: to}}
			}
		}
	}
	return parts(l)
}

// fromTo divides "'NEW' from 'OLD'.", whatever quotes the two hold: what is known
// of one of them tells, else the last place where it can be.
func fromTo(s, old, wanted string) (to, from string, ok bool) {
	if len(s) < 3 || s[0] != '\'' && s[0] != '`' || !strings.HasSuffix(s, "'.") {
		return "", "", false
	}
	s = s[1 : len(s)-2]
	for _, between := range []string{"' from '", "' from `"} {
		if old != "" && strings.HasSuffix(s, between+old) {
			return strings.TrimSuffix(s, between+old), old, true
		}
		if wanted != "" && strings.HasPrefix(s, wanted+between) {
			return wanted, strings.TrimPrefix(s, wanted+between), true
		}
		if i := strings.LastIndex(s, between); i >= 0 {
			return s[:i], s[i+len(between):], true
		}
	}
	return "", "", false
}

var (
	listOf    = pattern.New(`(?i)^(added|removed) (?:tag\(s\)|blocking bug\(s\) of (\d{1,9}):) (.*)$`)
	versions1 = pattern.New(`(?i)^(no longer )?marked as (found|fixed) in versions? (.*)$`)
)

// parts reads a line of several changes, "Added tag(s) a and b; removed tag(s) c."
// and the like.
func parts(l string) (all []effect) {
	l = strings.TrimSuffix(l, ".")
	l, reopened := strings.CutSuffix(l, " and reopened")
	of := func(field string, bug int) *effect {
		for i := range all {
			if all[i].field == field {
				return &all[i]
			}
		}
		all = append(all, effect{field: field, bug: bug, done: true})
		return &all[len(all)-1]
	}
	for part := range strings.SplitSeq(l, "; ") {
		if m := listOf.FindStringSubmatch(part); m != nil {
			e := of("tag", 0)
			if m[2] != "" {
				e = of("block", bugNumber(m[2]))
			}
			e.list(strings.EqualFold(m[1], "removed"), m[3])
		} else if m := versions1.FindStringSubmatch(part); m != nil {
			of(strings.ToLower(m[2]), 0).list(m[1] != "", m[3])
		} else if !reopened || !strings.HasPrefix(part, "Did not alter ") {
			return nil
		}
	}
	if reopened {
		for i := range all {
			all[i].reopened = all[i].field == "found"
		}
		all = append(all, effect{field: "reopen", done: true})
	}
	return all
}

func (e *effect) list(removed bool, names string) {
	if removed {
		e.removed = append(e.removed, joined(names)...)
		return
	}
	e.added = append(e.added, joined(names)...)
}

// joined reads "a", "a and b", "a, b, and c".
func joined(s string) []string {
	s = strings.ReplaceAll(s, ", and ", ", ")
	s = strings.ReplaceAll(s, " and ", ", ")
	var all []string
	for w := range strings.SplitSeq(s, ", ") {
		if w = strings.TrimSpace(w); w != "" && len(all) < mostListed {
			all = append(all, w)
		}
	}
	return all
}

// ranges reads "700025-700026" and single numbers.
func ranges(list []string) (bugs []int) {
	const most = 100 // a clone has a number of its own for each
	for _, s := range list {
		first, last, _ := strings.Cut(s, "-")
		a := bugNumber(first)
		b := a
		if last != "" {
			b = bugNumber(last)
		}
		for n := a; n > 0 && n <= b && len(bugs) < most; n++ {
			bugs = append(bugs, n)
		}
	}
	return bugs
}

func numbered(list []string) (bugs []int) {
	for _, s := range list {
		if n, err := strconv.Atoi(strings.TrimPrefix(s, "#")); err == nil && n > 0 {
			bugs = append(bugs, n)
		}
	}
	return bugs
}
