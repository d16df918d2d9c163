package openid

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"busbar/bus/notify/dest/outside"
	"busbar/bus/notify/openid/openidtest"
)

const ours = "https://notify.example.org"

func secretFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func open(t *testing.T, at *openidtest.Provider, change func(*Config)) *Provider {
	t.Helper()
	c := Config{Issuer: at.URL, Client: openidtest.Client, SecretFile: secretFile(t, openidtest.Secret)}
	if change != nil {
		change(&c)
	}
	p, err := c.Open(outside.Config{}, ours)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// answered is what the provider sends a browser back with.
func answered(t *testing.T, p *Provider, browser string) url.Values {
	t.Helper()
	to, err := p.Begin(t.Context(), browser, "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	return follow(t, to)
}

func follow(t *testing.T, to string) url.Values {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, to, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	back, err := resp.Location()
	if err != nil || back.Scheme+"://"+back.Host+back.Path != ours+Back {
		t.Fatalf("it leads to %v, %v", back, err)
	}
	return back.Query()
}

func always() error { return nil }

func signIn(t *testing.T, p *Provider) (string, error) {
	t.Helper()
	return p.Finish(t.Context(), "mine", answered(t, p, "mine"), always)
}

// TestSignIn: who signs in at the provider is whom it says, by each way in which a client
// and a provider can be set up.
func TestSignIn(t *testing.T) {
	yes := true
	for name, set := range map[string]struct {
		provider func(*openidtest.Provider)
		config   func(*Config)
		want     string
	}{
		"as it should be": {want: "jane@example.org"},
		"in the header": {provider: func(p *openidtest.Provider) {
			p.Document = func(d openidtest.Claims) {
				d["token_endpoint_auth_methods_supported"] = []string{"client_secret_post", "client_secret_basic"}
			}
		}, want: "jane@example.org"},
		"public":           {provider: func(p *openidtest.Provider) { p.Public = true }, config: func(c *Config) { c.SecretFile = "" }, want: "jane@example.org"},
		"verified as text": {provider: func(p *openidtest.Provider) { p.Person["email_verified"] = "true" }, want: "jane@example.org"},
		"by userinfo": {provider: func(p *openidtest.Provider) {
			p.Person = openidtest.Claims{"sub": "4711"}
			p.UserInfo = func() openidtest.Claims {
				return openidtest.Claims{"sub": "4711", "email": "jane@example.org", "email_verified": &yes}
			}
		}, want: "jane@example.org"},
		"both from userinfo": {provider: func(p *openidtest.Provider) {
			p.Person = openidtest.Claims{"sub": "4711", "email": "other@example.org"}
			p.UserInfo = func() openidtest.Claims {
				return openidtest.Claims{"sub": "4711", "email": "jane@example.org", "email_verified": &yes}
			}
		}, want: "jane@example.org"},
		"trusted": {provider: func(p *openidtest.Provider) { delete(p.Person, "email_verified") }, config: func(c *Config) { c.TrustEmail = true }, want: "jane@example.org"},
		"several audiences": {provider: func(p *openidtest.Provider) {
			p.ID = func(c openidtest.Claims) {
				c["aud"], c["azp"] = []string{"other", openidtest.Client}, openidtest.Client
			}
		}, want: "jane@example.org"},
	} {
		t.Run(name, func(t *testing.T) {
			at := openidtest.New(t)
			if set.provider != nil {
				set.provider(at)
			}
			p := open(t, at, set.config)
			if who, err := signIn(t, p); err != nil || who != set.want {
				t.Fatalf("%q, %v", who, err)
			}
			if n := p.Counts(); n[begun] != 1 || n[done] != 1 || p.Conditions() != nil {
				t.Errorf("%v, %v", n, p.Conditions())
			}
		})
	}
}

// TestKeys: keys that the provider changes are asked for again, and known ones are not.
func TestKeys(t *testing.T) {
	at := openidtest.New(t)
	p := open(t, at, nil)
	for range 3 {
		if _, err := signIn(t, p); err != nil {
			t.Fatal(err)
		}
	}
	at.Rotate(t)
	for range 2 {
		if _, err := signIn(t, p); err != nil {
			t.Fatal(err)
		}
	}
	if keys, found := at.Times("/keys"), at.Times("/.well-known/openid-configuration"); keys != 2 || found != 1 {
		t.Errorf("the keys were asked for %d times, and the provider %d times", keys, found)
	}
	p.now = func() time.Time { return time.Now().Add(foundFor + time.Second) } // tokens live for 5 minutes
	if _, err := p.Begin(t.Context(), "mine", ""); err != nil || at.Times("/.well-known/openid-configuration") != 2 {
		t.Errorf("after an hour it was not asked again: %v", err)
	}
}

// TestAway: a provider that is not there, or is another, stops nothing, says why, and is
// asked again after a pause.
func TestAway(t *testing.T) {
	at := openidtest.New(t)
	p := open(t, at, nil)
	clock := time.Now()
	p.now = func() time.Time { return clock }
	const where = "/.well-known/openid-configuration"
	answers := func(code int, body string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code); _, _ = w.Write([]byte(body)) }
	}
	for _, one := range []struct {
		answer func(http.ResponseWriter, *http.Request)
		says   string
	}{
		{answers(503, "<h1>\x1b[31mmaintenance"+strings.Repeat("x", 5000)), "503"},
		{answers(200, "hello"), "Content-Type"},
		{answers(200, `{"issuer": "https://evil.example.org"}`), "did not match"},
		{answers(200, `{"issuer": "`+at.URL+`/"}`), "did not match"},
		{answers(200, `{"issuer": "`+at.URL+`"}`), "is no address of https"},
		{answers(200, `{"issuer": "`+at.URL+`", "authorization_endpoint": "javascript:alert(1)", "token_endpoint": "https://a.example/", "jwks_uri": "https://a.example/"}`), `authorization_endpoint "javascript:alert(1)" is no address`},
		{answers(200, `{"issuer": "`+at.URL+`", "authorization_endpoint": "https://a.example/", "token_endpoint": "http://a.example/", "jwks_uri": "https://a.example/"}`), "token_endpoint"},
		{func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "https://evil.example.org/", 302) }, "leads elsewhere"},
		{func(w http.ResponseWriter, _ *http.Request) {
			for range 100 { // 100 MB
				if _, err := w.Write(make([]byte, 1e6)); err != nil {
					return
				}
			}
		}, "more than"},
	} {
		at.Set(func() { at.Override[where] = one.answer })
		_, err := p.Begin(t.Context(), "mine", "")
		if err == nil || ReasonOf(err) != Away || !strings.Contains(err.Error(), one.says) || len(err.Error()) > 600 || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%s: %v", one.says, err)
		}
		before := at.Times(where)
		if _, again := p.Begin(t.Context(), "mine", ""); again == nil || again.Error() != err.Error() || at.Times(where) != before {
			t.Errorf("%s: it is asked again at once: %v", one.says, again)
		}
		if c := p.Conditions(); len(c) != 1 || c[0].Text == "" {
			t.Errorf("%s: %v", one.says, c)
		}
		clock = clock.Add(pause + time.Second)
	}
	at.Set(func() { delete(at.Override, where) })
	if err := p.Look(t.Context()); err != nil || p.Conditions() != nil {
		t.Errorf("it is there again: %v, %v", err, p.Conditions())
	}
	at.Close()
	clock = clock.Add(2 * foundFor)
	if _, err := p.Begin(t.Context(), "mine", ""); err != nil { // as it was; it may be back before its answer is needed
		t.Error(err)
	}
	if len(p.Conditions()) != 1 {
		t.Error("nothing is said of it")
	}
}

