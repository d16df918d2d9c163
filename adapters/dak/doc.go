// Package dak says what the archive's mails mean: which upload was accepted
// into which suites, or went into a policy queue. It reads the announcements
// ("Accepted hello 2.10-3 (source) into unstable") and the maintainers' copies
// ("hello_2.10-3_source.changes ACCEPTED into unstable") of all eras since
// 2002, and the .changes file inside them (Debian Policy §5.5).
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
// Not here: rejections, removals, the NEW queue and other notices (they are
// ignored, each under a reason of its own), and whether a mail really came
// from the archive: that is evidence, and the channel's.
package dak
