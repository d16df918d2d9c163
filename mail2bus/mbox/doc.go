// Package mbox reads the mails of an mbox file, each with the bytes that were put
// in, of any length of file and within a bound of memory.
//
// A mail begins with a line "From ADDRESS DATE" that its mailbox wrote (RFC 4155
// describes one form). Four dialects say where it ends, and what became of lines
// of the text that look the same (mbox(5) of qmail and mutt):
//
//	mboxo    at the next such line; "From " in the text became ">From "
//	mboxrd   the same, and ">From " became ">>From ", and so on
//	mboxcl   behind Content-Length bytes; "From " became ">From "
//	mboxcl2  behind Content-Length bytes; the text is as it was
//
// Which one a file is in, nothing tells. Whether lengths are to be believed is
// decided by its first mail, for the sender of a later one could hide those
// behind it with a false length.
//
// Not here: what is around the file (package stored), and the mails themselves
// (common/mail).
package mbox
