package sign

import (
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
)

// altPublicKey is the extension in which a certificate names a second key of its
// subject: subjectAltPublicKeyInfo (ITU-T X.509, 10/2019, 9.8.2). It is not
// critical, and programs that do not know it pass over it. One certificate for
// both keys leaves nothing to disagree: there is one name, one term and one
// serial number to revoke.
var altPublicKey = asn1.ObjectIdentifier{2, 5, 29, 72}

func altPublicKeyExtension(key crypto.PublicKey) (pkix.Extension, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	return pkix.Extension{Id: altPublicKey, Value: der}, err
}

// strongKey is a certificate's Ed25519 key; nil: it has none. Keys of kinds that
// are not known here are passed over.
func strongKey(cert *x509.Certificate) (ed25519.PublicKey, error) {
	i := slices.IndexFunc(cert.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(altPublicKey) })
	if i < 0 {
		return nil, nil
	}
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	rest, err := asn1.Unmarshal(cert.Extensions[i].Value, &info)
	if err != nil || len(rest) > 0 {
		return nil, fmt.Errorf("the certificate of %s has a second key that cannot be read", commonName(cert))
	}
	if !info.Algorithm.Algorithm.Equal(asn1.ObjectIdentifier{1, 3, 101, 112}) { // RFC 8410 §3
		return nil, nil
	}
	parsed, err := x509.ParsePKIXPublicKey(cert.Extensions[i].Value)
	key, ok := parsed.(ed25519.PublicKey)
	if err != nil || !ok {
		return nil, fmt.Errorf("the certificate of %s has an Ed25519 key that cannot be read", commonName(cert))
	}
	if weakPoint(key) {
		return nil, fmt.Errorf("the certificate of %s has an Ed25519 key under which anybody can sign", commonName(cert))
	}
	return key, nil
}

// fieldEnd is the last byte but one of 2²⁵⁵−19, whose other bytes are all ones.
const fieldEnd = 0xed

// weakPoint tells of keys that are no honest ones: the points of small order,
// under which one signature holds for many texts, and forms of points that are
// not reduced (RFC 8032 §5.1.3). The standard library takes both.
func weakPoint(key ed25519.PublicKey) bool {
	y := slices.Clone(key)
	y[31] &= 0x7f // the sign of x
	if y[31] == 0x7f && y[0] >= fieldEnd && allOnes(y[1:31]) {
		return true // y ≥ 2²⁵⁵−19
	}
	return slices.ContainsFunc(smallOrder[:], func(p [32]byte) bool { return [32]byte(y) == p })
}

func allOnes(b []byte) bool { return !slices.ContainsFunc(b, func(c byte) bool { return c != 0xff }) }

// smallOrder are the y of the eight points whose order divides eight: 1, −1, 0,
// and the two of order eight.
var smallOrder = [...][32]byte{
	{1},
	{0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
	{0},
	{0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
		0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
	{0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
		0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
}

// checkStrong checks a message's Ed25519 signature, whose base64 has one form: 88
// characters, without line feeds, and no bit left over. The standard library
// refuses numbers and points that are not reduced (RFC 8032 §5.1.7).
func checkStrong(tree map[string]any, id *identity, member string, sum []byte) error {
	field, ok := tree[member].(string)
	if !ok {
		return fmt.Errorf("it has no %s, and the certificate of %s an Ed25519 key", member, id.name)
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(field)
	if err != nil || len(raw) != ed25519.SignatureSize || len(field) != base64.StdEncoding.EncodedLen(ed25519.SignatureSize) {
		return fmt.Errorf("reading its %s: %w", member, errNotSignature)
	}
	if !ed25519.Verify(id.strong, strongText(sum), raw) {
		return notHeld(member)
	}
	return nil
}

var errNotSignature = errors.New("it is not the base64 of 64 bytes")
