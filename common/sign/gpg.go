package sign

import (
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"busbar/common/event"
	"busbar/common/pgp"
)

// gpgPrefix stands before names of OpenPGP keys: a key never has the name of a
// certificate.
const gpgPrefix = "gpg:"

// keyed signs as fedmsg's GPG backend does, with a strong signature beside it.
type keyed struct{ key *pgp.Secret }

// LoadGPGSigner reads an OpenPGP secret key without a passphrase, as `bus keys gpg
// make` or `gpg --export-secret-keys` writes it. It must be in date.
func LoadGPGSigner(file string) (*Signer, error) { return loadGPGSigner(file, time.Now()) }

func loadGPGSigner(file string, now time.Time) (*Signer, error) {
	key, err := pgp.ReadSecret(file, now)
	if err != nil {
		return nil, fmt.Errorf("loading the signing key: %w", err)
	}
	return &Signer{keyed{key}, gpgPrefix + key.Fingerprint, key.To}, nil
}

// Key is the OpenPGP key that signs; nil: a certificate's keys do.
func (s *Signer) Key() *pgp.Key {
	if k, ok := s.way.(keyed); ok {
		return &k.key.Key
	}
	return nil
}

// add makes two detached OpenPGP signatures: of the message's hash, which covers all
// that the message says, and fedmsg's, of the body alone.
func (k keyed) add(work *event.Encoded) (map[string]string, error) {
	body := work.Member("msg")
	if body == nil {
		return nil, errNoBody
	}
	added := adding{}
	added.set(work, memberCrypto, backendGPG)
	now := time.Now()
	for _, s := range []struct {
		member string
		text   []byte
	}{{memberGPG, strongText(work.Sum(event.Chained()))}, {memberSignature, body}} {
		raw, err := k.key.Sign(now, s.text)
		if err != nil {
			return nil, fmt.Errorf("with OpenPGP: %w", err)
		}
		added.set(work, s.member, base64.StdEncoding.EncodeToString(raw))
	}
	return added, nil
}

var errNoBody = errors.New("it has no msg")
