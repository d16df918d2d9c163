package pages

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"busbar/bus/notify/dest/outside"
	"busbar/bus/notify/openid"
	"busbar/bus/notify/openid/openidtest"
	"busbar/bus/notify/self"
)

// withProvider is a desk whose people can sign in at a provider, too.
func withProvider(t *testing.T, l self.Limits) (*desk, *openidtest.Provider) {
	t.Helper()
	at := openidtest.New(t)
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(openidtest.Secret), 0o600); err != nil {
		t.Fatal(err)
	}
	return newDesk(t, l, func(o *Options) {
		var err error
		if o.OpenID, err = (openid.Config{Issuer: at.URL, Name: "Salsa", Client: openidtest.Client, SecretFile: file}).Open(outside.Config{}, o.Public); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { o.OpenID.Close() })
	}), at
}

// out presses the button, and gives where the page leads.
func (b *browser) out() string {
	b.t.Helper()
	b.get("/me/").wants(200, "Sign in with Salsa", "Mail me a link")
	b.post("/me/openid", url.Values{}).wants(200, "On to Salsa")
	to, ok := strings.CutPrefix(b.head.Get("Refresh"), "0; url=")
	if !ok {
		b.t.Fatalf("the page leads nowhere: %v", b.head)
	}
	return to
}

// answer is where the provider sends the browser back to.
func (b *browser) answer(to string) string {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, to, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		b.t.Fatal(err)
	}
	resp.Body.Close()
	back, ok := strings.CutPrefix(resp.Header.Get("Location"), b.URL)
	if !ok || !strings.HasPrefix(back, openid.Back+"?") {
		b.t.Fatalf("the provider leads to %s", resp.Header.Get("Location"))
	}
	return back
}

// TestOpenID: who signs in at the provider is the person whom a mailed link makes of the
// same address.
func TestOpenID(t *testing.T) {
	d, at := withProvider(t, self.DefaultLimits())
	d.signedIn("jane@example.org").post("/me/package", url.Values{"package": {"hello"}}).wants(200, "You are subscribed")
	at.Set(func() { at.Person["email"] = "Jane@Example.org" })
	b := d.browser()
	b.get(b.answer(b.out())).wants(200, "What you are told", "jane@example.org", ">hello<")
	for _, c := range b.Jar.Cookies(mustParse(t, b.URL+"/me/")) {
		if c.Name != "busbar" {
			t.Errorf("the cookie %s stays", c.Name)
		}
	}
	if b.post("/me/sign-out", url.Values{}); !strings.Contains(b.text, "You are signed out") {
		t.Error(b.text)
	}
	one, two := b.out(), b.out() // in two tabs
	b.get(b.answer(one)).wants(200, "What you are told")
	b.post("/me/sign-out", url.Values{})
	b.get(b.answer(two)).wants(403, "begun in another browser")
	var people int
	if err := d.out.DB().QueryRowContext(t.Context(), "SELECT count(*) FROM self_people").Scan(&people); err != nil || people != 1 {
		t.Errorf("there are %d people, %v", people, err)
	}
}

var script = regexp.MustCompile(`(?i)<script|javascript:|\son\w+=`)

