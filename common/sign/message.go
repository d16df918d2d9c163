package sign

import (
	"crypto"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"

	"busbar/common/event"
)

// Members of a signed message (fedmsg's, and the last three of our own).
const (
	memberCrypto      = "crypto"
	memberSignature   = "signature"
	memberCertificate = "certificate"
	memberSHA256      = "signature_sha256"
	memberEd25519     = "signature_ed25519"
	memberGPG         = "signature_gpg"

	backendX509 = "x509"
	backendGPG  = "gpg"
)

// hashOf is the hash of an RSA signature.
func hashOf(member string) crypto.Hash {
	if member == memberSHA256 {
		return crypto.SHA256
	}
	return crypto.SHA1
}

// sumOf is what a signature is made of: the hash of the canonical form of the
// message without signatures and certificate. The old signature covers the strong
// one, which is made first, and both RSA signatures cover "crypto".
func sumOf(member string) *event.Sum {
	switch member {
	case memberEd25519:
		return event.Chained()
	case memberSHA256:
		return event.NewSum(sha256.New(), memberSignature, memberCertificate, memberSHA256)
	}
	return event.NewSum(sha1.New(), memberSignature, memberCertificate)
}

// strongText is what an Ed25519 or OpenPGP signature is made of: the message's hash in its
// publisher's chain (event.Hash), after words that no other text begins with. So
// a message of any size is read once, in pieces, and what is signed is what the
// next message names.
func strongText(sum []byte) []byte {
	return append([]byte("busbar message "), hex.EncodeToString(sum)...)
}
