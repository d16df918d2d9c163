// Package journal keeps what an adapter says: outbox, memory of known facts,
// replay store and audit trail in one SQLite file.
//
// One process writes a journal (Open); any number read it meanwhile
// (OpenReader, or an administrator's sqlite3). Whatever became of an item, its
// messages, the reason for none, the poison and the source's position, is one
// Record and is stored in one transaction: a position is a consequence of the
// data. A record is durable when Append returns nil or Submit's done is called
// with nil (WAL, synchronous=FULL). Records that arrive while the last fsync
// runs share the next one.
//
// Messages are numbered from 1 without gaps, and each names the hash of the one
// before it. A fact is published once: its id is remembered for ever, also
// after Prune has dropped the message. Poison is kept until its item is read
// after all. See schema.go for the tables.
//
// Opening is quick whatever the size of the file: it reads the header, the end
// of the chain and the write-ahead log. Verify reads everything. A journal that
// is torn, corrupt, foreign or newer than this program is an error that says
// what to do; only where nothing is there is a new one made.
//
// Not here: signing (Options.Seal), carrying messages (common/wire), what an
// item means (adapters/), and noticing that a whole file was put back to an
// older copy of itself: followers see numbers that are used a second time.
package journal
