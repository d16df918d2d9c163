// Package imap reads the mails of one mailbox of an IMAP server (RFC 9051). It changes
// nothing there, unless it is to mark or to move what is on disk. Where it was read up to
// is the mailbox's UIDVALIDITY and a UID, stored with the events. IDLE (RFC 2177) is a hint alone: what is above that UID is the truth,
// and is asked for after each hint, each connection, and every few minutes.
//
// The library notices no peer that is gone, and bounds nothing that a server sends; the
// connection that it gets here does both.
package imap
