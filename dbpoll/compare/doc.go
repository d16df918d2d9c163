// Package compare finds what changed in a table since it was last published: the
// difference of two snapshots, of which the older one is kept in the journal.
//
// In memory there is a digest for each row; the journal keeps the watched
// columns (of long texts the beginning and a digest), so that a change can be
// told as from and to. A row that changed is found again by every comparison
// until its news is durable; a row that is gone is found only by a comparison
// that read the whole table.
//
// Not here: what a change means (adapters), and when to compare.
package compare
