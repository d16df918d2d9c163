package webpush

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"
)

const (
	tokenFor   = 12 * time.Hour // a token's life: push services take a day at most
	renewAfter = 6 * time.Hour  // some take a new token once an hour alone
	mostTokens = 1024           // that are kept
)

// A vapid says to push services who sends (RFC 8292). The public key is what browsers
// subscribe with.
type vapid struct {
	key     *ecdsa.PrivateKey
	public  string // base64url, uncompressed
	contact string

	mu     sync.Mutex
	tokens map[string]token // by origin
}

type token struct {
	text string
	made time.Time
}

// readKey reads a private key on P-256 from a PEM file, in either of OpenSSL's forms.
func readKey(file string) (*ecdsa.PrivateKey, error) {
	if file == "" {
		return nil, errors.New("reading the key of [notify.webpush]: none is set: key is the file that has it (openssl ecparam -name prime256v1 -genkey -noout -out FILE makes one)")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the key of [notify.webpush]: %w", err)
	}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		var key *ecdsa.PrivateKey
		switch block.Type {
		case "EC PRIVATE KEY":
			key, err = x509.ParseECPrivateKey(block.Bytes)
		case "PRIVATE KEY":
			var any any
			any, err = x509.ParsePKCS8PrivateKey(block.Bytes)
			key, _ = any.(*ecdsa.PrivateKey)
		default: // such as EC PARAMETERS
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading the key of [notify.webpush] in %s: %w", file, err)
		}
		if key != nil && key.Curve == elliptic.P256() {
			return key, nil
		}
	}
	return nil, fmt.Errorf("reading the key of [notify.webpush]: %s holds no private key on P-256 (make one with: openssl ecparam -name prime256v1 -genkey -noout -out %s)", file, file)
}

func newVAPID(key *ecdsa.PrivateKey, contact string) (*vapid, error) {
	if u, err := url.Parse(contact); err != nil || u.Scheme != "mailto" && u.Scheme != "https" || u.Scheme == "mailto" && !strings.Contains(u.Opaque, "@") || u.Scheme == "https" && u.Host == "" {
		return nil, errors.New("checking [notify.webpush] contact: push services want to know whom to ask: mailto:NAME@DOMAIN, or a page with https://")
	}
	point, err := key.PublicKey.ECDH()
	if err != nil {
		return nil, fmt.Errorf("reading the key of [notify.webpush]: %w", err)
	}
	return &vapid{key: key, public: encoding.EncodeToString(point.Bytes()), contact: contact, tokens: map[string]token{}}, nil
}

var encoding = base64.RawURLEncoding

// header is the Authorization for a push service: the same for hours.
func (v *vapid) header(endpoint *url.URL, now time.Time) (string, error) {
	origin := endpoint.Scheme + "://" + endpoint.Host
	v.mu.Lock()
	defer v.mu.Unlock()
	t, known := v.tokens[origin]
	if age := now.Sub(t.made); !known || age < 0 || age > renewAfter {
		text, err := v.sign(origin, now)
		if err != nil {
			return "", err
		}
		if len(v.tokens) >= mostTokens {
			clear(v.tokens)
		}
		t = token{text, now}
		v.tokens[origin] = t
	}
	return "vapid t=" + t.text + ", k=" + v.public, nil
}

// sign makes a token: a JWT by ES256 (RFC 7518 §3.4).
func (v *vapid) sign(origin string, now time.Time) (string, error) {
	claims, err := json.Marshal(map[string]any{"aud": origin, "exp": now.Add(tokenFor).Unix(), "sub": v.contact})
	if err != nil {
		return "", fmt.Errorf("making a token: %w", err)
	}
	text := encoding.EncodeToString([]byte(`{"typ":"JWT","alg":"ES256"}`)) + "." + encoding.EncodeToString(claims)
	sum := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, v.key, sum[:])
	if err != nil {
		return "", fmt.Errorf("signing a token: %w", err)
	}
	var signature [64]byte
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return text + "." + encoding.EncodeToString(signature[:]), nil
}
