// Package drain is the loop by which a journal is emptied into a way out, as pump
// is the loop by which it is filled: read after the cursor, hand over a batch,
// wait until the far side has it, move the cursor.
//
// A way out is a [Sink]. It says what the far side has (Link.Ack), and only then
// does its cursor move; after a failure or a crash everything behind the cursor is
// handed over again, the same bytes under the same ids. So nothing is lost, and
// the far side drops what it knows by its id. What can never be delivered (the
// far side refuses it, retention dropped it) is stored as missed, logged, and
// shown by `status`, before the cursor passes it.
//
// Not here: what a way out speaks (its own package), and who has which
// (common/daemon).
package drain
