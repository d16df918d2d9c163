package feed

import (
	"maps"
	"strconv"

	"busbar/scmhook/refs"
	"busbar/scmhook/spool"
)

// fallen begins again with an svn repository whose newest revision is older than
// what was published of it: one that was restored from a copy, or recreated. Its next
// revisions have numbers that were published, so the events have known ids; what they
// say otherwise is for the journal to note.
func (c *Channel) fallen(k *known, actual map[string]string, lines []spool.Line) {
	told, now := number(k.book.Refs[Youngest].ID), number(actual[Youngest])
	if k.repository.System != "svn" || now < 0 || told <= now {
		return
	}
	c.o.Log.Warn("the newest revision is older than one that was told: was the repository restored from a copy, or made anew? "+
		"Its next revisions are told; those with a number that was told before have the same ids",
		"repository", k.repository.Dir, "told", told, "newest", now)
	k.fresh = true
	k.book.Refs = refs.Baseline(actual, believed(actual, lines))
	k.told = maps.Clone(k.book.Refs)
}

// believed is what a hook says of an svn repository's newest revision, where the
// repository has it: anybody who may write into the spool can claim one.
func believed(actual map[string]string, lines []spool.Line) []spool.Line {
	for _, l := range lines {
		if l.Ref == Youngest && (number(l.Old) < 0 || number(l.New) > number(actual[Youngest])) {
			return nil
		}
	}
	return lines
}

// number is that of a revision; below zero: it is none.
func number(revision string) int {
	n, err := strconv.Atoi(revision)
	if err != nil {
		return -1
	}
	return n
}
