package webpush

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"busbar/common/runes"
	"busbar/common/show"
)

// mostName is the longest name of a browser, in bytes.
const mostName = 60

// An address is a subscription as it is kept: what is needed of it, in one form, so that the
// same one is one address; and how people call the browser.
type address struct {
	Endpoint string `json:"endpoint"`
	Keys     struct {
		P256dh string `json:"p256dh"`
		Auth   string `json:"auth"`
	} `json:"keys"`
	Name string `json:"name,omitempty"`
}

// Named gives the address of a browser's subscription, under which people know the browser.
// It does not say whether it may be one: see Check.
func Named(subscription, name string) (string, error) {
	var a address
	if err := json.Unmarshal([]byte(subscription), &a); err != nil || a.Endpoint == "" {
		return "", errors.New("reading a subscription: it is not the JSON that a browser makes of one")
	}
	a.Name, _ = runes.Cut(show.Line(name), mostName)
	text, err := json.Marshal(a)
	if err != nil {
		return "", fmt.Errorf("writing a subscription: %w", err)
	}
	return string(text), nil
}

// Label is how people see an address: the browser, by whose service it gets notes, and
// something that tells two alike apart.
func Label(to string) string {
	var a address
	if err := json.Unmarshal([]byte(to), &a); err != nil {
		return "a browser"
	}
	if a.Name == "" {
		a.Name = "a browser"
	}
	sum := sha256.Sum256([]byte(a.Endpoint))
	by := ""
	if u, err := url.Parse(a.Endpoint); err == nil && u.Hostname() != "" {
		by = " by " + u.Hostname()
	}
	return show.Line(a.Name + by + ", " + hex.EncodeToString(sum[:2]))
}

// Endpoint is where a browser's notes go, by which its page knows its own subscription.
func Endpoint(to string) string {
	var a address
	_ = json.Unmarshal([]byte(to), &a) // of what is none it is empty
	return a.Endpoint
}

// Browser names a browser by what it says of itself in User-Agent. The first that fits
// counts: most claim to be others, too.
func Browser(userAgent string) string {
	of := func(list [][2]string, other string) string {
		for _, one := range list {
			if strings.Contains(userAgent, one[0]) {
				return one[1]
			}
		}
		return other
	}
	return of([][2]string{{"Firefox/", "Firefox"}, {"Edg", "Edge"}, {"OPR/", "Opera"}, {"Chrome/", "Chromium"}, {"Safari/", "Safari"}}, "a browser") +
		of([][2]string{{"Android", " on Android"}, {"iPhone", " on iPhone"}, {"iPad", " on iPad"}, {"Windows", " on Windows"}, {"Mac OS X", " on macOS"}, {"Linux", " on Linux"}}, "")
}
