package openid

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"busbar/bus/notify/dest/outside"
	"busbar/common/condition"
	"busbar/common/runes"
	"busbar/common/show"
)

const (
	requestFor = 8 * time.Second  // one request
	signInFor  = 15 * time.Second // all that one person waits for: the pages answer within 20 s
	foundFor   = time.Hour        // then the provider is asked again what it is, and for its keys
	pause      = 5 * time.Second  // after it could not be found
	mostAtOnce = 16               // who are verified at the same time
	mostError  = 300              // bytes that are kept of what it says
)

// A Provider is where people sign in. It may be used by several goroutines.
type Provider struct {
	config   Config
	back     string
	requests *outside.Client
	client   *http.Client
	pending  pending
	busy     chan struct{} // holds one for each who is verified
	counts   map[string]*atomic.Int64
	now      func() time.Time

	turn   chan struct{} // holds one while it is looked for
	mu     sync.Mutex
	found  *found // nil: not yet
	failed time.Time
	err    error     // of the last request; nil: it answers
	since  time.Time // of err
}

// found is what a provider says of itself.
type found struct {
	*oidc.Provider
	verifier *oidc.IDTokenVerifier
	endpoint oauth2.Endpoint
	names    bool // it names itself where it sends a browser back (RFC 9207)
	at       time.Time
}

// Name is what people know it as.
func (p *Provider) Name() string {
	if p.config.Name != "" {
		return p.config.Name
	}
	u, err := url.Parse(p.config.Issuer)
	if err != nil {
		return p.config.Issuer
	}
	return u.Host
}

// Close ends its connections.
func (p *Provider) Close() error { return p.requests.Close() }

// Look says whether it is there, and what it should be.
func (p *Provider) Look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, requestFor)
	defer cancel()
	_, err := p.find(ctx)
	return err
}

// find is what the provider says of itself, asked of it where that is not known, or old. It
// is asked by one at a time, and not again right after it failed.
func (p *Provider) find(ctx context.Context) (*found, error) {
	if f, err := p.known(); f != nil || err != nil {
		return f, err
	}
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if f, err := p.known(); f != nil || err != nil { // another asked meanwhile
		return f, err
	}
	f, err := p.ask(ctx)
	if err != nil && errors.Is(ctx.Err(), context.Canceled) {
		return nil, err // who asked went away, which says nothing of it
	}
	p.note(err)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		p.found, p.failed = f, time.Time{}
		return f, nil
	}
	p.failed = p.now()
	if p.found != nil {
		return p.found, nil // as it was, it may still do
	}
	return nil, err
}

func (p *Provider) known() (*found, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	resting := now.Sub(p.failed) < pause
	switch {
	case p.found != nil && (resting || now.Sub(p.found.at) < foundFor):
		return p.found, nil
	case resting:
		return nil, p.err
	}
	return nil, nil
}

// ask asks the provider what it is (Discovery 1.0).
func (p *Provider) ask(ctx context.Context) (*found, error) {
	at := p.now()
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, p.client), p.config.Issuer)
	var more struct {
		Keys    string   `json:"jwks_uri"`
		Methods []string `json:"token_endpoint_auth_methods_supported"`
		Names   bool     `json:"authorization_response_iss_parameter_supported"`
	}
	if err == nil {
		err = provider.Claims(&more)
	}
	if err != nil {
		return nil, fmt.Errorf("asking %s what it is: %w", p.config.Issuer, cut(err))
	}
	f := &found{Provider: provider, verifier: provider.Verifier(&oidc.Config{ClientID: p.config.Client, Now: p.now}), endpoint: provider.Endpoint(), names: more.Names, at: at}
	for name, address := range map[string]string{"authorization_endpoint": f.endpoint.AuthURL, "token_endpoint": f.endpoint.TokenURL, "jwks_uri": more.Keys, "userinfo_endpoint": provider.UserInfoEndpoint()} {
		u, err := url.Parse(address)
		if (err != nil || !safe(u)) && (address != "" || name != "userinfo_endpoint") {
			return nil, fmt.Errorf("asking %s what it is: its %s %.100q is no address of https", p.config.Issuer, name, address)
		}
	}
	// Never both ways, as the library would try: a code is good for one try.
	f.endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if p.config.SecretFile == "" || len(more.Methods) > 0 && !slices.Contains(more.Methods, "client_secret_basic") {
		f.endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return f, nil
}

// note keeps whether the provider answers.
func (p *Provider) note(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil && p.err == nil {
		p.since = p.now()
	}
	p.err = err
}

// Conditions is that it does not answer as it should: people can then sign in by mailed
// links alone.
func (p *Provider) Conditions() []condition.Condition {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		return nil
	}
	return []condition.Condition{{Name: "sign-in", Level: condition.Warn, Since: p.since, Text: p.err.Error(), Hint: "people can sign in by mailed links; see [notify.self.openid]"}}
}

// What is counted of those who sign in here.
const (
	begun   = "begun"
	done    = "done"
	refused = "refused"
	failed  = "failed"
)

// Counts are those who began, who were signed in, who were refused, and with whom it
// failed, since the start.
func (p *Provider) Counts() map[string]int64 {
	all := map[string]int64{}
	for what, n := range p.counts {
		all[what] = n.Load()
	}
	return all
}

// cut is an error of which others may have written the text.
func cut(err error) error {
	text, short := runes.Cut(show.OneLine(err.Error()), mostError)
	if short {
		text += "…"
	}
	return &saying{cmp.Or(text, "an error without a text"), err}
}

type saying struct {
	text string
	err  error
}

func (s *saying) Error() string { return s.text }
func (s *saying) Unwrap() error { return s.err }
