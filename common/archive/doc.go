// Package archive keeps what all publishers said, as received: one SQLite file
// of messages, each id once, to be read by publisher and number, by arrival, by
// topic, package, bug, person and time, and by the words of its sentence and facts.
// Beside them, in the same transaction, stand the newest state of each bug, build,
// upload and ref, the gaps that nobody could fill, and the positions of whoever
// feeds the archive.
//
// One process writes an archive (Open); any number read it meanwhile (OpenReader).
// Append stores a batch in one transaction that is on disk when it returns
// (WAL, synchronous=FULL), so that a position is a consequence of the messages
// before it. Each message has an arrival number, from 1 upward, which never changes
// and is never used again.
//
// The bytes of a message come back as they were given. All else can be made again
// from them (Rebuild), but for what only the archive knows: arrival numbers,
// positions, gaps, the ids of messages that retention dropped, and the states that
// those left.
//
// No question counts or skips its way through the file: pages begin after a place,
// counts end at a bound, and each question has a time-out.
//
// Not here: verifying (common/sign), where messages come from (common/wire), and
// what serves them (bus/hub).
package archive
