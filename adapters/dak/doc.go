// Package dak says what the archive's mails mean: which upload was accepted
// into which suites, went into a policy queue or to NEW, was rejected or
// commented on; what was removed; what changed in the overrides; what came of
// commands; which transitions are over; and what the queue daemon, which takes
// uploads before the archive does, made of them (debianqueued). It reads the
// announcements ("Accepted hello 2.10-3 (source) into unstable") and the
// maintainers' copies ("hello_2.10-3_source.changes ACCEPTED into unstable") of
// all eras since 2002, and the .changes file inside them (Debian Policy §5.5).
//
// A mail is recognized by X-Debian: DAK, in older ones by X-DAK or X-Katie.
// The two mails about one upload tell one fact and have one id: see [UploadKey].
// An event's time is the mail's Date; dak's own output has none before it
// passes a mail transport, and then it is the Date of the .changes.
//
// The key that made the uploader's signature is published as the signature claims
// it. Signatures are not verified here, nor could they be: a mail's text need
// not be the signed bytes any more.
//
// A notice that is no acceptance is a fact by its Message-ID: an upload can be
// rejected twice. A removal is one by what was removed from where, so that the
// mails to several bugs tell one.
//
// Not here: whether a mail really came from the archive: that is evidence, and
// the channel's. What is one person's own (accounts) is told only if asked for.
package dak
