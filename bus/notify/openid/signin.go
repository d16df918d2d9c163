package openid

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// A Reason is why somebody is not signed in, as a person must know it.
type Reason int

const (
	Away       Reason = iota // the provider does not answer as it should
	Busy                     // too many are verified just now
	Stale                    // of another browser, used, or too long ago
	Declined                 // the person, or the provider, did not want it
	Unproven                 // what the provider says cannot be believed
	Unverified               // it has no verified address
)

// An Error is why somebody is not signed in.
type Error struct {
	Reason Reason
	Err    error
}

func (e *Error) Error() string { return "signing in by OpenID Connect: " + e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// ReasonOf is that of an error.
func ReasonOf(err error) Reason {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	return Away
}

func because(r Reason, format string, args ...any) error {
	return &Error{r, fmt.Errorf(format, args...)}
}

// oauth is how the client speaks to the provider.
func (p *Provider) oauth(f *found) (*oauth2.Config, error) {
	secret, err := p.config.secret()
	return &oauth2.Config{ClientID: p.config.Client, ClientSecret: secret.Reveal(), Endpoint: f.endpoint, RedirectURL: p.back, Scopes: []string{oidc.ScopeOpenID, oidc.ScopeEmail}}, err
}

// Begin is the address of the provider at which somebody signs in. browser is what only
// their browser knows; peer is who asks, for limits.
func (p *Provider) Begin(ctx context.Context, browser, peer string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, requestFor)
	defer cancel()
	f, err := p.find(ctx)
	var c *oauth2.Config
	if err == nil {
		c, err = p.oauth(f)
	}
	if err != nil {
		p.counts[failed].Add(1)
		return "", because(Away, "%w", err)
	}
	now := p.now()
	b := &begin{state: rand.Text(), browser: browser, peer: peer, nonce: rand.Text(), verifier: oauth2.GenerateVerifier(), until: now.Add(pendingFor)}
	p.pending.put(b, now)
	p.counts[begun].Add(1)
	return c.AuthCodeURL(b.state, oidc.Nonce(b.nonce), oauth2.S256ChallengeOption(b.verifier)), nil
}

// Finish is the verified mail address of who comes back to a browser with an answer of the
// provider. Each answer counts once. allow is asked before the provider is, and its error
// returned as it is; others are of type [Error].
func (p *Provider) Finish(ctx context.Context, browser string, answer url.Values, allow func() error) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, signInFor)
	defer cancel()
	address, err := p.finish(oidc.ClientContext(ctx, p.client), browser, answer, allow)
	what := refused
	if e, ok := errors.AsType[*Error](err); err == nil {
		what = done
	} else if ok && (e.Reason == Away || e.Reason == Busy) {
		what = failed
	}
	p.counts[what].Add(1)
	return address, err
}

const mostCode = 4096 // bytes

func (p *Provider) finish(ctx context.Context, browser string, answer url.Values, allow func() error) (string, error) {
	b, ok := p.pending.take(answer.Get("state"), browser, p.now())
	if !ok {
		return "", because(Stale, "the state is not one of this browser, was used, or is too old")
	}
	for name, values := range answer {
		if len(values) != 1 { // RFC 6749 §3.1
			return "", because(Unproven, "the answer has %.20q more than once", name)
		}
	}
	if err := allow(); err != nil {
		return "", err
	}
	f, err := p.find(ctx)
	if err != nil {
		return "", because(Away, "%w", err)
	}
	// Whose answer it is counts before what it says (RFC 9207 §2.4).
	if issuer := answer.Get("iss"); issuer != p.config.Issuer && (issuer != "" || f.names) {
		return "", because(Unproven, "the answer is of %.100q, and not of %s", issuer, p.config.Issuer)
	}
	if said := answer.Get("error"); said != "" {
		return "", because(Declined, "the provider says %w", cut(fmt.Errorf("%q: %q", said, answer.Get("error_description"))))
	}
	code := answer.Get("code")
	if code == "" || len(code) > mostCode {
		return "", because(Unproven, "the answer has no code, or one of %d bytes", len(code))
	}
	select {
	case p.busy <- struct{}{}:
		defer func() { <-p.busy }()
	default:
		return "", because(Busy, "%d are verified just now", mostAtOnce)
	}
	token, raw, err := p.exchange(ctx, f, code, b.verifier)
	if err != nil {
		return "", err
	}
	return p.verify(ctx, f, token, raw, b.nonce)
}

// exchange gives the code for tokens.
func (p *Provider) exchange(ctx context.Context, f *found, code, verifier string) (*oauth2.Token, string, error) {
	c, err := p.oauth(f)
	if err != nil {
		return nil, "", because(Away, "%w", err)
	}
	token, err := c.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		reason := Away
		if e, ok := errors.AsType[*oauth2.RetrieveError](err); ok && e.ErrorCode == "invalid_grant" {
			reason = Unproven // of a code that it does not know, or for another verifier
		}
		err = fmt.Errorf("giving %s the code: %w", p.config.Issuer, cut(err))
		if reason == Away {
			p.note(err)
		}
		return nil, "", &Error{reason, err}
	}
	p.note(nil)
	raw, ok := token.Extra("id_token").(string)
	if !ok || raw == "" {
		return nil, "", because(Unproven, "%s gives no ID token", p.config.Issuer)
	}
	return token, raw, nil
}

// verify is the address in tokens that are of this provider, for us, of now, and for who
// began (Core 1.0 §3.1.3.7).
func (p *Provider) verify(ctx context.Context, f *found, token *oauth2.Token, raw, nonce string) (string, error) {
	id, err := f.verifier.Verify(ctx, raw)
	if err != nil {
		reason := Unproven
		if err = fmt.Errorf("verifying the ID token: %w", cut(err)); strings.Contains(err.Error(), "fetching keys") { // the library has no other name for it
			reason = Away
			p.note(err)
		}
		return "", &Error{reason, err}
	}
	if len(id.Nonce) != len(nonce) || subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(nonce)) != 1 {
		return "", because(Unproven, "the ID token is for another sign-in: its nonce is not ours")
	}
	if id.AccessTokenHash != "" {
		if err := id.VerifyAccessToken(token.AccessToken); err != nil {
			return "", because(Unproven, "verifying the access token: %w", cut(err))
		}
	}
	said, err := claimsOf(id.Claims)
	if err != nil {
		return "", because(Unproven, "reading the ID token: %w", cut(err))
	}
	if id.Subject == "" {
		return "", because(Unproven, "the ID token is nobody's")
	}
	if said.party != "" && said.party != p.config.Client || said.party == "" && len(id.Audience) > 1 {
		return "", because(Unproven, "the ID token was given to %.100q, and not to us alone", said.party)
	}
	if said.verified == nil && f.UserInfoEndpoint() != "" { // where it did not say it in the ID token
		info, err := f.UserInfo(ctx, oauth2.StaticTokenSource(token))
		if err != nil {
			return "", because(Away, "asking %s for the address: %w", p.config.Issuer, cut(err))
		}
		if info.Subject != id.Subject {
			return "", because(Unproven, "the address is of another person than the ID token")
		}
		if said, err = claimsOf(info.Claims); err != nil {
			return "", because(Unproven, "reading the address: %w", cut(err))
		}
	}
	return said.address(p.config.TrustEmail)
}
