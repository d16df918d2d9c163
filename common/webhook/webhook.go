// Package webhook signs and verifies HTTP requests as Standard Webhooks 1.0 has it
// (its file spec/standard-webhooks.md): who sends and who receives share a secret,
// and the headers webhook-id, webhook-timestamp and webhook-signature say which
// request this is, when it was sent, and that who knows the secret sent it.
//
// Not here: sending (common/push), what the body means, and pushes of forges, each of
// which signs in its own way (scmhook/webhook).
package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"busbar/common/secret"
)

// The headers of a request.
const (
	HeaderID        = "Webhook-Id"        // the same in each attempt; without a dot
	HeaderTimestamp = "Webhook-Timestamp" // of this attempt, seconds since 1970
	HeaderSignature = "Webhook-Signature" // "v1,BASE64", several of them apart by spaces
)

// Tolerance is how far the clocks of both sides may differ, and how long a request
// may be on its way.
const Tolerance = 5 * time.Minute

const (
	prefix  = "whsec_"
	version = "v1,"
	// Bounds of the specification, in bytes.
	minSecret, maxSecret = 24, 64
	// maxSignatures bounds the work that a stranger's header makes.
	maxSignatures = 16
)

// Why a request is not to be believed.
var (
	ErrUnsigned = errors.New("the request is not signed")
	ErrForged   = errors.New("no signature of the request is by our secret")
	ErrStale    = errors.New("the request's time is too far from ours")
)

// Secrets are what both sides know: the newest first. There are several while one
// takes the place of another.
type Secrets []secret.Text

// ParseSecrets reads secrets, one a line, each "whsec_" and 24 to 64 bytes in base64.
// Empty lines and lines that begin with # are left out. No error holds a part of one.
func ParseSecrets(text string) (Secrets, error) {
	var list Secrets
	n := 0
	for line := range strings.Lines(text) {
		n++
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(line, prefix))
		if err != nil || len(key) < minSecret || len(key) > maxSecret {
			return nil, fmt.Errorf("line %d is not %s and %d to %d bytes in base64 (make one with: echo %s$(openssl rand -base64 32))", n, prefix, minSecret, maxSecret, prefix)
		}
		list = append(list, secret.New(string(key)))
	}
	if len(list) == 0 {
		return nil, errors.New("it holds no secret")
	}
	return list, nil
}

// ReadSecrets reads a file of secrets.
func ReadSecrets(file string) (Secrets, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the secret: %w", err)
	}
	list, err := ParseSecrets(string(text))
	if err != nil {
		return nil, fmt.Errorf("reading the secret in %s: %w", file, err)
	}
	return list, nil
}

// Sign sets the headers of a request, at the time of this attempt. The id must be the
// same in each attempt, and have no dot.
func (s Secrets) Sign(h http.Header, id string, at time.Time, body []byte) {
	stamp := strconv.FormatInt(at.Unix(), 10)
	signatures := make([]string, len(s))
	for i, one := range s {
		signatures[i] = version + base64.StdEncoding.EncodeToString(mac(one, id, stamp, body))
	}
	h.Set(HeaderID, id)
	h.Set(HeaderTimestamp, stamp)
	h.Set(HeaderSignature, strings.Join(signatures, " "))
}

// Verify checks the headers of a request, and gives its id. An error wraps
// ErrUnsigned, ErrForged or ErrStale.
func (s Secrets) Verify(h http.Header, body []byte, now time.Time) (id string, err error) {
	id, stamp, signatures := h.Get(HeaderID), h.Get(HeaderTimestamp), h.Get(HeaderSignature)
	for header, value := range map[string]string{HeaderID: id, HeaderTimestamp: stamp, HeaderSignature: signatures} {
		if value == "" {
			return "", fmt.Errorf("%w: it has no header %s", ErrUnsigned, header)
		}
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || strings.Contains(id, ".") {
		return "", fmt.Errorf("%w: its headers have not the right form", ErrUnsigned)
	}
	if !s.signed(id, stamp, signatures, body) {
		return "", ErrForged
	}
	if by := now.Sub(time.Unix(seconds, 0)); by.Abs() > Tolerance {
		return "", fmt.Errorf("%w: it was sent at %s, and it is %s (at most %s may lie between: look at the clocks)",
			ErrStale, time.Unix(seconds, 0).UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339), Tolerance)
	}
	return id, nil
}

// signed says that one of the signatures is by one of the secrets.
func (s Secrets) signed(id, stamp, signatures string, body []byte) bool {
	want := make([][]byte, len(s))
	for i, one := range s {
		want[i] = mac(one, id, stamp, body)
	}
	list := strings.SplitN(signatures, " ", maxSignatures+1)
	for _, text := range list[:min(len(list), maxSignatures)] {
		text, known := strings.CutPrefix(text, version)
		got, err := base64.StdEncoding.DecodeString(text)
		if !known || err != nil {
			continue // of another version
		}
		for _, w := range want {
			if hmac.Equal(got, w) {
				return true
			}
		}
	}
	return false
}

func mac(key secret.Text, id, stamp string, body []byte) []byte {
	m := hmac.New(sha256.New, []byte(key.Reveal()))
	m.Write([]byte(id + "." + stamp + "."))
	m.Write(body)
	return m.Sum(nil)
}
