package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"busbar/common/archive"
	"busbar/common/event"
	"busbar/common/show"
)

const (
	pageLines = 50
	maxLines  = 1000
)

// A question is what a list shows, as the address says.
type question struct {
	text   string // in the language of archive.ParseQuery
	query  archive.Query
	oldest bool // first
	form   form
	limit  int
}

// A list is a page of messages.
type list struct {
	Heading string
	Intro   string
	Days    []day
	Count   int
	Next    string // address of the page behind this one
	Order   string // address of the same list in the other order
	Oldest  bool
	Cut     bool   // the question took too long: what is shown is not all
	Live    string // address of what comes from now on; empty: nothing does
	Prefix  string // of topics
	Export  []feedLink
	Chart   *drawing
	Known   *known
	Hints   []hint
	State   string // address of its newest states; empty: it has none
	Trace   string // address of the package's life; empty: it is of none
}

// A drawing is a chart that is drawn at its address.
type drawing struct{ Address, Of string }

// A hint is an example of what can be asked.
type hint struct{ Text, Address string }

var errAsk = errors.New("it cannot be asked so")

// ask reads what a list should show; base is what its address asks for already.
func (s *site) ask(r *http.Request, base string) (question, error) {
	args := r.URL.Query()
	q := question{text: strings.TrimSpace(args.Get("q")), limit: pageLines}
	var known bool
	if q.form, known = formOf(r); !known {
		return q, fmt.Errorf("%w: format is %.40q, none of html, json, ndjson, atom, feed", errAsk, args.Get("format"))
	}
	switch order := args.Get("order"); order {
	case "", "newest":
	case "oldest":
		q.oldest = true
	default:
		return q, fmt.Errorf("%w: order is %.40q, none of newest, oldest", errAsk, order)
	}
	if text := args.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxLines {
			return q, fmt.Errorf("%w: limit is %.40q, not a number from 1 to %d", errAsk, text, maxLines)
		}
		q.limit = n
	}
	var err error
	if q.query, err = archive.ParseQuery(strings.TrimSpace(base + " " + q.text)); err != nil {
		return q, err
	}
	q.query.Prefix, q.query.NewestFirst, q.query.Limit = s.o.Prefix, !q.oldest, q.limit
	q.query.After, err = s.after(r.Context(), args.Get("after"))
	return q, err
}

// after is the place behind which a page begins: a number that an answer gave, or the
// id of the message that was read last.
func (s *site) after(ctx context.Context, text string) (archive.Place, error) {
	if text == "" {
		return 0, nil
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > 0 {
		return archive.Place(n), nil
	}
	m, err := s.o.Archive.ByID(ctx, text)
	if errors.Is(err, archive.ErrNotFound) || errors.Is(err, archive.ErrPruned) {
		return 0, fmt.Errorf("%w: after is %.80q, no message that is here", errAsk, text)
	}
	return m.Place(), err
}

// address is that of a list with other arguments than it was asked for.
func address(r *http.Request, change map[string]string) string {
	args := r.URL.Query()
	for name, value := range change {
		args.Set(name, value)
		if value == "" {
			args.Del(name)
		}
	}
	u := url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: args.Encode()}
	return u.String()
}

// search answers any question.
func (s *site) search(w http.ResponseWriter, r *http.Request) {
	s.list(w, r, "", frame{Title: "Search"}, list{Heading: "Search", Hints: hints})
}

var hints = []hint{
	{"package:hello", "/search?q=package%3Ahello"},
	{"severity:grave since:2026-01", "/search?q=severity%3Agrave+since%3A2026-01-01"},
	{"topic:dak suite:unstable", "/search?q=topic%3Adak+suite%3Aunstable"},
	{`"does not boot" -topic:lists`, "/search?q=%22does+not+boot%22+-topic%3Alists"},
	{"topic:wannabuild architecture:riscv64", "/search?q=topic%3Awannabuild+architecture%3Ariscv64"},
}

// list answers with what base and the address ask for, in the form that is wanted.
func (s *site) list(w http.ResponseWriter, r *http.Request, base string, f frame, l list) {
	q, err := s.ask(r, base)
	if err != nil {
		s.fault(w, r, err)
		return
	}
	if q.form == linesForm {
		s.export(w, r, q)
		return
	}
	_, newest, err := s.o.Archive.Range(r.Context())
	if err != nil {
		s.fault(w, r, err)
		return
	}
	page, err := s.o.Archive.Find(r.Context(), q.query)
	if err != nil {
		s.fault(w, r, err)
		return
	}
	if page.Next != 0 {
		l.Next = address(r, map[string]string{"after": afterOf(page.Next)})
	}
	switch q.form {
	case jsonForm:
		s.messages(w, page, l.Next)
	case atomForm, feedForm:
		s.feed(w, r, q, f.Title, page)
	default:
		s.page(w, r, q, base, f, l, page, newest)
	}
}

