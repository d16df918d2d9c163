// Package maildir reads mails from Maildirs without missing one and delivers
// mails into a spool that is one.
//
// The directory is the truth: notifications are hints that only cause a scan.
// What was there at the start, what came by link, by rename or by writing in
// place, and what a lost notification hid are all found the same way. A mail
// leaves new/ only after the caller's done(nil).
//
// The format is D. J. Bernstein's maildir(5): a mail is one file, written in
// tmp/ and moved to new/; what a reader has seen moves to cur/ with ":2," and
// its flags.
//
// Not here: parsing and translating, and IMAP's view of a Maildir.
package maildir
