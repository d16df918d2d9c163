package pages

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"busbar/bus/notify/dest"
	"busbar/bus/notify/dest/outside"
	"busbar/bus/notify/outbox"
	"busbar/bus/notify/rule"
	"busbar/bus/notify/self"
)

// A desk is the pages with what is behind them.
type desk struct {
	*httptest.Server
	t     *testing.T
	out   *outbox.Outbox
	store *self.Store
	had   int64
}

func newDesk(t *testing.T, l self.Limits, more ...func(*Options)) *desk {
	t.Helper()
	out, err := outbox.Open(t.Context(), filepath.Join(t.TempDir(), "outbox.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	store, err := self.Open(t.Context(), out, l)
	if err != nil {
		t.Fatal(err)
	}
	guard, err := outside.NewGuard(nil)
	if err != nil {
		t.Fatal(err)
	}
	check := func(a rule.Address) error {
		if a.Way == "webhook" {
			_, err := guard.URL(a.To)
			return err
		}
		if a.Way != "mail" && a.Way != "webpush" {
			return self.Refusal("there is no destination " + a.Way)
		}
		return nil
	}
	source := &self.Source{Store: store, Prefix: "org.debian", Check: check, Names: rule.Book{Sets: map[string][]string{"tea": {"teapot"}}}}
	mux := http.NewServeMux()
	d := &desk{httptest.NewServer(mux), t, out, store, 0}
	t.Cleanup(d.Close)
	o := Options{
		Store: store, Outbox: out, Source: func() *self.Source { return source }, Known: func(p string) string { return p }, Given: func(string) []*rule.Rule { return nil },
		Check: check, Ways: []string{"mail", "webhook"}, Public: d.URL, Mail: "control@example.org", Peers: []netip.Addr{netip.MustParseAddr("127.0.0.1")}, Log: slog.New(slog.DiscardHandler),
	}
	for _, change := range more {
		change(&o)
	}
	h, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle(Path, h)
	return d
}

func (d *desk) mailed() (list []dest.Note) {
	d.t.Helper()
	rows, err := d.out.DB().QueryContext(d.t.Context(), "SELECT n, note FROM notify_notes WHERE n > ? ORDER BY n", d.had)
	if err != nil {
		d.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var text []byte
		var n dest.Note
		if err := rows.Scan(&d.had, &text); err != nil {
			d.t.Fatal(err)
		}
		if err := json.Unmarshal(text, &n); err != nil {
			d.t.Fatal(err)
		}
		list = append(list, n)
	}
	return list
}

// A browser keeps cookies, and sends forms as they stand in pages.
type browser struct {
	*desk
	http.Client
	peer string
	text string // of the last page
	code int
	head http.Header
}

func (d *desk) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		d.t.Fatal(err)
	}
	return &browser{desk: d, Client: http.Client{Jar: jar}}
}

