package web

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"busbar/bus/chart"
	"busbar/bus/kinds"
	"busbar/common/archive"
	"busbar/common/event"
	"busbar/common/show"
	"busbar/common/state"
)

// Options say what the pages show.
type Options struct {
	Archive *archive.Reader
	Prefix  string           // of topics, which pages leave out
	Now     func() time.Time // nil: time.Now
	Log     *slog.Logger
	Badges  string // the file with who earned what; empty: none is shown
	// Position is the position behind arrival n, as /events takes it in ?last=.
	Position func(n int64) string
	Health   func(context.Context) (Health, error)
}

// A Route is a page, or several of one kind.
type Route struct {
	Pattern string // as http.ServeMux has it, without a method
	Name    string // for metrics
	Serve   http.HandlerFunc
}

type site struct {
	o         Options
	kinds     event.Catalog
	table     *state.Table
	templates map[string]*template.Template
}

//go:embed static templates
var files embed.FS

// Routes are all pages.
func Routes(o Options) ([]Route, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	present, err := kinds.Present()
	if err != nil {
		return nil, err
	}
	s := &site{o: o, kinds: kinds.All(), table: present, templates: map[string]*template.Template{}}
	for _, name := range []string{"list", "message", "topics", "statistics", "health", "trace", "state", "thing", "fault", "badges", "badge", "person"} {
		t, err := template.New("frame.html").Funcs(functions).ParseFS(files, "templates/frame.html", "templates/lines.html", "templates/"+name+".html")
		if err != nil {
			return nil, fmt.Errorf("reading the page %s: %w", name, err)
		}
		s.templates[name] = t
	}
	t, err := template.New("widget.html").Funcs(functions).ParseFS(files, "templates/widget.html")
	if err != nil {
		return nil, fmt.Errorf("reading the widget: %w", err)
	}
	s.templates["widget"] = t
	routes := []Route{
		{"/{$}", "/", s.start},
		{"/search", "/search", s.search},
		{"/message/{id}", "/message", s.message},
		{"/trace/{name}", "/trace", s.trace},
		{"/state", "/state", s.present},
		{"/state/{$}", "/state", s.present},
		{"/state/{kind}", "/state", s.states},
		{"/state/{kind}/{key...}", "/state", s.one},
		{"/calendar/autoremovals.ics", "/calendar", s.calendar},
		{"/widget/package/{name}", "/widget", s.widget},
		{"/topics", "/topics", s.topics},
		{"/statistics", "/statistics", s.statistics},
		{"/chart.svg", "/chart.svg", s.chart("image/svg+xml", func(b chart.Bars) ([]byte, error) { return b.SVG(), nil })},
		{"/chart.png", "/chart.png", s.chart("image/png", chart.Bars.PNG)},
		{"/health", "/health", s.health},
	}
	if o.Badges != "" {
		routes = append(routes, []Route{
			{"/badges", "/badges", s.badges},
			{"/badges/{name}", "/badges", s.badge},
			{"/badges/person/{key...}", "/badges", s.person},
			{"/badges/drawn/{file}", "/badges", s.drawn},
		}...)
	}
	for _, t := range things {
		routes = append(routes, Route{"/" + t.field + "/{name...}", "/" + t.field, s.thing(t)})
	}
	for _, name := range []string{"style.css", "widget.css", "live.js", "icon.svg"} {
		text, err := fs.ReadFile(files, "static/"+name)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		routes = append(routes, Route{"/static/" + name, "/static", static(name, text)})
	}
	return routes, nil
}

// static serves a file that is the same as long as the program is.
func static(name string, text []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=300")
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(text))
	}
}

// policy lets a page load what comes from this server, and nothing run that stands in
// it (CSP Level 3).
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"

// A frame is what all pages have in common.
type frame struct {
	Title  string
	Query  string // what stands in the search box
	Path   string // of the page, to mark it in the list of pages
	Feeds  []feedLink
	Robots string // empty: it may be indexed
	Badges bool   // there are pages of them
	Page   any
}

type feedLink struct{ Type, Title, Address string }

// show writes a page.
func (s *site) show(w http.ResponseWriter, r *http.Request, code int, name string, f frame) {
	f.Path, f.Title, f.Query, f.Badges = r.URL.Path, show.Line(f.Title), show.Line(f.Query), s.o.Badges != ""
	var b bytes.Buffer
	if err := s.templates[name].Execute(&b, f); err != nil {
		s.o.Log.Warn("a page cannot be made", "page", name, "error", err)
		http.Error(w, "the page cannot be made", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Add("Vary", "Accept")
	w.WriteHeader(code)
	if r.Method != http.MethodHead {
		_, _ = w.Write(b.Bytes()) // who left is not to be told
	}
}