// hang answers nothing until who asks goes away.
func hang(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // before that, nobody sees that they went
	<-r.Context().Done()
}

// TestHangs: no request to the provider outlives its time, and nobody is kept waiting by
// who went away.
func TestHangs(t *testing.T) {
	for _, path := range []string{"/.well-known/openid-configuration", "/token", "/keys", "/userinfo"} {
		t.Run(path, func(t *testing.T) {
			at := openidtest.New(t)
			at.UserInfo = func() openidtest.Claims { return nil }
			delete(at.Person, "email_verified")
			p := open(t, at, nil)
			p.client.Timeout = 50 * time.Millisecond
			at.Set(func() { at.Override[path] = hang })
			to, err := p.Begin(t.Context(), "mine", "")
			if err == nil {
				_, err = p.Finish(t.Context(), "mine", follow(t, to), always)
			}
			if err == nil || ReasonOf(err) != Away {
				t.Errorf("%v", err)
			}
		})
	}
	if requestFor > signInFor || signInFor > 20*time.Second {
		t.Error("the pages answer before a person is signed in")
	}
}

// TestWentAway: who goes away while the provider is looked for says nothing of it.
func TestWentAway(t *testing.T) {
	at := openidtest.New(t)
	p := open(t, at, nil)
	ctx, cancel := context.WithCancel(t.Context())
	at.Set(func() {
		at.Override["/.well-known/openid-configuration"] = func(w http.ResponseWriter, r *http.Request) { cancel(); hang(w, r) }
	})
	if _, err := p.Begin(ctx, "mine", ""); !errors.Is(err, context.Canceled) || p.Conditions() != nil {
		t.Fatalf("%v, %v", err, p.Conditions())
	}
	at.Set(func() { clear(at.Override) })
	if _, err := signIn(t, p); err != nil {
		t.Error(err)
	}
}

