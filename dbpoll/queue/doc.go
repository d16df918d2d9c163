// Package queue polls the build queue's database: its log where the account may
// read it, so that no step between two polls is missed, and the difference of
// its state to the last one told, which finds what the log does not tell.
//
// A round is two short read-only transactions. The first reads the log; what it
// tells is on disk before the second compares the state and reads the build
// history. A transition that the comparison sees and the log has not told yet
// was written between the two: it is left to the log for one round.
//
// The log behind a fence: rows are told as soon as they can be seen. The fence
// is the oldest transaction that was still running; below it nothing can
// appear any more, and what is above it is read again in the next round and
// told apart by what was told. So no late committer is skipped, and nothing
// waits for a long merge.
//
// Not here: what changes mean (adapters/wannabuild), and comparing itself
// (dbpoll/compare).
package queue
