// Package pump is the loop of every adapter: take the next item, translate it,
// append what it means to the journal, and tell the source that it may forget
// the item.
//
// The source hears done(nil) only when the record is on disk. Whatever is the
// weather (a network, a full disk, a key that cannot be read) ends in done(err),
// a pause, and the item once more; whatever is the item's own fault is poison,
// kept in the journal with its reason.
//
// Not here: where items come from (the programs' channels), what they mean
// (adapters/), and storing (common/journal).
package pump
