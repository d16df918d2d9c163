// Package pump is the loop of every adapter: take the next item, translate it,
// append what it means to the journal, and tell the source that it may forget
// the item.
//
// done(nil) is called only when the record is on disk. A transient error (a dead
// network, a full disk, a key that cannot be read) ends in done(err), a pause, and
// the item once more. Whatever is the item's own fault makes it poison, kept in
// the journal with its reason.
//
// Not here: where items come from (the programs' channels), what they mean
// (adapters/), and storing (common/journal).
package pump
