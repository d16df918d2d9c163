package sign

import (
	"crypto"
	"crypto/rsa"
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

// signed are the bytes that a signature covers: the canonical form of the
// message without the named members. "crypto" stays.
func signed(tree map[string]any, without ...string) ([]byte, error) {
	bare := maps.Clone(tree)
	for _, k := range without {
		delete(bare, k)
	}
	return event.Canonical(bare)
}

// bytesSHA1 and bytesSHA256 differ in one member: the old signature covers the
// new one.
func bytesSHA1(tree map[string]any) ([]byte, error) {
	return signed(tree, memberSignature, memberCertificate)
}

func bytesSHA256(tree map[string]any) ([]byte, error) {
	return signed(tree, memberSignature, memberCertificate, memberSHA256)
}

func digest(h crypto.Hash, b []byte) []byte {
	if h == crypto.SHA256 {
		sum := sha256.Sum256(b)
		return sum[:]
	}
	sum := sha1.Sum(b)
	return sum[:]
}

func holds(key *rsa.PublicKey, h crypto.Hash, b, signature []byte) bool {
	return rsa.VerifyPKCS1v15(key, h, digest(h, b), signature) == nil
}
