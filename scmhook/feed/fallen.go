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
	published, now := number(k.book.Refs[Youngest].ID), number(actual[Youngest])
	if k.repository.System != "svn" || now < 0 || published <= now {
		return
	}
	c.o.Log.Warn("repository went back: its newest revision is older than one that was published (restored from a copy, or recreated?); "+
		"revisions whose numbers were published before keep their ids",
		"repository", k.repository.Dir, "published", published, "newest", now)
	k.fresh = true
	k.book.Refs = refs.Baseline(actual, fromHooks(actual, lines))
	k.published = maps.Clone(k.book.Refs)
}

// fromHooks is what a hook says of an svn repository's newest revision, where the
// repository has it: anybody who may write into the spool can claim one.
func fromHooks(actual map[string]string, lines []spool.Line) []spool.Line {
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
