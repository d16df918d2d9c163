package pgp

import (
	"crypto/rsa"
	"fmt"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

const (
	// skew is how much earlier than it says a key is taken to begin: clocks differ.
	skew = time.Hour
	// minRSA is the length of the shortest RSA key that is believed, in bits.
	minRSA = 2048
)

// A Key is a public key that signs, of a person or program: a primary key or one of
// its subkeys.
type Key struct {
	Fingerprint string    // of the primary key, in upper-case hex: who it is
	UserID      string    // what the key says of itself; nobody vouches for it
	From, To    time.Time // To is zero where it has no end
	Revoked     bool

	public *packet.PublicKey
}

// keyOf is a key of e: the primary one, or a subkey; self is its own signature, or the
// primary key's for the subkey. A subkey ends with the primary key at the latest.
func keyOf(e *openpgp.Entity, public *packet.PublicKey, self *packet.Signature) Key {
	k := Key{
		Fingerprint: fmt.Sprintf("%X", e.PrimaryKey.Fingerprint), From: public.CreationTime, To: end(public, self),
		Revoked: len(e.Revocations) > 0, public: public,
	}
	primary, id := e.PrimarySelfSignature()
	if id != nil {
		k.UserID = id.Name
	}
	if public != e.PrimaryKey && primary != nil {
		if to := end(e.PrimaryKey, primary); !to.IsZero() && (k.To.IsZero() || to.Before(k.To)) {
			k.To = to
		}
	}
	for _, sub := range e.Subkeys {
		if sub.PublicKey == public && len(sub.Revocations) > 0 {
			k.Revoked = true
		}
	}
	return k
}

func end(public *packet.PublicKey, self *packet.Signature) time.Time {
	if self == nil || self.KeyLifetimeSecs == nil || *self.KeyLifetimeSecs == 0 {
		return time.Time{}
	}
	return public.CreationTime.Add(time.Duration(*self.KeyLifetimeSecs) * time.Second)
}

// At says why the key is not to be believed at a time, or nil. Whatever the time, a
// key that is revoked today is not: why it is, and since when, is the word of who
// may have stolen it.
func (k Key) At(t time.Time) error {
	switch {
	case k.Revoked:
		return fmt.Errorf("the key %s is revoked", k.Fingerprint)
	case t.Before(k.From.Add(-skew)):
		return fmt.Errorf("the key %s is not valid before %s", k.Fingerprint, day(k.From))
	case !k.To.IsZero() && t.After(k.To):
		return fmt.Errorf("the key %s ended on %s", k.Fingerprint, day(k.To))
	}
	return nil
}

// weak says why nobody should believe what the key signs, or nil.
func (k Key) weak() error {
	switch k.public.PubKeyAlgo {
	case packet.PubKeyAlgoRSA, packet.PubKeyAlgoRSASignOnly:
		if key, ok := k.public.PublicKey.(*rsa.PublicKey); !ok || key.N.BitLen() < minRSA {
			return fmt.Errorf("the key %s is an RSA key of less than %d bits", k.Fingerprint, minRSA)
		}
		return nil
	case packet.PubKeyAlgoECDSA, packet.PubKeyAlgoEdDSA, packet.PubKeyAlgoEd25519, packet.PubKeyAlgoEd448:
		return nil
	}
	return fmt.Errorf("the key %s is of kind %d, which is not believed here", k.Fingerprint, k.public.PubKeyAlgo)
}

// Weak says why nobody should believe what the key of an ID signs, one of e's; nil: somebody may.
func Weak(e *openpgp.Entity, id uint64) error {
	public := e.PrimaryKey
	for _, sub := range e.Subkeys {
		if sub.PublicKey.KeyId == id {
			public = sub.PublicKey
		}
	}
	return keyOf(e, public, nil).weak()
}

// signing are the keys of e that may sign, in date or not.
func signing(e *openpgp.Entity) []Key {
	var list []Key
	self, _ := e.PrimarySelfSignature()
	if self == nil {
		return nil
	}
	if self.FlagsValid && self.FlagSign {
		list = append(list, keyOf(e, e.PrimaryKey, self))
	}
	for _, sub := range e.Subkeys {
		if sub.Sig.FlagsValid && sub.Sig.FlagSign && sub.PublicKey.PubKeyAlgo.CanSign() {
			list = append(list, keyOf(e, sub.PublicKey, sub.Sig))
		}
	}
	return list
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
