// Package debbugs says what the bug tracking system's mails mean: the reports,
// comments, closings and forwardings that debbugs sends to lists, maintainers
// and submitters, and its answers to commands (debbugs: scripts/process,
// scripts/service, Debbugs/Control).
//
// A mail is recognized by X-Debian-PR-Message, whose first word is its kind
// and whose second is the bug's number. The same fact reaches readers in
// several copies: [CreateKey] and its neighbours name the fact, not the copy,
// and are what a second channel must use as well. In particular the
// submitter's copy of a closing ("they-closed") tells the same fact as
// "closed" and has the same id, so that one of the two is enough.
//
// Of commands (mail to control@, lines "Control:" in other mail) the answer tells,
// line by line, what was done and what failed; what was asked for is not believed.
// [CommandKey] names a change by the mail that had the command and by the values
// before and after, so that all copies of an answer, and the notices about a new
// submitter, tell one fact. What the pseudo-headers of a report, a follow-up or a
// closing mail do has no answer: it is read by debbugs's own rules, and has keys of
// the same form. A line that changed nothing is no event; one whose bug nobody can
// tell is left to the tracker's records.
//
// An event's time is when debbugs received the mail that caused it: the date
// in "Received: (at ADDRESS) by bugs.debian.org; DATE", which the SOAP
// interface's log has too. Where that line is missing it is the Date header.
//
// The tracker's own records (SOAP) come as a [Change] of a bug: the messages of
// its log become what their mails become, by the same code and with the same
// ids, and what differs between two states besides is told field by field. An
// answer to commands has no id that a reader of states could derive, nor the
// other way round: that two facts are one shows in their bug, topic, and what
// was before and after, and the one from SOAP is marked as recovered.
//
// What SOAP cannot tell: the attachments of a message (its log holds the first
// text alone), the numbers that a bug's clones got (each clone's own log tells what
// it is a copy of), and the
// time of what leaves no stamp.
//
// Not here: asking the tracker (soapbus), and any judgement whether a mail really
// came from debbugs: that is evidence, and the channel's.
package debbugs
