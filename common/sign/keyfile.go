package sign

import (
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"slices"
)

// A keySet is what one file has of private keys: an RSA key, and behind it,
// perhaps, Ed25519 keys. Programs that know only the first read it as before.
type keySet struct {
	rsa     *rsa.PrivateKey
	ed25519 []ed25519.PrivateKey
}

// strong is the key that belongs to public, or nil.
func (k *keySet) strong(public ed25519.PublicKey) ed25519.PrivateKey {
	i := slices.IndexFunc(k.ed25519, func(key ed25519.PrivateKey) bool { return public.Equal(key.Public()) })
	if i < 0 {
		return nil
	}
	return k.ed25519[i]
}

func readKeys(file string) (*keySet, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading a key: %w%s", err, hint(err, "check the path; \"bus keys issue\" makes one"))
	}
	block, rest := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("reading key %s: it is not PEM", file)
	}
	keys := &keySet{}
	if keys.rsa, err = rsaKey(block.Bytes); err != nil {
		return nil, fmt.Errorf("reading key %s: %w", file, err)
	}
	for block, rest = pem.Decode(rest); block != nil; block, rest = pem.Decode(rest) {
		if parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
			if key, ok := parsed.(ed25519.PrivateKey); ok {
				keys.ed25519 = append(keys.ed25519, key)
			}
		}
	}
	return keys, nil
}

func rsaKey(der []byte) (*rsa.PrivateKey, error) {
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("%w (hint: it must be an RSA key without a passphrase)", err)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("it is a %T, and fedmsg's signatures are RSA only", parsed)
	}
	return key, nil
}

// pem is the file's text.
func (k *keySet) pem() ([]byte, error) {
	all := []any{k.rsa}
	for _, key := range k.ed25519 {
		all = append(all, key)
	}
	var text []byte
	for _, key := range all {
		secret, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return nil, err
		}
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})...)
	}
	return text, nil
}