// TestOpenIDRefused: nobody is signed in by another browser's answer, twice, by a form of
// another site, or as who has no place; and the first page says why, with the mailed link
// beside it.
func TestOpenIDRefused(t *testing.T) {
	l := self.DefaultLimits()
	l.People = 1
	d, at := withProvider(t, l)
	b, other := d.browser(), d.browser()
	answer := b.answer(b.out())
	b.do(http.MethodHead, answer, nil, nil) // a program that looks at links
	other.get(answer).wants(403, "begun in another browser", "Mail me a link")
	other.out()
	other.get(answer).wants(403, "begun in another browser")
	b.get(answer).wants(200, "What you are told")
	b.get(answer).wants(403, "begun in another browser", "Sign out") // and stays who they are
	for _, evil := range []string{"?state=%3Cscript%3E", "?code=x&state=y", "", "?error=%3Cscript%3Ealert(1)%3C/script%3E&state=" + strings.Repeat("A", 9000)} {
		d.browser().get(openid.Back+evil).wants(403, "Begin again")
	}
	b = d.browser()
	b.get("/me/").do(http.MethodPost, "/me/openid", url.Values{}, nil).wants(403) // no form of ours
	b.get("/me/")
	form := url.Values{"form": {hidden.FindStringSubmatch(b.text)[1]}}
	if b.do(http.MethodPost, "/me/openid", form, http.Header{"Sec-Fetch-Site": {"cross-site"}}); b.code != 403 {
		t.Errorf("a form of another site: %d", b.code)
	}
	if b.get("/me/openid"); b.code != http.StatusMethodNotAllowed && b.code != http.StatusNotFound {
		t.Errorf("a GET begins: %d", b.code)
	}
	for _, more := range []string{"&next=https://evil.example.org/", "&redirect_uri=https://evil.example.org/", "&return_to=//evil.example.org"} {
		b.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		b.get(b.answer(b.out()) + more)
		if to := b.head.Get("Location"); b.code != http.StatusSeeOther || to != "/me/" {
			t.Errorf("%s leads to %d %q", more, b.code, to)
		}
		b = d.browser()
	}
	at.Set(func() { at.Person["email"] = "bob@example.org" })
	b.get(b.answer(b.out())).wants(422, "1 people already")
	at.Set(func() { at.Person["email"] = `"bob"@example.org` })
	b.get(b.answer(b.out())).wants(422, "no mail address")
	at.Set(func() { at.Person["email"] = "<script>@example.org" })
	if b.get(b.answer(b.out())); b.code != 422 || script.MatchString(b.text) {
		t.Errorf("%d: %s", b.code, b.text)
	}
	at.Set(func() { at.Person["email_verified"] = false })
	b.get(b.answer(b.out())).wants(403, "does not say that your mail address is verified", "Mail me a link")
	b.get(b.answer(b.out())+"&error=access_denied").wants(403, "not wanted")
	if strings.Contains(b.head.Get("Content-Security-Policy"), "script-src") || script.MatchString(b.text) {
		t.Errorf("%v: %s", b.head, b.text)
	}
	at.Close()
	b.get(b.answer0(b.out())).wants(503, "Salsa does not answer", "Mail me a link")
}

// answer0 is an answer that somebody made up.
func (b *browser) answer0(to string) string {
	u := mustParse(b.t, to)
	return openid.Back + "?" + url.Values{"code": {"x"}, "iss": {u.Scheme + "://" + u.Host}, "state": {u.Query().Get("state")}}.Encode()
}

// TestOpenIDAway: a provider that is not there leaves the mailed link.
func TestOpenIDAway(t *testing.T) {
	d, at := withProvider(t, self.DefaultLimits())
	at.Close()
	b := d.browser()
	b.get("/me/").post("/me/openid", url.Values{}).wants(503, "Salsa does not answer", "Mail me a link")
	d.signedIn("jane@example.org")
	if newDesk(t, self.DefaultLimits()).browser().get(openid.Back).code != 404 {
		t.Error("there is something at the address where no provider is configured")
	}
}

// TestOpenIDTooOften: one peer can have the provider asked so often and no more.
func TestOpenIDTooOften(t *testing.T) {
	d, at := withProvider(t, self.DefaultLimits())
	b := d.browser()
	b.peer = "192.0.2.7"
	for range finishesOfPeer + 2 {
		b.get(b.answer0(b.out()))
	}
	if b.wants(422, "Try again in an hour"); at.Times("/token") != finishesOfPeer {
		t.Errorf("the provider was asked %d times", at.Times("/token"))
	}
	b.peer = "192.0.2.8"
	b.get(b.answer(b.out())).wants(200, "What you are told")
}
