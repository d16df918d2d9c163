package queue

import (
	"fmt"
	"strings"
)

// mark orders the rows of a package in the log: by transaction where its id can
// be read, else by time. Transaction ids of different databases cannot be
// compared, so the database's generation comes first.
func (e entry) mark(generation int) string {
	if e.xid == 0 {
		return fmt.Sprintf("%04x.t%s#%04d", generation, e.row.Text("time"), e.ordinal)
	}
	return fmt.Sprintf("%04x.x%016x.%012x", generation, e.xid, e.tid)
}

// reached tells whether a mark lies at or before another of its kind.
func reached(mark, at string) bool {
	const kind = len("0000.x")
	return len(mark) >= kind && mark[:kind] == at[:kind] && at <= mark
}

// markTime is the time of a mark that is one of time; else empty.
func markTime(mark string) string {
	_, rest, ok := strings.Cut(mark, ".t")
	if !ok {
		return ""
	}
	at, _, _ := strings.Cut(rest, "#")
	return at
}