func (b *browser) do(method, path string, form url.Values, header http.Header) *browser {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header = header.Clone()
	if r.Header == nil {
		r.Header = http.Header{}
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if b.peer != "" {
		r.Header.Set("X-Forwarded-For", "192.0.2.1, "+b.peer)
	}
	resp, err := b.Client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	b.text, b.code, b.head = string(text), resp.StatusCode, resp.Header
	return b
}

func (b *browser) get(path string) *browser {
	b.t.Helper()
	return b.do(http.MethodGet, path, nil, nil)
}

var hidden = regexp.MustCompile(`name="form" value="([a-z2-7]+)"`)

// post sends a form with the text that the last page had for it.
func (b *browser) post(path string, form url.Values) *browser {
	b.t.Helper()
	if m := hidden.FindStringSubmatch(b.text); m != nil {
		form.Set("form", m[1])
	}
	return b.do(http.MethodPost, path, form, http.Header{"Sec-Fetch-Site": {"same-origin"}})
}

func (b *browser) wants(code int, texts ...string) {
	b.t.Helper()
	if b.code != code {
		b.t.Fatalf("%d, want %d: %s", b.code, code, b.text)
	}
	for _, text := range texts {
		if !strings.Contains(b.text, text) {
			b.t.Fatalf("no %q in %s", text, b.text)
		}
	}
}

var link = regexp.MustCompile(`http://\S+(/me/enter/\S+)`)

// link asks for one and gives its path.
func (b *browser) link(address string) string {
	b.t.Helper()
	b.get("/me/").post("/me/sign-in", url.Values{"address": {address}})
	b.wants(http.StatusOK, "is on its way")
	for _, n := range b.mailed() {
		if m := link.FindStringSubmatch(n.Text); m != nil && n.To == address {
			return m[1]
		}
	}
	b.t.Fatal("no link was mailed")
	return ""
}

func (d *desk) signedIn(address string) *browser {
	d.t.Helper()
	b := d.browser()
	path := b.link(address)
	b.get(path).post(path, url.Values{})
	b.wants(http.StatusOK, "What you are told", address)
	return b
}

// TestRules: what a person does in a browser becomes rules of theirs.
func TestRules(t *testing.T) {
	d := newDesk(t, self.DefaultLimits())
	b := d.signedIn("jane@example.org")
	b.post("/me/package", url.Values{"package": {"hello"}}).wants(200, "You are subscribed", ">hello<")
	b.get("/me/package/hello").post("/me/package/hello", url.Values{"keyword": {"bts", "build"}}).wants(200, "bts build")
	b.post("/me/rule/ready", url.Values{"name": {"reported"}}).wants(200, "There is no archive here")
	b.get("/me/").post("/me/rule/1/on", url.Values{}).wants(200, "The rule is on")
	b.get("/me/").post("/me/rule/ready", url.Values{"team": {"tea"}}).wants(200, "release-critical in tea")
	b.get("/me/rule/new").post("/me/rule", url.Values{"name": {"late"}, "filter": {"package:tea -topic:scm"}, "when": {"weekly"}, "at": {"09:30"}, "on": {"friday"}, "settle": {"10m"}, "own": {"1"}}).wants(200)
	b.get("/me/rule/3").wants(200, `value="09:30"`, "<option selected>friday", `value="10m"`)
	for _, wrong := range []url.Values{{"name": {"x"}, "filter": {"-topic:scm"}}, {"name": {""}, "filter": {"package:x"}}, {"name": {"late"}, "filter": {"package:x"}}, {"name": {"x"}, "filter": {"package:x"}, "when": {"yearly"}},
		{"name": {"x"}, "filter": {"package:x"}, "to": {"mail:other@example.org"}}, {"name": {"x"}, "filter": {"package:x"}, "settle": {"soon"}}, {"name": {"x"}, "filter": {"package:@none"}}, {"name": {"package y"}, "filter": {"package:y"}}} {
		b.get("/me/rule/new").post("/me/rule", wrong).wants(422, `role="alert"`)
	}
	b.get("/me/settings").post("/me/settings", url.Values{"zone": {"Europe/Berlin"}, "quiet": {"22:00-07:00"}, "limit": {"5"}, "within": {"1h"}, "keyword": {"bts"}}).wants(200, `value="Europe/Berlin"`)
	b.post("/me/settings", url.Values{"zone": {"Mars"}, "limit": {"5"}, "within": {"1h"}}).wants(422, "not known here")
	b.post("/me/settings", url.Values{"limit": {"100000"}, "within": {"1h"}}).wants(422, "limit")
	source := &self.Source{Store: d.store, Prefix: "org.debian", Names: rule.Book{Sets: map[string][]string{"tea": {"teapot"}}}}
	people, err := source.Read(t.Context())
	if err != nil || len(people) != 1 || len(people[0].Rules) != 4 {
		t.Fatalf("%+v, %v", people, err)
	}
	p := people[0]
	if r := p.Rules[3]; p.Zone.String() != "Europe/Berlin" || p.Limit.Notes != 5 || !r.Off || !r.Own || r.When.String() != "weekly on Friday at 09:30" || p.Rules[1].Off || p.Rules[1].Name != "reported" {
		t.Errorf("%+v, %+v", p, r)
	}
	b.get("/me/").post("/me/pause", url.Values{}).wants(200, "Everything is paused")
	b.post("/me/rule/3/remove", url.Values{}).wants(200, "It is removed")
	b.get("/me/history").wants(200, "Your link to Busbar")
	b.get("/me/forget").post("/me/forget", url.Values{}).wants(422, "Nothing is deleted")
	b.get("/me/forget").post("/me/forget", url.Values{"sure": {"1"}}).wants(200, "is deleted", "Mail me a link")
	var left int
	if err := d.out.DB().QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM self_people) + (SELECT count(*) FROM self_rules) + (SELECT count(*) FROM self_packages) + (SELECT count(*) FROM self_places) +
		(SELECT count(*) FROM self_tokens) + (SELECT count(*) FROM notify_notes) + (SELECT count(*) FROM self_asked WHERE who LIKE '%jane%')`).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d things of hers are left, %v", left, err)
	}
}

// TestPlaces: a destination is used once its code came back; requests into the own network
// are not made.
func TestPlaces(t *testing.T) {
	d := newDesk(t, self.DefaultLimits())
	b := d.signedIn("jane@example.org")
	b.get("/me/places").post("/me/places", url.Values{"way": {"mail"}, "address": {"Work@example.org"}}).wants(200, "not verified")
	codes := d.mailed()
	code := regexp.MustCompile(`(?m)^\d{8}$`).FindString(codes[0].Text)
	if len(codes) != 1 || codes[0].To != "work@example.org" || code == "" {
		t.Fatalf("%+v", codes)
	}
	for _, page := range []string{"/me/history", "/me/places", "/me/"} { // who cannot read what comes there does not get it here
		if b.get(page); strings.Contains(b.text, code) {
			t.Errorf("%s shows the code", page)
		}
	}
	if _, err := d.out.DB().ExecContext(t.Context(), "UPDATE notify_notes SET error = 'dial tcp 10.1.2.3:53: refused'"); err != nil {
		t.Fatal(err)
	}
	if b.get("/me/history").wants(200, "is tried again"); strings.Contains(b.text, "10.1.2.3") {
		t.Errorf("the history tells of the network: %s", b.text)
	}
	place := url.Values{"place": {"mail:work@example.org"}}
	with := func(code string) url.Values { return url.Values{"place": place["place"], "code": {code}} }
	b.get("/me/rule/new").post("/me/rule", url.Values{"name": {"x"}, "filter": {"package:x"}, "to": place["place"]}).wants(422, "verified")
	wrong := "00000000"
	if code == wrong {
		wrong = "00000001"
	}
	for range 5 {
		b.get("/me/places").post("/me/places", with(wrong)).wants(422, "not the code")
	}
	b.get("/me/places").post("/me/places", with(code)).wants(422, "no longer good") // guessed too often
	b.get("/me/places").post("/me/places", place).wants(200, "not verified")
	code = regexp.MustCompile(`(?m)^\d{8}$`).FindString(d.mailed()[0].Text)
	b.post("/me/places", with(code)).wants(200, "It is verified")
	b.get("/me/rule/new").post("/me/rule", url.Values{"name": {"x"}, "filter": {"package:x"}, "to": place["place"]}).wants(200)
	for _, inside := range []string{"http://example.org/", "https://127.0.0.1/", "https://[::1]/", "https://10.1.2.3/", "https://169.254.169.254/latest/meta-data", "https://localhost/", "https://192.168.1.1:8443/", "https://[::ffff:10.0.0.1]/", "https://x:y@example.org/", "file:///etc/passwd", "https://example.org:22/"} {
		b.get("/me/places").post("/me/places", url.Values{"way": {"webhook"}, "address": {inside}}).wants(422, `role="alert"`)
	}
	b.get("/me/places").post("/me/places", url.Values{"way": {"command"}, "address": {"rm"}}).wants(422)
	if n := d.mailed(); len(n) != 0 {
		t.Errorf("something is sent to a destination that is refused: %+v", n)
	}
	for i := range 4 { // codes to one address
		b.get("/me/places").post("/me/places", url.Values{"way": {"mail"}, "address": {"victim@example.org"}})
		if want := 200 + 222*(i/3); b.code != want {
			t.Errorf("code %d: %d", i, b.code)
		}
	}
	b.get("/me/places").post("/me/places", url.Values{"place": place["place"], "remove": {"1"}}).wants(200, "It is removed")
	b.get("/me/").wants(200, "is not verified")
}
