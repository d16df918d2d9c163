package pgp

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// believed are the hashes of signatures that are believed. SHA-1 is not: who chooses
// what is signed can have two texts of one signature.
var believed = []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512, crypto.SHA224, crypto.SHA3_256, crypto.SHA3_512}

// Hashes are those of signatures that are believed.
func Hashes() []crypto.Hash { return slices.Clone(believed) }

// A Signature is a detached signature that names a key of a ring, and is not verified
// yet.
type Signature struct {
	Key    // who is said to have made it
	packet *packet.Signature
}

// Signature reads a detached binary signature: one packet, and nothing else.
func (r *Ring) Signature(raw []byte) (s *Signature, err error) {
	defer guard(&err)
	in := bytes.NewReader(raw)
	p, err := packet.Read(in)
	if err != nil {
		return nil, fmt.Errorf("it cannot be read: %w", err)
	}
	sig, ok := p.(*packet.Signature)
	switch {
	case !ok:
		return nil, errors.New("it is no OpenPGP signature")
	case in.Len() > 0:
		return nil, errors.New("more stands behind it")
	case sig.SigType != packet.SigTypeBinary:
		return nil, fmt.Errorf("it is of type %#02x, and not of a binary text", int(sig.SigType))
	case !slices.Contains(believed, sig.Hash):
		return nil, fmt.Errorf("it is made with %v, which is not believed", sig.Hash)
	case sig.IssuerKeyId == nil:
		return nil, errors.New("it names no key")
	}
	for _, k := range r.byID[*sig.IssuerKeyId] {
		if sig.CheckKeyIdOrFingerprint(k.public) && sig.Version == k.public.Version {
			return &Signature{k, sig}, k.weak()
		}
	}
	return nil, fmt.Errorf("it was made with the key %016X, which is not in the keyring, or may not sign", *sig.IssuerKeyId)
}

// ErrHeld is why a signature is not one of the text.
var ErrHeld = errors.New("it does not hold")

// Check verifies that the text that write writes is what was signed. When the key was
// good is another question (Key.At); the signature's own end counts as of at.
func (s *Signature) Check(at time.Time, write func(io.Writer) error) (err error) {
	defer guard(&err)
	if l := s.packet.SigLifetimeSecs; l != nil && *l > 0 {
		if to := s.packet.CreationTime.Add(time.Duration(*l) * time.Second); at.After(to) {
			return fmt.Errorf("it ended on %s", day(to))
		}
	}
	h, err := s.packet.PrepareVerify()
	if err != nil {
		return err
	}
	if err := write(h); err != nil {
		return err
	}
	if s.public.VerifySignature(h, s.packet) != nil {
		return ErrHeld
	}
	return nil
}

// guard turns a failure inside the library, on what a stranger sent, into an error.
func guard(err *error) {
	if v := recover(); v != nil {
		*err = fmt.Errorf("it cannot be read: %v", v)
	}
}

// Issuer is the key that a detached signature names: a fingerprint, or else a key ID,
// in upper-case hex. Nothing is believed by that.
func Issuer(raw []byte) (key string, err error) {
	defer guard(&err)
	p, err := packet.Read(bytes.NewReader(raw))
	if err != nil {
		return "", fmt.Errorf("it cannot be read: %w", err)
	}
	sig, ok := p.(*packet.Signature)
	switch {
	case !ok:
		return "", errors.New("it is no OpenPGP signature")
	case len(sig.IssuerFingerprint) > 0:
		return fmt.Sprintf("%X", sig.IssuerFingerprint), nil
	case sig.IssuerKeyId != nil:
		return fmt.Sprintf("%016X", *sig.IssuerKeyId), nil
	}
	return "", errors.New("it names no key")
}
