// Package proof says whether a mail is what it claims to be: it looks for the evidence
// that a policy asks for, and judges what a translator made of the mail by it.
//
// A policy names, for topics that begin with a word, what must be found; nothing else
// is looked at, so that no stranger makes this machine ask the DNS:
//
//	dkim:DOMAIN     a valid signature of that domain (RFC 6376), over all that counts
//	results:DOMAIN  the same, as found by the one host that [mail] results_of names (RFC 8601)
//	relay:NAME      the host of [mail] received_by took the mail from a host of that name or network
//	pgp:NAME        the .changes in it is signed by a key of that keyring (RFC 9580)
//	lmtp:PEER       it was handed over by LMTP by that user or address
//	pipe:USER       it was handed to mail2bus deliver by that user
//
// ARC (RFC 8617) is none of these: who seals may have changed what is sealed.
//
// Not here: what a mail means (adapters), and how it came (the channels, which note
// who handed it over).
package proof
