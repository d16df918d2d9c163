// Package pages is where people keep their rules in a browser: what they want to know, where
// they are reached, when, and what they were told. They sign in by a link that is mailed
// to them, which a GET never uses up, since programs look at links in mails, or at a
// provider of OpenID Connect; there are no passwords.
//
// The pages are complete as HTML: nothing of elsewhere is loaded, and each form bears a text
// that only its own browser can know. One script runs, on the page of destinations, and
// there only where Web Push is offered: a browser subscribes to nothing without it.
//
// Not here: what is kept (bus/notify/self), and the same by mail (bus/notify/control).
package pages

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"busbar/bus/notify/openid"
	"busbar/bus/notify/outbox"
	"busbar/bus/notify/rule"
	"busbar/bus/notify/self"
	"busbar/bus/web"
	"busbar/common/show"
)

// Path is where the pages are, below the server's root.
const Path = "/me/"

// Options say what the pages work with.
type Options struct {
	Store  *self.Store
	Outbox *outbox.Outbox
	Source func() *self.Source                                // with which people's own rules are read now
	Known  func(person string) string                         // as whom the engine knows a person
	Given  func(key string) []*rule.Rule                      // rules that the administrator's files give them
	Check  func(rule.Address) error                           // whether people may choose an address
	Ways   []string                                           // the destinations that they may choose
	Secret func(key, to string) string                        // that a webhook's requests are signed with; nil: none
	Public string                                             // where others reach the server, without a / at its end
	Mail   string                                             // where commands are mailed to; empty: nowhere
	Push   string                                             // the key with which browsers subscribe to Web Push; empty: they cannot
	Peers  []netip.Addr                                       // proxies whose X-Forwarded-For is believed
	OpenID *openid.Provider                                   // at whom people sign in, too; nil: nowhere
	Try    func(context.Context, *rule.Person) (Trial, error) // nil: there is no archive
	Now    func() time.Time
	Log    *slog.Logger
}

// A Trial is what rules would have said.
type Trial struct {
	From, To       time.Time
	Events, Wanted int
	Notes, Held    int
	Cut            bool // there was more than could be looked at in time
	Said           []Said
}

// Said is one note that would have been sent.
type Said struct {
	At            time.Time
	Kind, Subject string
}

type site struct {
	Options
	base      string // before the path of each page
	secure    bool
	templates map[string]*template.Template
	static    map[string][]byte
}

//go:embed static templates
var files embed.FS

// New makes the pages; all that they serve is below Path.
func New(o Options) (http.Handler, error) {
	u, err := url.Parse(o.Public)
	if err != nil {
		return nil, fmt.Errorf("reading [notify] public: %w", err)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &site{Options: o, base: strings.TrimSuffix(u.Path, "/") + strings.TrimSuffix(Path, "/"), secure: u.Scheme == "https", templates: map[string]*template.Template{}, static: map[string][]byte{}}
	functions := web.Functions()
	functions["has"] = func(list []string, one string) bool { return slices.Contains(list, one) }
	functions["join"] = strings.Join
	functions["place"] = placeLabel
	for _, name := range []string{"start", "out", "enter", "line", "rules", "rule", "preview", "package", "places", "settings", "history", "forget"} {
		t, err := template.New("frame.html").Funcs(functions).ParseFS(files, "templates/frame.html", "templates/"+name+".html")
		if err != nil {
			return nil, fmt.Errorf("reading the page %s: %w", name, err)
		}
		s.templates[name] = t
	}
	for _, name := range []string{"style.css", "icon.svg"} {
		if s.static[name], err = web.Static(name); err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
	}
	for _, name := range []string{"me.css", "push.js", "worker.js"} {
		if s.static[name], err = files.ReadFile("static/" + name); err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
	}
	return s.routes(), nil
}

// A route is a page.
type route struct {
	pattern string
	open    bool // to those who are not signed in
	serve   func(*visit) error
}

// routes are the pages. What changes something is a POST of a form of ours; but for the
// answer of a provider, which one browser can show once.
func (s *site) routes() http.Handler {
	mux := http.NewServeMux()
	list := []route{
		{"GET /me/{$}", true, (*visit).start},
		{"POST /me/sign-in", true, (*visit).signIn},
		{"GET /me/enter/{token}", true, (*visit).enter},
		{"POST /me/enter/{token}", true, (*visit).entered},
		{"POST /me/sign-out", false, (*visit).signOut},
		{"GET /me/rule/new", false, (*visit).newRule},
		{"GET /me/rule/{id}", false, (*visit).showRule},
		{"GET /me/rule/{id}/preview", false, (*visit).preview},
		{"POST /me/rule", false, (*visit).saveRule},
		{"POST /me/rule/ready", false, (*visit).readyRule},
		{"POST /me/rule/{id}/{what}", false, (*visit).changeRule},
		{"POST /me/package", false, (*visit).subscribe},
		{"GET /me/package/{name}", false, (*visit).showPackage},
		{"POST /me/package/{name}", false, (*visit).savePackage},
		{"GET /me/places", false, (*visit).showPlaces},
		{"POST /me/places", false, (*visit).changePlaces},
		{"GET /me/settings", false, (*visit).showSettings},
		{"POST /me/settings", false, (*visit).saveSettings},
		{"POST /me/pause", false, (*visit).pause},
		{"GET /me/history", false, (*visit).history},
		{"POST /me/history", false, (*visit).resume},
		{"GET /me/forget", false, (*visit).askForget},
		{"POST /me/forget", false, (*visit).forget},
	}
	if s.OpenID != nil {
		list = append(list, route{"POST /me/openid", true, (*visit).goOut}, route{"GET " + openid.Back, true, (*visit).back})
	}
	for _, one := range list {
		mux.HandleFunc(one.pattern, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, one.open, one.serve) })
	}
	mux.HandleFunc("GET /me/static/{name}", func(w http.ResponseWriter, r *http.Request) {
		text, ok := s.static[r.PathValue("name")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Cache-Control", "public, max-age=300")
		http.ServeContent(w, r, r.PathValue("name"), time.Time{}, bytes.NewReader(text))
	})
	if s.Push != "" {
		// Its place is what it may be the worker of: these pages, and no others.
		mux.HandleFunc("GET /me/worker.js", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Security-Policy", "default-src 'none'")
			w.Header().Set("X-Content-Type-Options", "nosniff")
			w.Header().Set("Cache-Control", "no-cache")
			http.ServeContent(w, r, "worker.js", time.Time{}, bytes.NewReader(s.static["worker.js"]))
		})
	}
	// Forms of other sites are refused also before anybody is signed in: nobody can be
	// signed in as somebody else without knowing it.
	return http.NewCrossOriginProtection().Handler(mux)
}

