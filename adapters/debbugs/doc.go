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
// The tracker's own records (SOAP) come as a [Change] of a bug: the messages of
// its log become what their mails become, by the same code and with the same
// ids, and what differs between two states besides is told field by field. A
// control transcript has no id that a reader of states could derive, nor the
// other way round: that two facts are one shows in their bug, topic, and what
// was before and after, and the one from SOAP is marked as recovered.
//
// What SOAP cannot tell: the attachments of a message (its log holds the first
// text alone), the numbers that a bug's clones got (each clone's own log tells what
// it is a copy of), and the
// time of what leaves no stamp.
//
// Not here: control transcripts, asking the tracker (soapbus), and any judgement whether
// a mail really came from debbugs: that is evidence, and the channel's.
package debbugs