// page shows a list to a person.
func (s *site) page(w http.ResponseWriter, r *http.Request, q question, base string, f frame, l list, page archive.Page, newest int64) {
	lines := s.lines(page.Messages)
	l.Prefix = s.o.Prefix
	l.Days, l.Count, l.Cut, l.Oldest = days(lines), len(lines), page.Cut, q.oldest
	l.Order = address(r, map[string]string{"after": "", "order": map[bool]string{false: "oldest", true: ""}[q.oldest]})
	if q.query.After == 0 && !q.oldest && q.query.To.IsZero() && s.o.Position != nil {
		args := url.Values{"last": {s.o.Position(newest)}}
		if text := strings.TrimSpace(base + " " + q.text); text != "" {
			args.Set("q", text)
		}
		l.Live = "/events?" + args.Encode()
	}
	for _, x := range forms[1:] {
		to := feedLink{x.media, x.name, address(r, map[string]string{"format": x.name, "after": ""})}
		l.Export = append(l.Export, to)
		if x.form == atomForm || x.form == feedForm {
			f.Feeds = append(f.Feeds, feedLink{x.media, f.Title, to.Address})
		}
	}
	if q.text != "" {
		f.Query, f.Robots = q.text, "noindex"
		l.Hints = nil
	}
	f.Page = l
	s.show(w, r, http.StatusOK, "list", f)
}

// start is what happens now.
func (s *site) start(w http.ResponseWriter, r *http.Request) {
	s.list(w, r, "", frame{Title: "Now"}, list{Heading: "What happens now", Chart: &drawing{"/chart.svg?hours=48", "two days"}})
}

// A thing is what messages are about, and what has a page for each.
type thing struct {
	field string // of the language of questions
	what  string
	kind  archive.Kind
	state string // kind of state that its page shows; empty: none
}

var things = []thing{
	{"package", "Package", archive.Package, ""},
	{"bug", "Bug", archive.Bug, "bug"},
	{"person", "Person", archive.Person, ""},
	{"suite", "Suite", archive.Suite, ""},
	{"architecture", "Architecture", archive.Architecture, ""},
	{"repository", "Repository", archive.Repository, ""},
	{"list", "List", archive.List, ""},
	{"severity", "Severity", archive.Severity, ""},
	{"topic", "Topic", archive.Topic, ""},
	{"publisher", "Publisher", archive.Publisher, ""},
}

// thing shows what was said about one thing.
func (s *site) thing(t thing) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("name")
		if name == "" {
			name = r.URL.Query().Get("name")
		}
		if name == "" || strings.Contains(name, `"`) {
			s.fault(w, r, errNone)
			return
		}
		l := list{Heading: t.what + " " + show.Line(name)}
		if t.kind == archive.Package && !strings.ContainsAny(name, "/ ") {
			l.Trace, l.State = "/trace/"+url.PathEscape(name), "/state?"+url.Values{"package": {name}}.Encode()
		}
		if t.kind == archive.Topic {
			if k, ok := s.kinds.ByTopic(name); ok {
				l.Intro = k.Meaning
			}
			l.Chart = &drawing{"/chart.svg?" + url.Values{"topic": {name}, "hours": {"168"}}.Encode(), "seven days"}
		}
		var err error
		if l.Known, err = s.known(r.Context(), t, name); err != nil {
			s.fault(w, r, err)
			return
		}
		s.list(w, r, t.field+`:"`+name+`"`, frame{Title: l.Heading}, l)
	}
}

// known is the newest state of a thing, as its page shows it.
type known struct {
	Time  time.Time
	Facts []fact
}

func (s *site) known(ctx context.Context, t thing, name string) (*known, error) {
	if t.state == "" {
		return nil, nil
	}
	state, err := s.o.Archive.StateOf(ctx, t.state, name)
	if errors.Is(err, archive.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	tree, err := event.Parse([]byte(state.Value))
	if err != nil {
		return nil, fmt.Errorf("reading the state of %s %s: %w", t.field, name, err)
	}
	facts := factsOf(tree)
	return &known{state.Time, slices.DeleteFunc(facts, func(f fact) bool { return f.Name == "event" })}, nil
}
