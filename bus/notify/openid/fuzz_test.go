package openid

import (
	"encoding/json"
	"strings"
	"testing"
)

// FuzzClaims: an address is given for claims that say, by their exact names, that it is
// verified, or where one trusts what says nothing of that; and it is plain ASCII.
func FuzzClaims(f *testing.F) {
	for _, text := range []string{
		`{"email": "jane@example.org", "email_verified": true, "azp": "us"}`, `{"email": "jane@example.org", "email_verified": "false"}`,
		`{"Email": "a@b", "EMAIL_VERIFIED": true}`, `{"email": "jane@example.org", "email_verified": 1}`, `{"email": "\u212aim@example.org", "email_verified": null}`,
		`{"email": "a@b\r\nBcc: c@d", "email_verified": true, "email_verified": false}`, `{"email": {"a": 1}}`, `[]`, `null`,
	} {
		f.Add([]byte(text), true)
		f.Add([]byte(text), false)
	}
	f.Fuzz(func(t *testing.T, text []byte, trust bool) {
		c, err := claimsOf(func(into any) error { return json.Unmarshal(text, into) })
		if err != nil {
			return
		}
		address, err := c.address(trust)
		if err != nil {
			if address != "" || ReasonOf(err) != Unverified {
				t.Errorf("%q gives %q, and %v", text, address, err)
			}
			return
		}
		var exact map[string]json.RawMessage
		if err := json.Unmarshal(text, &exact); err != nil {
			t.Fatalf("%q gives %q: %v", text, address, err)
		}
		var said string
		if err := json.Unmarshal(exact["email"], &said); err != nil || said != address {
			t.Errorf("%q gives %q, not %q, %v", text, address, said, err)
		}
		switch verified := strings.Trim(string(exact["email_verified"]), `"`); {
		case verified == "true":
		case (verified == "" || verified == "null") && trust:
		default:
			t.Errorf("%q gives %q, which is not verified", text, address)
		}
		if address == "" || strings.Trim(address, "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~") != "" {
			t.Errorf("%q gives %q", text, address)
		}
	})
}
