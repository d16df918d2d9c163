// Package stored reads mails that lie in files: an mbox (package mbox), packed or not
// (package unpack), as list archives and public-inbox give them; a single mail; a
// directory of mails, such as a Maildir; an archive of public-inbox, in git. It goes on where it was, by a position that
// comes with each mail.
//
// Not here: Maildirs to which mails come while they are read (package maildir).
package stored
