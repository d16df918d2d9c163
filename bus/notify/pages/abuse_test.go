package pages

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"busbar/bus/notify/self"
)

// TestLinks: a link is used up by a POST alone, once, within its time; none can be guessed.
func TestLinks(t *testing.T) {
	d := newDesk(t, self.DefaultLimits())
	b := d.browser()
	path := b.link("jane@example.org")
	for range 3 { // a program that looks at links
		d.browser().get(path).wants(200, "jane@example.org")
		d.browser().do(http.MethodHead, path, nil, nil)
	}
	if b.get("/me/"); strings.Contains(b.text, "Sign out") {
		t.Fatal("a GET signs in")
	}
	token := strings.TrimPrefix(path, "/me/enter/")
	flipped := "b"
	if token[0] == 'b' {
		flipped = "c"
	}
	var session string
	if err := d.store.Do(t.Context(), func(tx *self.Tx) (err error) {
		session, err = tx.NewToken(self.Session, "jane@example.org", "")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for _, guess := range []string{flipped + token[1:], token[:len(token)-1], token + "a", session, strings.Repeat("a", 48), "..%2f..%2f", strings.Repeat("x", 4000)} {
		b.get("/me/enter/" + guess)
		if b.code != http.StatusNotFound {
			t.Errorf("GET of %.50s: %d", guess, b.code)
		}
		if b.get("/me/").post("/me/enter/"+guess, url.Values{}); b.code != http.StatusNotFound {
			t.Errorf("POST of %.50s: %d", guess, b.code)
		}
	}
	b.get(path).post(path, url.Values{}).wants(200, "What you are told")
	for _, other := range []*browser{b, d.browser()} { // once
		other.get(path).wants(404, "was used")
		other.get("/me/").post(path, url.Values{}).wants(404, "was used")
	}
}

// TestForms: a form does nothing that is not of a page that this browser got, nor one of
// another person's, nor after signing out.
func TestForms(t *testing.T) {
	d := newDesk(t, self.DefaultLimits())
	b, other := d.signedIn("jane@example.org"), d.signedIn("mallory@example.org")
	form := url.Values{"package": {"hello"}}
	b.do(http.MethodPost, "/me/package", form, http.Header{"Sec-Fetch-Site": {"same-origin"}}).wants(403)
	form.Set("form", hidden.FindStringSubmatch(other.get("/me/").text)[1])
	b.do(http.MethodPost, "/me/package", form, http.Header{"Sec-Fetch-Site": {"same-origin"}}).wants(403)
	form.Set("form", hidden.FindStringSubmatch(b.get("/me/").text)[1])
	b.do(http.MethodPost, "/me/package", form, http.Header{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example.org"}})
	if b.code != http.StatusForbidden {
		t.Errorf("a form of another site: %d", b.code)
	}
	b.do(http.MethodPost, "/me/package", form, nil).wants(200, "You are subscribed")
	b.get("/me/rule/new").post("/me/rule", url.Values{"name": {"hers"}, "filter": {"package:x"}}).wants(200)
	for _, path := range []string{"/me/rule/1", "/me/rule/1/preview"} {
		other.get(path).wants(422, "no such rule")
	}
	for _, path := range []string{"/me/rule/1/remove", "/me/rule/1/on", "/me/rule/1/nonsense"} {
		other.get("/me/").post(path, url.Values{}).wants(422, "no such rule")
	}
	other.get("/me/rule/new").post("/me/rule", url.Values{"id": {"1"}, "name": {"mine"}, "filter": {"package:x"}}).wants(422)
	cookies := b.Jar.Cookies(mustParse(t, b.URL+"/me/"))
	b.get("/me/settings").post("/me/sign-out", url.Values{}).wants(200, "You are signed out")
	again := d.browser()
	again.Jar.SetCookies(mustParse(t, b.URL+"/me/"), cookies)
	again.get("/me/").wants(200, "Mail me a link")
	again.post("/me/pause", url.Values{}).wants(403)
	d.browser().get("/me/history").wants(200, "Mail me a link")
}

func mustParse(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// TestAskedTooOften: links are mailed to one address and for one peer so often and no more,
// and nobody learns from it who is known.
func TestAskedTooOften(t *testing.T) {
	d := newDesk(t, self.DefaultLimits())
	d.signedIn("jane@example.org")
	d.mailed()
	pages, mails := map[string]string{}, map[string]int{}
	for i := range 10 {
		for _, who := range []string{"jane@example.org", "stranger@example.org"} {
			b := d.browser()
			b.peer = fmt.Sprintf("198.51.100.%d", i)
			b.get("/me/").post("/me/sign-in", url.Values{"address": {who}})
			text := strings.ReplaceAll(hidden.ReplaceAllString(b.text, ""), who, "WHO")
			if pages[who] != "" && pages[who] != text || b.code != 200 {
				t.Errorf("try %d for %s: %d, another page", i, who, b.code)
			}
			pages[who] = text
		}
	}
	if pages["jane@example.org"] != pages["stranger@example.org"] {
		t.Error("the page is another for who is known")
	}
	for _, n := range d.mailed() {
		mails[n.To]++
	}
	if mails["jane@example.org"] != 2 || mails["stranger@example.org"] != 3 { // she has had one
		t.Errorf("mails: %v", mails)
	}
	b := d.browser()
	b.peer = "2001:db8:1:2::1"
	for i := range 25 {
		b.peer = fmt.Sprintf("2001:db8:1:2::%d", i) // one network
		b.get("/me/").post("/me/sign-in", url.Values{"address": {fmt.Sprintf("v%d@example.org", i)}})
	}
	if b.code != http.StatusTooManyRequests || len(d.mailed()) != linksToPeer {
		t.Errorf("one peer asks for many: %d", b.code)
	}
}

// TestHostileTexts: what a person or a stranger writes stays text, in all pages; the pages
// run no script and are in nobody's frame.
func TestHostileTexts(t *testing.T) {
	d := newDesk(t, self.DefaultLimits())
	b := d.signedIn("jane@example.org")
	for i, evil := range []string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `javascript:alert(1)`, "\u202etxt.exe", `{{.Form}}`, "a\r\nSet-Cookie: x=y"} {
		b.get("/me/rule/new").post("/me/rule", url.Values{"name": {fmt.Sprint(i, evil)}, "filter": {`package:x "` + strings.ReplaceAll(evil, `"`, "") + `"`}})
		b.get("/me/rule/new").post("/me/rule", url.Values{"name": {evil}, "filter": {evil + " -topic:"}, "settle": {evil}, "at": {evil}, "to": {evil}})
		b.get("/me/places").post("/me/places", url.Values{"way": {"mail"}, "address": {evil}})
		b.get("/me/settings").post("/me/settings", url.Values{"zone": {evil}, "quiet": {evil}, "limit": {"5"}, "within": {"1h"}})
		b.get("/me/").post("/me/package", url.Values{"package": {evil}})
		d.browser().get("/me/?done=" + url.QueryEscape(evil))
	}
	for _, path := range []string{"/me/", "/me/rule/1", "/me/rule/1/preview", "/me/places", "/me/history", "/me/settings", "/me/enter/%3Cscript%3E", "/me/package/%3Cscript%3E"} {
		b.get(path)
		if strings.Contains(b.text, "<script") || strings.Contains(b.text, "<img src=x") || strings.Contains(b.text, `href="javascript`) || strings.Contains(b.text, "\u202e") {
			t.Errorf("%s: %s", path, b.text)
		}
		if policy := b.head.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "script-src") || !strings.Contains(policy, "frame-ancestors 'none'") || b.head.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", path, b.head)
		}
	}
	for _, c := range b.Jar.Cookies(mustParse(t, b.URL+"/")) {
		t.Errorf("the cookie %s is sent outside of the pages", c.Name)
	}
}

// TestManyRules: a million rules are refused, and the refusal says how many there may be.
func TestManyRules(t *testing.T) {
	l := self.DefaultLimits()
	l.Rules, l.People = 3, 2
	d := newDesk(t, l)
	b := d.signedIn("jane@example.org")
	for i := range 3 {
		b.get("/me/rule/new").post("/me/rule", url.Values{"name": {fmt.Sprint(i)}, "filter": {"package:x"}}).wants(200)
	}
	b.get("/me/rule/new").post("/me/rule", url.Values{"name": {"more"}, "filter": {"package:x"}}).wants(422, "3 rules are the most")
	b.get("/me/rule/new").post("/me/rule", url.Values{"name": {"long"}, "filter": {"package:" + strings.Repeat("x", 3000)}}).wants(422)
	b.get("/me/rule/new").post("/me/rule", url.Values{"name": {"huge"}, "filter": {strings.Repeat("x", 100_000)}}).wants(422, "too long")
	d.signedIn("bob@example.org")
	c := d.browser()
	path := c.link("carol@example.org")
	c.get(path).post(path, url.Values{}).wants(422, "2 people already")
}