// TestConfig: mistakes are said with their key.
func TestConfig(t *testing.T) {
	good := Config{Issuer: "https://salsa.example.org", Client: "busbar"}
	for name, set := range map[string]struct {
		change func(*Config)
		says   string
	}{
		"good":          {func(*Config) {}, ""},
		"with a path":   {func(c *Config) { c.Issuer = "https://sso.example.org/realms/staff" }, ""},
		"with a slash":  {func(c *Config) { c.Issuer += "/" }, ""},
		"this machine":  {func(c *Config) { c.Issuer = "http://127.0.0.1:5556/dex" }, ""},
		"none":          {func(c *Config) { *c = Config{} }, ""},
		"no issuer":     {func(c *Config) { c.Issuer = "" }, "issuer is not set"},
		"no client":     {func(c *Config) { c.Client = "" }, "openid] client"},
		"without TLS":   {func(c *Config) { c.Issuer = "http://salsa.example.org" }, "openid] issuer"},
		"no address":    {func(c *Config) { c.Issuer = "salsa.example.org" }, "openid] issuer"},
		"with a user":   {func(c *Config) { c.Issuer = "https://x:y@salsa.example.org" }, "openid] issuer"},
		"with a query":  {func(c *Config) { c.Issuer += "/?x" }, "openid] issuer"},
		"the document":  {func(c *Config) { c.Issuer += "/.well-known/openid-configuration" }, "stands before /.well-known/"},
		"no file":       {func(c *Config) { c.SecretFile = "/nonexistent/secret" }, "openid] secret_file"},
		"empty":         {func(c *Config) { c.SecretFile = secretFile(t, "") }, "its first line is empty"},
		"of many lines": {func(c *Config) { c.Name = "Salsa\nx" }, "openid] name"},
		"too long":      {func(c *Config) { c.Name = strings.Repeat("x", 41) }, "openid] name"},
	} {
		c := good
		set.change(&c)
		err := c.Check()
		if err == nil && c.Configured() {
			_, err = c.Open(outside.Config{}, ours)
		}
		if (err == nil) != (set.says == "") || err != nil && !strings.Contains(err.Error(), set.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	p, err := good.Open(outside.Config{}, ours)
	if err != nil || p.Name() != "salsa.example.org" {
		t.Errorf("%v, %v", p, err)
	}
}
