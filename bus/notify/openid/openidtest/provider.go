// Package openidtest is a provider of OpenID Connect, small and whole: discovery, keys that
// can be changed, authorization codes with PKCE, tokens, userinfo. It signs in whoever it
// is set to, without asking. Tests change what it says.
package openidtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"
)

// The client that the provider knows.
const (
	Client = "busbar"
	Secret = "s3cret and long"
)

// A Claims is what is said of a person.
type Claims map[string]any

// A Provider is one on loopback. Its fields may be changed between requests, by Set.
type Provider struct {
	*httptest.Server

	mu       sync.Mutex
	Person   Claims                                                  // who signs in; sub is set where it is not
	ID       func(Claims)                                            // changes an ID token before it is signed
	Sign     func(header, claims Claims) string                      // in place of Signed; nil: Signed
	UserInfo func() Claims                                           // what userinfo says; nil: there is none
	Document func(Claims)                                            // changes what it says of itself
	Override map[string]func(w http.ResponseWriter, r *http.Request) // in place of what is at a path
	Public   bool                                                    // the client has no secret
	Asked    map[string]int                                          // how often each path was

	key   *ecdsa.PrivateKey
	round int // of keys
	codes map[string]*grant
}

type grant struct {
	challenge, nonce, redirect, access string
}

// New starts one.
func New(t testing.TB) *Provider {
	p := &Provider{Person: Claims{"sub": "4711", "email": "jane@example.org", "email_verified": true}, Override: map[string]func(http.ResponseWriter, *http.Request){}, Asked: map[string]int{}, codes: map[string]*grant{}}
	p.Rotate(t)
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

// Set changes something.
func (p *Provider) Set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

// Rotate has another key from now on, and the old one forgotten.
func (p *Provider) Rotate(t testing.TB) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p.Set(func() { p.key, p.round = key, p.round+1 })
}

// Times says how often a path was asked for.
func (p *Provider) Times(path string) (n int) {
	p.Set(func() { n = p.Asked[path] })
	return n
}

// ServeHTTP answers one request at a time, but where it is overridden.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.Asked[r.URL.Path]++
	other := p.Override[r.URL.Path]
	p.mu.Unlock()
	if other != nil {
		other(w, r)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		p.describe(w)
	case "/keys":
		point, err := p.key.PublicKey.Bytes() // 4, and the two coordinates
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		tell(w, http.StatusOK, Claims{"keys": []Claims{{"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": strconv.Itoa(p.round), "x": text(point[1:33]), "y": text(point[33:])}}})
	case "/authorize":
		p.authorize(w, r)
	case "/token":
		p.token(w, r)
	case "/userinfo":
		p.userinfo(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (p *Provider) describe(w http.ResponseWriter) {
	said := Claims{
		"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"ES256", "HS256", "none"},
		"code_challenge_methods_supported": []string{"S256"}, "authorization_response_iss_parameter_supported": true,
	}
	if p.UserInfo != nil {
		said["userinfo_endpoint"] = p.URL + "/userinfo"
	}
	if p.Document != nil {
		p.Document(said)
	}
	tell(w, http.StatusOK, said)
}

// authorize gives a code (Core 1.0 §3.1.2).
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	for name, want := range map[string]string{"response_type": "code", "client_id": Client, "scope": "openid email", "code_challenge_method": "S256"} {
		if q.Get(name) != want {
			http.Error(w, fmt.Sprintf("%s is %q, not %q", name, q.Get(name), want), http.StatusBadRequest)
			return
		}
	}
	if q.Get("state") == "" || q.Get("nonce") == "" || len(q.Get("code_challenge")) != 43 || q.Get("redirect_uri") == "" {
		http.Error(w, "state, nonce, code_challenge or redirect_uri is missing", http.StatusBadRequest)
		return
	}
	code := rand.Text()
	p.codes[code] = &grant{q.Get("code_challenge"), q.Get("nonce"), q.Get("redirect_uri"), ""}
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"state": {q.Get("state")}, "code": {code}, "iss": {p.URL}}.Encode(), http.StatusFound)
}

// token gives tokens for a code, once, to who has its verifier.
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	user, _ = url.QueryUnescape(user)
	password, _ = url.QueryUnescape(password)
	if p.Public {
		user, password = r.PostFormValue("client_id"), Secret
	}
	if user != Client || password != Secret || r.Method != http.MethodPost {
		tell(w, http.StatusUnauthorized, Claims{"error": "invalid_client"})
		return
	}
	code := r.PostFormValue("code")
	g := p.codes[code]
	delete(p.codes, code)
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if g == nil || r.PostFormValue("grant_type") != "authorization_code" || r.PostFormValue("redirect_uri") != g.redirect || text(sum[:]) != g.challenge {
		tell(w, http.StatusBadRequest, Claims{"error": "invalid_grant", "error_description": "the code is not good"})
		return
	}
	access := rand.Text()
	p.codes["access "+access] = g
	now := time.Now()
	half := sha256.Sum256([]byte(access))
	id := Claims{"iss": p.URL, "aud": Client, "sub": "4711", "nonce": g.nonce, "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(), "at_hash": text(half[:16])}
	for name, value := range p.Person {
		id[name] = value
	}
	if p.ID != nil {
		p.ID(id)
	}
	sign := p.Sign
	if sign == nil {
		sign = p.Signed
	}
	tell(w, http.StatusOK, Claims{"access_token": access, "token_type": "Bearer", "expires_in": 300, "id_token": sign(Claims{"alg": "ES256", "typ": "JWT", "kid": strconv.Itoa(p.round)}, id)})
}

func (p *Provider) userinfo(w http.ResponseWriter, r *http.Request) {
	var access string
	_, _ = fmt.Sscanf(r.Header.Get("Authorization"), "Bearer %s", &access)
	if p.UserInfo == nil || p.codes["access "+access] == nil {
		tell(w, http.StatusUnauthorized, Claims{"error": "invalid_token"})
		return
	}
	tell(w, http.StatusOK, p.UserInfo())
}

// Signed is a token, as it should be. It is called by Sign, with the lock held.
func (p *Provider) Signed(header, claims Claims) string {
	signed := Unsigned(header, claims)
	sum := sha256.Sum256([]byte(signed))
	a, b, err := ecdsa.Sign(rand.Reader, p.key, sum[:])
	if err != nil {
		return err.Error()
	}
	signature := append(a.FillBytes(make([]byte, 32)), b.FillBytes(make([]byte, 32))...)
	return signed + "." + text(signature)
}

// PublicKey is what everybody knows of the key.
func (p *Provider) PublicKey() *ecdsa.PublicKey { return &p.key.PublicKey }

// Unsigned is what of a token is signed.
func Unsigned(header, claims Claims) string {
	h, _ := json.Marshal(header) // of texts and numbers
	c, _ := json.Marshal(claims)
	return text(h) + "." + text(c)
}

func text(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func tell(w http.ResponseWriter, code int, what Claims) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(what) // who went away needs none
}
