package dak

import (
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// signerKey reads which key an armored signature claims to be made with: the
// issuer's fingerprint (RFC 9580 §5.2.3.35), else the key id; upper-case
// hexadecimal, "" if neither can be read. Nothing is verified.
func signerKey(signature string) string {
	block, err := armor.Decode(strings.NewReader(signature))
	if err != nil {
		return ""
	}
	const most = 64 << 10 // bytes; a signature with notations has a few hundred
	p, err := packet.NewOpaqueReader(io.LimitReader(block.Body, most)).Next()
	if err != nil {
		return ""
	}
	parsed, err := p.Parse()
	if s, ok := parsed.(*packet.Signature); err == nil && ok {
		if len(s.IssuerFingerprint) > 0 {
			return strings.ToUpper(hex.EncodeToString(s.IssuerFingerprint))
		}
		if s.IssuerKeyId != nil {
			return fmt.Sprintf("%016X", *s.IssuerKeyId)
		}
		return ""
	}
	return version3(p.Contents)
}

// version3 reads the key id of a signature as written until about 2010 (RFC
// 4880 §5.2.2): version, the length 5, type, time, key id.
func version3(b []byte) string {
	if len(b) < 15 || b[0] != 3 || b[1] != 5 {
		return ""
	}
	return strings.ToUpper(hex.EncodeToString(b[7:15]))
}
