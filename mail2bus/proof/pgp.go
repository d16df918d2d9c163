package proof

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"busbar/common/mail"
	"busbar/common/pgp"
)

// pgp looks whether the clearsigned text that a mail begins with, a .changes, is signed by
// a key of a keyring. It proves who made the upload, not who sent the mail.
func (l *look) pgp(name string) (f finding) {
	defer func() {
		if v := recover(); v != nil {
			f = finding{detail: fmt.Sprintf("it cannot be verified: %v", v)}
		}
	}()
	text := l.m.Text()
	read, _, ok := mail.Clearsigned(text)
	if !ok {
		return finding{detail: "it holds no signed text"}
	}
	block, rest := clearsign.Decode([]byte(text))
	if block == nil {
		return finding{detail: "its signed text is in no form that can be verified"}
	}
	if more := strings.TrimSpace(string(rest)); strings.Contains(more, "-----BEGIN PGP") {
		return finding{detail: "it holds several signed texts"}
	}
	if !sameText(read, string(block.Plaintext)) {
		return finding{detail: "what is signed is not what is read of it"}
	}
	at := l.it.Received
	if at.IsZero() {
		at = time.Now()
	}
	signature, err := io.ReadAll(block.ArmoredSignature.Body)
	if err != nil {
		return finding{detail: "its signature cannot be read: " + err.Error()}
	}
	signer, err := l.signer(name, block.Bytes, signature, at)
	if errors.Is(err, pgperrors.ErrSignatureExpired) || errors.Is(err, pgperrors.ErrKeyExpired) {
		// That is also said of what begins only later: the signer's clock may be ahead.
		if s, serr := l.signer(name, block.Bytes, signature, at.Add(skew)); serr == nil {
			signer, err = s, nil
		}
	}
	if err != nil {
		return finding{detail: name + ": " + strings.TrimPrefix(err.Error(), "openpgp: ")}
	}
	return finding{ok: true, detail: fmt.Sprintf("%s: %X", name, signer.PrimaryKey.Fingerprint)}
}

// skew is how much earlier than it was signed a mail may seem to have come.
const skew = time.Hour

// signer is whose signature holds, is in date, and can be believed.
func (l *look) signer(ring string, signed, signature []byte, at time.Time) (*openpgp.Entity, error) {
	sig, signer, err := openpgp.VerifyDetachedSignatureAndHash(l.p.rings[ring], bytes.NewReader(signed), bytes.NewReader(signature), pgp.Hashes(), &packet.Config{Time: func() time.Time { return at }})
	var form pgperrors.StructuralError
	switch {
	case errors.As(err, &form) && strings.HasPrefix(string(form), "hash algorithm"):
		return nil, errors.New("it is made with a hash that is not believed, such as SHA-1")
	case err != nil:
		return nil, err
	}
	return signer, pgp.Weak(signer, *sig.IssuerKeyId)
}

// sameText compares texts but for blanks at the ends of lines, which no clearsigned text
// has signed (RFC 9580 §7.2), and for the last line's end.
func sameText(a, b string) bool {
	lines := func(s string) []string {
		list := strings.Split(strings.TrimRight(s, " \t\r\n"), "\n")
		for i := range list {
			list[i] = strings.TrimRight(list[i], " \t\r")
		}
		return list
	}
	return slices.Equal(lines(a), lines(b))
}
