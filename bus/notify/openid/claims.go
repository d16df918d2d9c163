package openid

import (
	"encoding/json"
	"fmt"
	"strings"
)

// claims are what is read of a person.
type claims struct {
	email    string
	verified *bool // nil: nothing is said of it
	party    string
}

// claimsOf reads them. encoding/json takes Email_Verified for email_verified; here names
// are exact, for at some providers people choose other claims of theirs.
func claimsOf(read func(any) error) (claims, error) {
	all := map[string]json.RawMessage{}
	var c claims
	if err := read(&all); err != nil {
		return c, err
	}
	for name, into := range map[string]*string{"email": &c.email, "azp": &c.party} {
		if raw := all[name]; raw != nil {
			if err := json.Unmarshal(raw, into); err != nil {
				return c, fmt.Errorf("reading %s: %w", name, err)
			}
		}
	}
	switch raw := string(all["email_verified"]); raw {
	case "", "null":
	case "true", `"true"`, "false", `"false"`: // some say it as text
		yes := strings.Contains(raw, "true")
		c.verified = &yes
	default:
		return c, fmt.Errorf("reading email_verified: it is %.20q", raw)
	}
	return c, nil
}

// address is the verified one. It is of plain ASCII: what becomes that only in lower case,
// as the Kelvin sign does, is another's mailbox.
func (c claims) address(trust bool) (string, error) {
	if c.email == "" {
		return "", because(Unverified, "the provider tells no mail address")
	}
	if c.verified == nil && !trust {
		return "", because(Unverified, "the provider does not say whether the address is verified (see trust_email)")
	}
	if c.verified != nil && !*c.verified {
		return "", because(Unverified, "the provider says that the address is not verified")
	}
	if strings.ContainsFunc(c.email, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", because(Unverified, "the address has characters that none of ours has")
	}
	return c.email, nil
}
