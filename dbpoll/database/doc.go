// Package database reads tables of PostgreSQL, MariaDB (and MySQL) and SQLite
// without harming them: one read-only snapshot at a time, with time limits,
// rows streamed in bounded fetches, every value as the server prints it, in
// UTF-8.
//
// Bytes that are not UTF-8 are read as Windows-1252 and counted
// (Snapshot.Decoded). Text that somebody encoded twice is left as it is:
// nobody can tell it from text that was meant so.
//
// Not here: what changed (dbpoll/compare), when to read (dbpoll/queue,
// dbpoll/watch), and what rows mean (adapters).
package database
