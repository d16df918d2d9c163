// Package openid signs people in at a provider of OpenID Connect (Core 1.0): by an
// authorization code with PKCE (RFC 7636), a state that one browser can show once, and a
// nonce. What comes of it is a mail address that the provider has verified.
//
// A provider that is away harms nothing: it is looked for when somebody wants to sign in.
// What it answers is bounded in time and size.
//
// Not here: cookies and pages (bus/notify/pages), and who a person is (bus/notify/self).
package openid

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"busbar/bus/notify/dest/outside"
	"busbar/common/secret"
)

// Config is the [notify.self.openid] table.
type Config struct {
	Issuer     string `toml:"issuer" doc:"The provider of OpenID Connect at which people may sign in, too, exactly as it names itself, such as https://salsa.debian.org. It says whose address is whose: set one that you trust with that. Empty: none."`
	Name       string `toml:"name" doc:"What the button calls it, such as Salsa. Empty: its host."`
	Client     string `toml:"client" doc:"The id of the client that the provider has for Busbar; the client's redirect address is public with /me/openid/back behind it."`
	SecretFile string `toml:"secret_file" doc:"File whose first line is the client's secret; it is read again whenever it is needed. Empty: the client is a public one, without a secret."`
	TrustEmail bool   `toml:"trust_email" doc:"Believe an address also where the provider does not say whether it is verified (no email_verified). Not for a provider at which people can write any address. What it says is not verified is never believed."`
}

const mostName = 40 // characters on a button

// Configured says that there is a provider.
func (c Config) Configured() bool { return c.Issuer != "" }

// Secrets are the files that must be kept from others.
func (c Config) Secrets() []string {
	if c.SecretFile == "" {
		return nil
	}
	return []string{c.SecretFile}
}

// Check says what cannot work, and asks nobody.
func (c Config) Check() error {
	if !c.Configured() {
		if c != (Config{}) {
			return errors.New("checking [notify.self.openid]: issuer is not set, and there is no provider without it")
		}
		return nil
	}
	u, err := url.Parse(c.Issuer)
	if err != nil || !safe(u) || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.ForceQuery {
		return fmt.Errorf("checking [notify.self.openid] issuer: %q is no address such as https://salsa.debian.org, without ? and # (http is for this machine alone)", c.Issuer)
	}
	if strings.Contains(c.Issuer, "/.well-known/") {
		return errors.New("checking [notify.self.openid] issuer: it is what stands before /.well-known/openid-configuration")
	}
	if c.Client == "" || strings.ContainsFunc(c.Client, unicode.IsControl) {
		return errors.New("checking [notify.self.openid] client: it is the id that the provider gave to the client, and is not set")
	}
	if len([]rune(c.Name)) > mostName || strings.ContainsFunc(c.Name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return fmt.Errorf("checking [notify.self.openid] name: it has %d characters at most, on one line", mostName)
	}
	return nil
}

// safe says whether nobody else can read what is said at an address: it is of https, or of
// this machine.
func safe(u *url.URL) bool {
	if u.Scheme == "https" {
		return u.Hostname() != ""
	}
	a, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "http" && err == nil && a.IsLoopback()
}

func (c Config) secret() (secret.Text, error) {
	if c.SecretFile == "" {
		return secret.Text{}, nil
	}
	text, err := secret.FirstLine(c.SecretFile)
	if err == nil && text.Empty() {
		err = errors.New("its first line is empty")
	}
	if err != nil {
		return secret.Text{}, fmt.Errorf("reading [notify.self.openid] secret_file: %w", err)
	}
	return text, nil
}

// Back is where the provider sends a browser back to, below an address of ours.
const Back = "/me/openid/back"

// Open makes a provider, and asks it nothing yet. public is where others reach our pages.
func (c Config) Open(o outside.Config, public string) (*Provider, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if _, err := c.secret(); err != nil {
		return nil, err
	}
	client, err := o.Open()
	if err != nil {
		return nil, err
	}
	p := &Provider{config: c, back: strings.TrimSuffix(public, "/") + Back, requests: client, turn: make(chan struct{}, 1), busy: make(chan struct{}, mostAtOnce), now: time.Now, counts: map[string]*atomic.Int64{}}
	for _, what := range []string{begun, done, refused, failed} {
		p.counts[what] = &atomic.Int64{}
	}
	p.client = &http.Client{Transport: bounded{client.RoundTripper()}, Timeout: requestFor, CheckRedirect: func(*http.Request, []*http.Request) error {
		return errors.New("it leads elsewhere, and the client's secret is for the provider alone")
	}}
	return p, nil
}
