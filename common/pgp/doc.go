// Package pgp is what we need of OpenPGP (RFC 9580, RFC 4880): keys are made and
// read, texts are signed by a key, and detached signatures are verified by the keys
// that somebody chose to believe. GnuPG reads all that is made here, and what it
// makes is read here.
//
// Not here: who may say what (common/sign), trust that keys give one another (the
// web of trust: a key is believed because it lies in the keyring), encryption.
package pgp
