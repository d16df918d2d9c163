package openid

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"testing"
	"time"

	"busbar/bus/notify/openid/openidtest"
)

type said = openidtest.Claims

// TestTokens: what a provider, or somebody in its place, says wrongly signs nobody in.
func TestTokens(t *testing.T) {
	kelvin := "jac\u212a@example.org" // in lower case, jack@example.org
	claim := func(name string, value any) func(*openidtest.Provider) {
		return func(p *openidtest.Provider) { p.ID = func(c said) { c[name] = value } }
	}
	signed := func(sign func(p *openidtest.Provider, header, claims said) string) func(*openidtest.Provider) {
		return func(p *openidtest.Provider) {
			p.Sign = func(header, claims said) string { return sign(p, header, claims) }
		}
	}
	hs256 := func(key func(*openidtest.Provider) []byte) func(*openidtest.Provider) {
		return signed(func(p *openidtest.Provider, header, claims said) string {
			header["alg"] = "HS256"
			mac := hmac.New(sha256.New, key(p))
			text := openidtest.Unsigned(header, claims)
			mac.Write([]byte(text))
			return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
		})
	}
	other := openidtest.New(t)
	for name, one := range map[string]struct {
		set    func(*openidtest.Provider)
		reason Reason
	}{
		"another nonce":         {claim("nonce", "of another sign-in"), Unproven},
		"no nonce":              {claim("nonce", nil), Unproven},
		"another audience":      {claim("aud", "other"), Unproven},
		"no audience":           {claim("aud", nil), Unproven},
		"given to another":      {claim("azp", "other"), Unproven},
		"several audiences":     {claim("aud", []string{"other", openidtest.Client}), Unproven},
		"another issuer":        {claim("iss", "https://evil.example.org"), Unproven},
		"issuer with a slash":   {func(p *openidtest.Provider) { p.ID = func(c said) { c["iss"] = p.URL + "/" } }, Unproven},
		"expired":               {claim("exp", time.Now().Add(-time.Minute).Unix()), Unproven},
		"never expires":         {claim("exp", nil), Unproven},
		"not yet":               {claim("nbf", time.Now().Add(time.Hour).Unix()), Unproven},
		"nobody":                {claim("sub", ""), Unproven},
		"another access token":  {claim("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"), Unproven},
		"not verified":          {claim("email_verified", false), Unverified},
		"not verified, as text": {claim("email_verified", "false"), Unverified},
		"perhaps verified":      {claim("email_verified", "yes"), Unproven},
		"verified, one":         {claim("email_verified", 1), Unproven},
		"nothing is said":       {claim("email_verified", nil), Unverified},
		"verified by another claim": {func(p *openidtest.Provider) {
			p.ID = func(c said) { c["email_verified"], c["Email_Verified"], c["EMAIL_VERIFIED"] = false, true, true }
		}, Unverified},
		"an address by another claim": {func(p *openidtest.Provider) {
			p.ID = func(c said) { delete(c, "email"); c["Email"] = "jane@example.org" }
		}, Unverified},
		"no address":          {claim("email", nil), Unverified},
		"a list of addresses": {claim("email", []string{"jane@example.org"}), Unproven},
		"a header":            {claim("email", "jane@example.org\r\nBcc: all@example.org"), Unverified},
		"a line's end":        {claim("email", "jane@example.org\n"), Unverified},
		"a blank":             {claim("email", " jane@example.org"), Unverified},
		"another mailbox":     {claim("email", kelvin), Unverified},
		"a zero":              {claim("email", "jane@example.org\x00"), Unverified},
		"no algorithm": {signed(func(_ *openidtest.Provider, header, claims said) string {
			header["alg"] = "none"
			return openidtest.Unsigned(header, claims) + "."
		}), Unproven},
		"no signature":          {signed(func(_ *openidtest.Provider, h, c said) string { return openidtest.Unsigned(h, c) + "." }), Unproven},
		"HS256 with our secret": {hs256(func(*openidtest.Provider) []byte { return []byte(openidtest.Secret) }), Unproven},
		"HS256 with the key":    {hs256(func(p *openidtest.Provider) []byte { return publicKey(t, p) }), Unproven},
		"HS256 with nothing":    {hs256(func(*openidtest.Provider) []byte { return nil }), Unproven},
		"another's key":         {signed(func(_ *openidtest.Provider, h, c said) string { return other.Signed(h, c) }), Unproven},
		"a key that it brings": {signed(func(_ *openidtest.Provider, h, c said) string {
			h["jwk"], h["jku"] = said{"kty": "oct", "k": "AAAA"}, other.URL+"/keys"
			return other.Signed(h, c)
		}), Unproven},
		"no token":        {signed(func(*openidtest.Provider, said, said) string { return "" }), Unproven},
		"no token at all": {signed(func(*openidtest.Provider, said, said) string { return "hello" }), Unproven},
		"userinfo of another": {func(p *openidtest.Provider) {
			delete(p.Person, "email_verified")
			p.UserInfo = func() said { return said{"sub": "666", "email": "jane@example.org", "email_verified": true} }
		}, Unproven},
		"userinfo not verified": {func(p *openidtest.Provider) {
			delete(p.Person, "email_verified")
			p.UserInfo = func() said { return said{"sub": "4711", "email": "jane@example.org", "email_verified": false} }
		}, Unverified},
		"verified in userinfo alone": {func(p *openidtest.Provider) {
			p.Person["email_verified"] = false
			p.UserInfo = func() said { return said{"sub": "4711", "email": "jane@example.org", "email_verified": true} }
		}, Unverified},
	} {
		t.Run(name, func(t *testing.T) {
			at := openidtest.New(t)
			one.set(at)
			p := open(t, at, nil)
			who, err := signIn(t, p)
			if err == nil || who != "" || ReasonOf(err) != one.reason {
				t.Errorf("%q, %v", who, err)
			}
			if p.Counts()[refused] != 1 {
				t.Errorf("%v", p.Counts())
			}
		})
	}
}

