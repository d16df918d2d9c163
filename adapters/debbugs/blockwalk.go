package debbugs

import (
	"slices"
	"strings"
)

// A commanded is a command line, as far as it matters.
type commanded struct {
	verb string
	bug  int // negative: a clone's placeholder; 0: none
	args string
}

func parseCommand(l string) commanded {
	if m := commandLine.FindStringSubmatch(l); m != nil {
		return commanded{strings.ToLower(m[1]), signed(m[2]), strings.TrimSpace(m[3])}
	}
	verb, args, _ := strings.Cut(l, " ")
	return commanded{verb: strings.ToLower(verb), args: strings.TrimSpace(args)}
}

// mayDo is what a command can do, by the field; merge and forcemerge make the
// bugs alike in all. A line about anything else is no answer to it: an answer can
// hold words of whoever sent the command.
func mayDo(verb, field string) bool {
	fields, known := map[string]string{
		"close": "fixed done", "reassign": "package found fixed", "reopen": "reopen submitter fixed", "found": "found fixed reopen",
		"notfound": "found", "fixed": "fixed found reopen", "notfixed": "fixed", "submitter": "submitter", "forwarded": "forward",
		"notforwarded": "unforward forward", "severity": "severity", "priority": "severity", "tag": "tag", "tags": "tag", "block": "block", "unblock": "block",
		"retitle": "title", "unmerge": "unmerge", "clone": "clone block", "affects": "affect", "affect": "affect",
		"summary": "summary", "outlook": "outlook summary", "owner": "owner", "noowner": "owner", "archive": "archive", "unarchive": "unarchive",
		"user": "-", "usertag": "-", "usertags": "-", "usercategory": "-", "package": "-", "limit": "-", "debug": "-",
	}[verb]
	return !known || slices.Contains(strings.Fields(fields), field)
}

// A blockWalk goes through the answer to a command. The bugs that a command is
// about are shown first, and then what was done to each, in the same order, kind
// by kind.
type blockWalk struct {
	*controlled
	cmd     commanded
	group   []shown        // the bugs that were shown last, together
	replied bool           // something was said of them
	count   map[string]int // lines of each kind since
	spare   []effect       // of bugs that were not shown yet
	all     []int          // every bug that was shown
	acted   map[int]bool   // something was done to it, but for the merge itself
	failure []string
	oldTags []string // a user's own
	were    []string // tags, or blocking bugs, as older trackers say them
}

func (w *blockWalk) line(l string) {
	if w.more {
		return
	}
	if s, ok := readShown(l); ok {
		if w.replied || w.merges() {
			w.group, w.replied = nil, false
			clear(w.count)
		}
		if w.group, w.all = append(w.group, s), append(w.all, s.bug); len(w.all) > mostListed {
			w.more = true
		}
		w.saw(s)
		return
	}
	if w.userLine(l) {
		return
	}
	var now shown
	if i := w.count["title"]; i < len(w.group) {
		now = w.group[i]
	}
	if were, ok := wereBefore(l); ok {
		w.were = were
		return
	}
	all := effects(l, now, w.cmd.args)
	if len(all) == 0 {
		all = effectsBefore(l, w.were)
	}
	if len(all) == 0 {
		if isFailure.MatchString(l) || failedBefore.MatchString(l) || w.failure != nil {
			w.failure = append(w.failure, line(l))
		}
		return
	}
	w.replied = true
	bugs := w.about(all[0])
	for _, e := range all {
		if !e.done || !mayDo(w.cmd.verb, e.field) {
			continue
		}
		if bugs == nil {
			w.spare = append(w.spare, e)
		}
		for _, n := range bugs {
			w.tell(n, e)
		}
	}
}

// merges tells whether the command makes bugs alike: then each is shown above what
// was done to it alone.
func (w *blockWalk) merges() bool { return w.cmd.verb == "merge" || w.cmd.verb == "forcemerge" }

// about is the bugs that a line is about; nil if they are not shown yet.
func (w *blockWalk) about(e effect) []int {
	switch i := w.count[e.field]; {
	case e.field == "merge":
		if len(e.added) > mostListed {
			w.more = true
			return []int{}
		}
		return numbered(e.added)
	case e.field == "unmerge":
		bugs := []int{e.bug}
		for _, s := range w.group {
			if s.bug != e.bug {
				bugs = append(bugs, s.bug)
			}
		}
		return bugs
	case e.bug > 0:
		w.count[e.field]++
		return []int{e.bug}
	case len(w.group) == 0 && w.cmd.bug > 0:
		return []int{w.cmd.bug}
	case len(w.group) == 0:
		return []int{}
	case e.all:
		var bugs []int
		for _, s := range w.group {
			bugs = append(bugs, s.bug)
		}
		return bugs
	case e.field == "submitter" && !e.all: // it is the one alone, of merged bugs too
		return []int{w.group[0].bug}
	case i < len(w.group):
		w.count[e.field]++
		return []int{w.group[i].bug}
	}
	return nil
}

// left tells what was said of bugs before they were shown: a merge changes those
// that are one with the other bug as well, and shows them last. Where they could be
// several, nobody can tell which.
func (w *blockWalk) left() {
	var silent []int
	for _, n := range w.all {
		if !w.acted[n] && n != w.cmd.bug {
			silent = append(silent, n)
		}
	}
	for _, e := range w.spare {
		if len(silent) == 1 {
			w.tell(silent[0], e)
		}
	}
}

// saw notes what a line shows of a bug.
func (w *blockWalk) saw(s shown) {
	k := w.of(s.bug)
	k.shown = s
}
