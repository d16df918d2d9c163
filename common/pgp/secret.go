package pgp

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// A Secret signs texts with one key, which is read and checked once. It is safe for
// concurrent use.
type Secret struct {
	Key     // whose it is
	private *packet.PrivateKey
}

// ReadSecret reads a secret key without a passphrase, and takes the newest of it that
// may sign at now, a subkey before the primary key. The file holds one key.
func ReadSecret(file string, now time.Time) (*Secret, error) {
	keys, err := ReadFile(file)
	if err != nil {
		return nil, err
	}
	if len(keys) != 1 {
		return nil, fmt.Errorf("%s holds %d keys, and one is to sign (hint: gpg --export-secret-keys FINGERPRINT)", file, len(keys))
	}
	s, err := secretOf(keys[0], now)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return s, nil
}

func secretOf(e *openpgp.Entity, now time.Time) (*Secret, error) {
	// A key on whose side a clock was ahead is asked as of its own beginning.
	if e.PrimaryKey.CreationTime.After(now) && e.PrimaryKey.CreationTime.Sub(now) < skew {
		now = e.PrimaryKey.CreationTime
	}
	key, ok := e.SigningKey(now)
	if !ok {
		return nil, unfit(e, now)
	}
	switch p := key.PrivateKey; {
	case p == nil || p.Dummy():
		return nil, errors.New("it holds no secret part of the key that signs (hint: gpg --export-secret-keys, not --export)")
	case p.Encrypted:
		return nil, errors.New("it has a passphrase, which a daemon cannot be asked for (hint: take it away from a copy: gpg --edit-key FINGERPRINT passwd; who can read the file is what protects it)")
	}
	of := keyOf(e, key.PublicKey, key.SelfSignature)
	if err := of.weak(); err != nil {
		return nil, err
	}
	return &Secret{of, key.PrivateKey}, nil
}

// unfit says why no key may sign.
func unfit(e *openpgp.Entity, now time.Time) error {
	self, _ := e.PrimarySelfSignature()
	if self == nil {
		return errors.New("it has no valid signature of its own")
	}
	if err := keyOf(e, e.PrimaryKey, self).At(now); err != nil {
		return err
	}
	return errors.New("it has no key that may sign, and is in date (hint: gpg --edit-key FINGERPRINT expire makes it last longer, addkey makes another subkey)")
}

// Sign is the detached binary signature of a text (RFC 9580 §5.2.1, type 0x00).
func (s *Secret) Sign(now time.Time, text ...[]byte) ([]byte, error) {
	key := &s.private.PublicKey
	// Without a signature's lifetime and notations: the text says what there is to say.
	sig := &packet.Signature{
		Version: key.Version, SigType: packet.SigTypeBinary, PubKeyAlgo: key.PubKeyAlgo, Hash: hashFor(key),
		CreationTime: now, IssuerKeyId: &key.KeyId, IssuerKeyVersion: uint8(key.Version), IssuerFingerprint: key.Fingerprint,
	}
	plain := false
	config := &packet.Config{NonDeterministicSignaturesViaNotation: &plain}
	h, err := sig.PrepareSign(config)
	if err != nil {
		return nil, err
	}
	for _, t := range text {
		_, _ = h.Write(t) // a hash takes everything
	}
	if err := sig.Sign(h, s.private, config); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = sig.Serialize(&b)
	return b.Bytes(), err
}

// hashFor is a hash at least as strong as the key (RFC 9580 §5.2.3.3 asks for SHA-512
// with Ed448, and as much with the long curves of ECDSA).
func hashFor(key *packet.PublicKey) crypto.Hash {
	switch key.PubKeyAlgo {
	case packet.PubKeyAlgoRSA, packet.PubKeyAlgoRSASignOnly, packet.PubKeyAlgoEd25519:
		return crypto.SHA256
	}
	return crypto.SHA512
}

// Make makes a key that signs and does nothing else: Ed25519, in the form that GnuPG
// 2.1 and later read. name is its user ID. days is how long it lasts.
func Make(name string, days int, now time.Time) (*openpgp.Entity, error) {
	if days < 1 || days > math.MaxUint32/(24*60*60) {
		return nil, fmt.Errorf("making a key: it must be valid for 1 to %d days, not %d", math.MaxUint32/(24*60*60), days)
	}
	e, err := openpgp.NewEntity(name, "", "", &packet.Config{
		Algorithm: packet.PubKeyAlgoEdDSA, Curve: packet.Curve25519, DefaultHash: crypto.SHA512,
		KeyLifetimeSecs: uint32(days * 24 * 60 * 60), Time: func() time.Time { return now },
	})
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	e.Subkeys = nil // that of encryption
	return e, nil
}

// Public is the armored public key, as GnuPG imports it.
func Public(e *openpgp.Entity) ([]byte, error) {
	return armored(openpgp.PublicKeyType, func(w *bytes.Buffer) error { return e.Serialize(w) })
}

// Private is the armored secret key.
func Private(e *openpgp.Entity) (text []byte, err error) {
	defer guard(&err) // a subkey without its secret part
	return armored(openpgp.PrivateKeyType, func(w *bytes.Buffer) error { return e.SerializePrivateWithoutSigning(w, nil) })
}

func armored(kind string, write func(*bytes.Buffer) error) ([]byte, error) {
	var raw, text bytes.Buffer
	if err := write(&raw); err != nil {
		return nil, fmt.Errorf("writing a key: %w", err)
	}
	w, err := armor.Encode(&text, kind, nil)
	if err == nil {
		_, err = w.Write(raw.Bytes())
	}
	if err == nil {
		err = w.Close()
	}
	text.WriteByte('\n')
	return text.Bytes(), err
}
