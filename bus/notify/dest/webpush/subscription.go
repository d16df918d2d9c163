package webpush

import (
	"bytes"
	"crypto/ecdh"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"busbar/bus/notify/dest/outside"
)

// mostTo is the longest subscription, in bytes.
const mostTo = 4096

// A subscription is what a browser made: where to post, and for whose eyes.
type subscription struct {
	endpoint *url.URL
	browser  *ecdh.PublicKey
	auth     []byte
}

// parse reads a subscription as JSON.stringify gives it (W3C Push API, PushSubscriptionJSON).
func parse(text string, guard outside.Guard) (*subscription, error) {
	if len(text) > mostTo {
		return nil, fmt.Errorf("reading a subscription: it has %d bytes, and %d are most", len(text), mostTo)
	}
	var form struct {
		Endpoint string `json:"endpoint"`
		Keys     struct {
			P256dh string `json:"p256dh"`
			Auth   string `json:"auth"`
		} `json:"keys"`
	}
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	if err := d.Decode(&form); err != nil {
		return nil, errors.New("reading a subscription: it is not the JSON that a browser makes of one")
	}
	if d.More() {
		return nil, errors.New("reading a subscription: something stands behind it")
	}
	endpoint, err := guard.URL(form.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("reading a subscription's endpoint: %w", err)
	}
	s := &subscription{endpoint: endpoint}
	point, err := decode(form.Keys.P256dh)
	if err == nil {
		s.browser, err = ecdh.P256().NewPublicKey(point)
	}
	if err != nil {
		return nil, errors.New("reading a subscription's key p256dh: it is no point on P-256")
	}
	if s.auth, err = decode(form.Keys.Auth); err != nil || len(s.auth) != authSize {
		return nil, fmt.Errorf("reading a subscription's key auth: it is not %d bytes", authSize)
	}
	return s, nil
}

// decode reads base64 as browsers write it, or with the padding and letters of others.
func decode(text string) ([]byte, error) {
	text = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(text, "="))
	return base64.RawURLEncoding.DecodeString(text)
}