// policy lets a page load its style and send its own forms, and nothing else (CSP Level 3).
const policy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// pushPolicy is that of the page with the script by which a browser subscribes.
const pushPolicy = policy + "; script-src 'self'; worker-src 'self'"

const maxBody = 64 << 10

// serve shows a page, or does what a form says.
func (s *site) serve(w http.ResponseWriter, r *http.Request, open bool, do func(*visit) error) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	v := &visit{site: s, w: w, r: r}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	err := v.recognize()
	switch {
	case err != nil:
	case v.person == "" && !open && r.Method == http.MethodGet:
		v.to("/", "")
		return
	case r.Method == http.MethodPost && r.ParseForm() != nil:
		err = self.Refusal("The form cannot be read, or is too long.")
	case r.Method == http.MethodPost && !v.genuine():
		v.line(http.StatusForbidden, "This form is too old, or not one of ours. Go back, load the page again, and send it once more.")
		return
	case v.person == "" && !open:
		v.line(http.StatusForbidden, "You are not signed in any more.")
		return
	}
	if err == nil {
		err = do(v)
	}
	if refused, ok := errors.AsType[self.Refusal](err); ok {
		v.line(http.StatusUnprocessableEntity, string(refused))
	} else if err != nil && r.Context().Err() == nil {
		s.Log.Error("a page cannot be served", "path", r.Pattern, "error", err)
		v.line(http.StatusServiceUnavailable, "It could not be read or stored just now. Try again later.")
	}
}

// A view is what all pages have in common.
type view struct {
	Title  string
	Base   string // before the path of each page
	Path   string // of this page, to mark it in the list of pages
	Person string // who is signed in; empty: nobody
	Form   string // that only this browser can send
	Said   string // what was done
	Page   any
}

// show writes a page.
func (v *visit) show(code int, name, title string, page any) error {
	var b bytes.Buffer
	at := view{Title: show.Line(title), Base: v.base, Path: strings.TrimPrefix(v.r.URL.Path, "/me"), Person: v.person, Form: v.form(), Said: done[v.r.URL.Query().Get("done")], Page: page}
	if err := v.templates[name].Execute(&b, at); err != nil {
		return fmt.Errorf("making the page %s: %w", name, err)
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(code)
	_, _ = v.w.Write(b.Bytes()) // who went away needs no page
	return nil
}

// line is a page of one line.
func (v *visit) line(code int, text string) {
	if err := v.show(code, "line", "Busbar", show.Line(text)); err != nil {
		v.Log.Error("a page cannot be served", "error", err)
	}
}

// done are what a page can say of the form before it.
var done = map[string]string{
	"kept": "It is kept.", "on": "The rule is on.", "off": "The rule is off.", "removed": "It is removed.", "subscribed": "You are subscribed.", "paused": "Nothing is sent to you until you go on.",
	"on again": "You are told again.", "code": "A code is on its way there. Enter it below within an hour.", "verified": "It is verified: rules can send there.", "out": "You are signed out.", "forgotten": "All that was yours is deleted.",
}

// to leads to another page.
func (v *visit) to(path, said string) {
	target := v.base + path
	if said != "" {
		target += "?" + url.Values{"done": {said}}.Encode()
	}
	http.Redirect(v.w, v.r, target, http.StatusSeeOther)
}