func publicKey(t *testing.T, p *openidtest.Provider) []byte {
	der, err := x509.MarshalPKIXPublicKey(p.PublicKey())
	if err != nil {
		t.Error(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// TestNotTrusted: an operator's trust in addresses is not one in those that are said not to
// be verified.
func TestNotTrusted(t *testing.T) {
	at := openidtest.New(t)
	at.Person["email_verified"] = false
	p := open(t, at, func(c *Config) { c.TrustEmail = true })
	if who, err := signIn(t, p); ReasonOf(err) != Unverified {
		t.Errorf("%q, %v", who, err)
	}
}

// TestAnswers: an answer signs in the browser that began, once, within its time, and with
// what belongs together.
func TestAnswers(t *testing.T) {
	at := openidtest.New(t)
	p := open(t, at, nil)
	finish := func(browser string, answer url.Values) Reason {
		who, err := p.Finish(t.Context(), browser, answer, always)
		if err == nil || who != "" {
			t.Errorf("%q is signed in by %v", who, answer)
			return -1
		}
		return ReasonOf(err)
	}
	answer := answered(t, p, "mine")
	for _, browser := range []string{"", "another"} {
		if got := finish(browser, answer); got != Stale {
			t.Errorf("the state of another browser: %v", got)
		}
	}
	if at.Times("/token") != 0 {
		t.Error("the provider is asked for another browser")
	}
	if who, err := p.Finish(t.Context(), "mine", answer, always); err != nil || who != "jane@example.org" {
		t.Errorf("the right browser: %q, %v", who, err)
	}
	if got := finish("mine", answer); got != Stale || at.Times("/token") != 1 {
		t.Errorf("a state again: %v", got)
	}
	change := func(name, value string) url.Values {
		a := answered(t, p, "mine")
		a.Set(name, value)
		return a
	}
	double := answered(t, p, "mine")
	double.Add("code", "another")
	unnamed := answered(t, p, "mine")
	unnamed.Del("iss")
	for name, one := range map[string]struct {
		answer url.Values
		want   Reason
	}{
		"no state":               {change("state", ""), Stale},
		"a guessed state":        {change("state", "AAAAAAAAAAAAAAAAAAAAAAAAAA"), Stale},
		"another's code":         {change("code", answered(t, p, "theirs").Get("code")), Unproven}, // PKCE: the verifier is not its
		"a code of nobody":       {change("code", "made up"), Unproven},
		"no code":                {change("code", ""), Unproven},
		"a long code":            {change("code", string(make([]byte, 5000))), Unproven},
		"two codes":              {double, Unproven},
		"of another provider":    {change("iss", "https://evil.example.org"), Unproven},
		"of an unnamed":          {unnamed, Unproven},
		"declined":               {change("error", "access_denied"), Declined},
		"an error with a script": {change("error", "<script>\x1b[31m"), Declined},
	} {
		if got := finish("mine", one.answer); got != one.want {
			t.Errorf("%s: %v", name, got)
		}
		if got := finish("mine", one.answer); got != Stale {
			t.Errorf("%s again: %v", name, got)
		}
	}
	late := answered(t, p, "mine")
	p.now = func() time.Time { return time.Now().Add(pendingFor + time.Second) }
	if got := finish("mine", late); got != Stale {
		t.Errorf("too late: %v", got)
	}
	no := errors.New("not so often")
	before := at.Times("/token")
	if _, err := p.Finish(t.Context(), "mine", answered(t, p, "mine"), func() error { return no }); !errors.Is(err, no) || at.Times("/token") != before {
		t.Errorf("who may not: %v", err)
	}
}

// TestManyBegin: however many begin, what is kept is bounded; one peer pushes out its own
// alone, and who began last can go on.
func TestManyBegin(t *testing.T) {
	var p pending
	now := time.Now()
	put := func(state, peer string) {
		p.put(&begin{state: state, browser: "mine", peer: peer, until: now.Add(pendingFor)}, now)
	}
	put("jane", "192.0.2.1")
	for i := range 2 * mostPending {
		put(fmt.Sprint("one", i), "198.51.100.1")
	}
	if len(p.all) != mostOfPeer+1 || p.order.Len() != len(p.all) || len(p.ofPeer) != 2 {
		t.Errorf("%d are kept of one peer", len(p.all)-1)
	}
	if _, ok := p.take("jane", "mine", now); !ok {
		t.Error("one peer pushes another out")
	}
	for i := range 2 * mostPending {
		put(fmt.Sprint("all", i), fmt.Sprint(i))
	}
	put("bob", "192.0.2.2")
	if len(p.all) != mostPending || p.order.Len() != mostPending || len(p.ofPeer) != mostPending {
		t.Errorf("%d are kept, of %d peers", len(p.all), len(p.ofPeer))
	}
	if _, ok := p.take("bob", "mine", now); !ok {
		t.Error("who began last cannot go on")
	}
	now = now.Add(2 * pendingFor)
	put("carol", "192.0.2.3")
	if len(p.all) != 1 || len(p.ofPeer) != 1 {
		t.Errorf("%d are kept that are too old", len(p.all)-1)
	}
}
