// Package sign says who said a message: it signs, and it verifies.
//
// The form is fedmsg's X.509 one: RSA, PKCS#1 v1.5, SHA-1 over the canonical
// bytes of the envelope, with the certificate in the message. Because SHA-1 is
// weak, a strong signature stands beside it: Ed25519 ("signature_ed25519") where
// the certificate names such a key, else RSA with SHA-256 ("signature_sha256"). It
// is made first and the old one covers it, so that it cannot be taken away, and
// programs of either age verify the same message. A message without it is believed
// only of certificates that are named as fedmsg's own publishers.
//
// The Ed25519 key is in an extension of the one certificate, and not in a second
// certificate: there are no two names, dates or revocations that could differ, the
// certificate says which signature must be there, and messages become shorter.
//
// The second way is fedmsg's GPG one: a detached OpenPGP signature of the body alone.
// It leaves the topic, the time and the id to anybody, so that a strong signature of
// the whole message stands beside it ("signature_gpg"), by the same key. Whoever
// believes keys lists them in a keyring, and names in a policy have "gpg:" before
// them: a key never has a certificate's name. One bus may have publishers of both.
//
// A small certificate authority (CA) makes the keys, so that nobody needs to
// know OpenSSL's spells.
//
// Not here: canonical bytes (common/event), OpenPGP itself (common/pgp), freshness and
// sequence (common/wire), and the decision to verify at all, which is the
// caller's.
package sign
