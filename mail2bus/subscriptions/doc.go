// Package subscriptions has an address subscribed to mailing lists: what list managers
// are asked for, what they send before they believe it, and the answer. It knows
// SmartList (as on lists.debian.org), Mailman 2 and 3, ezmlm and Sympa.
//
// A confirmation is answered if this machine asked for it: from that list, for that
// address and that wish, once, within a day ([Patience]). The answer goes to an address
// made of the list's own, and never to one that a mail names. What was asked for, and
// what came of it, is in a file beside the journal ([Book]); the mail itself is no event,
// whoever sent it: what it holds would let any reader of the bus confirm.
//
// Not here: how mails come (mail2bus), and how they are handed to a mail system, which is
// given to [Open].
package subscriptions
