// Package intake carries mails from an import, which is a process of its own, into
// the running daemon, which alone may write the journal: over a Unix socket beside
// the journal, one import at a time.
//
// So the import reads files with the rights of whoever called it, what it unpacks
// takes no memory of the daemon, and how far it has come is stored by the daemon in
// one transaction with the events.
//
// A mail goes over the socket as the length of a JSON object in four bytes, the
// object (Mail), and the mail. Back come lines: one to begin with, and then the
// number of mails that are on disk.
//
// Not here: reading the files (package stored).
package intake
