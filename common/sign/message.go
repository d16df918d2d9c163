package sign

import (
	"crypto"
	"crypto/sha1"
	"crypto/sha256"
	"maps"

	"busbar/common/event"
)

// Members of a signed message (fedmsg's, and the last of our own).
const (
	memberCrypto      = "crypto"
	memberSignature   = "signature"
	memberCertificate = "certificate"
	memberSHA256      = "signature_sha256"

	backendX509 = "x509"
)

// digest is what a signature is made of: the hash of the canonical form of the
// message without its signatures and certificate. "crypto" stays. The old
// signature covers the new one, which is made first.
func digest(h crypto.Hash, tree map[string]any) ([]byte, error) {
	bare := maps.Clone(tree)
	delete(bare, memberSignature)
	delete(bare, memberCertificate)
	sum := sha1.New()
	if h == crypto.SHA256 {
		delete(bare, memberSHA256)
		sum = sha256.New()
	}
	if err := event.WriteCanonical(sum, bare); err != nil {
		return nil, err
	}
	return sum.Sum(nil), nil
}
