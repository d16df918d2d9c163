// Package debbugs says what the bug tracking system's mails mean: the reports,
// comments, closings and forwardings that debbugs sends to lists, maintainers
// and submitters (debbugs: scripts/process, scripts/service).
//
// A mail is recognized by X-Debian-PR-Message, whose first word is its kind
// and whose second is the bug's number. The same fact reaches readers in
// several copies: [CreateKey] and its neighbours name the fact, not the copy,
// and are what a second channel must use as well. In particular the
// submitter's copy of a closing ("they-closed") tells the same fact as
// "closed" and has the same id, so that one of the two is enough.
//
// An event's time is when debbugs received the mail that caused it: the date
// in "Received: (at ADDRESS) by bugs.debian.org; DATE", which the SOAP
// interface's log has too. Where that line is missing it is the Date header.
//
// Not here: control transcripts, the SOAP interface, and any judgement whether
// a mail really came from debbugs: that is evidence, and the channel's.
package debbugs
