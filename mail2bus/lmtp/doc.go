// Package lmtp takes mails by LMTP (RFC 2033), on a Unix socket, by TCP, or on a socket
// that systemd made. A mail is answered with 250 only when what became of it is on
// disk, for each recipient; with 451 if anything else happens, so that the mail system
// keeps it and comes again.
//
// Not here: what a mail means.
package lmtp
