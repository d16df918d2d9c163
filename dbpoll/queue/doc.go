// Package queue polls the build queue's database: its log where the account may
// read it, so that no step between two polls is missed, and the difference of
// its state to the last one published, which finds what the log does not say.
//
// A round is two short read-only transactions. The first reads the log; what it
// says is on disk before the second compares the state and reads the build
// history. A transition that the comparison sees and the log has not shown yet
// was written between the two: it is left to the log for one round.
//
// To begin with: Queue and its rounds (queue.go, round.go); the log (log.go),
// read from the replication horizon on (horizon.go) or by time (window.go);
// comparing (difference.go); the build history (builds.go).
//
// The replication horizon is the oldest transaction that was still running.
// Rows of the log are published as soon as they can be seen; below the horizon
// nothing can appear any more, and what is above it is read again in the next
// round, less what was published. So no late committer is skipped, and nothing
// waits for a long merge.
//
// Not here: what changes mean (adapters/wannabuild), and comparing itself
// (dbpoll/compare).
package queue
