package web

import (
	"encoding/json"
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
	"busbar/common/state"
)

// A stated is the newest state of a thing, as programs get it.
type stated struct {
	Kind    string          `json:"kind"`
	Key     string          `json:"key"`
	Time    time.Time       `json:"time"`    // when what was said last happened
	Arrival int64           `json:"arrival"` // the number of the message that said it
	By      publisherAt     `json:"by"`      // whose message that is
	Gone    bool            `json:"gone,omitempty"`
	Value   json.RawMessage `json:"value"`
}

type publisherAt struct {
	Publisher string `json:"publisher"`
	Epoch     string `json:"epoch"`
	Seq       int64  `json:"seq_id"`
}

// A headAt is up to which number of a sequence states are.
type headAt struct {
	Publisher string `json:"publisher"`
	Epoch     string `json:"epoch"`
	Head      int64  `json:"head"`
}

func statedOf(s archive.State) stated {
	return stated{s.Kind, s.Key, s.Time, s.N, publisherAt(s.By), s.Gone, json.RawMessage(s.Value)}
}

func asOf(list []archive.Sequence) []headAt {
	heads := make([]headAt, len(list))
	for i, q := range list {
		heads[i] = headAt{q.Publisher, q.Epoch, q.Head}
	}
	return heads
}

// A statePage is states of one kind.
type statePage struct {
	Heading string
	Kinds   []kindOf
	Tables  []stateTable
	AsOf    []headAt
	Format  string // address of the same as JSON; empty: there is none
}

type kindOf struct{ Name, Meaning, Address string }

type stateTable struct {
	Name    string
	Columns []string
	Rows    []stateRow
	Next    string // address of the page behind
	More    string // address of all
}

type stateRow struct {
	Key, Address string
	Cells        []fact
	Gone         bool
	Time         time.Time
}

// columns are what tables show of states, by kind.
var columns = map[string][]string{
	"bug": {"package", "severity", "status", "title", "tags"}, "build": {"state", "version", "builder", "changed"}, "upload": {"version", "changed_by", "date"},
	"ref": {"after", "person", "time"}, "override": {"section", "priority", "bug"}, "removal": {"version", "removal_date", "bugs", "depends_bugs"},
}

// present shows which states there are; with ?package= those of a package.
func (s *site) present(w http.ResponseWriter, r *http.Request) {
	p := statePage{Heading: "The present"}
	name := r.URL.Query().Get("package")
	for _, x := range s.table.Projections() {
		if name == "" {
			p.Kinds = append(p.Kinds, kindOf{x.Plural, x.Meaning, "/state/" + x.Plural})
			continue
		}
		const most = 50
		list, heads, err := s.o.Archive.States(r.Context(), archive.StateQuery{Kind: x.Kind, Package: name, Limit: most})
		if err != nil {
			s.fault(w, r, err)
			return
		}
		if p.AsOf = asOf(heads); len(list) == 0 {
			continue
		}
		all := "/state/" + x.Plural + "?" + url.Values{"package": {name}}.Encode()
		t := stateTable{Name: x.Plural, Columns: columns[x.Kind], Rows: rowsOf(x, list)}
		if len(list) == most {
			t.More = all
		}
		p.Tables = append(p.Tables, t)
		p.Kinds = append(p.Kinds, kindOf{x.Plural, x.Meaning, all})
	}
	if name != "" {
		p.Heading = "The present of " + show.Line(name)
	}
	if form, _ := formOf(r); form == jsonForm {
		kinds := map[string]string{}
		for _, k := range p.Kinds {
			kinds[k.Name] = k.Address
		}
		answer(w, http.StatusOK, map[string]any{"kinds": kinds})
		return
	}
	s.show(w, r, http.StatusOK, "state", frame{Title: p.Heading, Page: p})
}

// stateQuery is what an address asks for.
func (s *site) stateQuery(r *http.Request, p state.Projection) (archive.StateQuery, error) {
	args := r.URL.Query()
	q := archive.StateQuery{Kind: p.Kind, Package: args.Get("package"), After: args.Get("after"), Gone: args.Get("gone") == "1", Limit: pageLines, Members: map[string]string{}}
	if text := args.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxLines {
			return q, fmt.Errorf("%w: limit is %.40q, not a number from 1 to %d", errAsk, text, maxLines)
		}
		q.Limit = n
	}
	// Keys begin with a suite, and an architecture, or with a repository.
	begin := args.Get("suite")
	switch architecture := args.Get("architecture"); {
	case p.Kind == "ref":
		begin = args.Get("repository")
		if begin != "" {
			q.Under = begin + " "
		}
	case strings.HasPrefix(p.Key, "SUITE/") && begin != "":
		if q.Under = begin + "/"; architecture != "" {
			q.Under += architecture + "/"
		}
	case strings.HasPrefix(p.Key, "SUITE/") && architecture != "" && q.Package == "":
		return q, fmt.Errorf("%w: of an architecture alone there is no index: say of which suite, too", errAsk)
	}
	for name := range args {
		known := slices.ContainsFunc(p.Members, func(m state.Member) bool { return m.Name == name })
		switch {
		case slices.Contains([]string{"package", "after", "gone", "limit", "format"}, name), q.Under != "" && (name == "suite" || name == "architecture" || name == "repository"):
		case known && len(q.Members) < maxMembers:
			q.Members[name] = args.Get(name)
		default:
			return q, fmt.Errorf("%w: %.40q is no member of %s, or too much", errAsk, name, p.Plural)
		}
	}
	return q, nil
}

const maxMembers = 8

// states answers with the states of one kind.
func (s *site) states(w http.ResponseWriter, r *http.Request) {
	p, ok := s.table.ByPlural(r.PathValue("kind"))
	if !ok {
		s.fault(w, r, errNone)
		return
	}
	form, known := formOf(r)
	if !known || form == atomForm || form == feedForm {
		s.fault(w, r, fmt.Errorf("%w: states have the formats html, json, ndjson", errAsk))
		return
	}
	q, err := s.stateQuery(r, p)
	if err != nil {
		s.fault(w, r, err)
		return
	}
	if form == linesForm {
		s.stateLines(w, r, q)
		return
	}
	list, heads, err := s.o.Archive.States(r.Context(), q)
	if err != nil {
		s.fault(w, r, err)
		return
	}
	next := ""
	if len(list) == q.Limit {
		next = address(r, map[string]string{"after": list[len(list)-1].Key})
	}
	if form == jsonForm {
		all := make([]stated, len(list))
		for i, x := range list {
			all[i] = statedOf(x)
		}
		answer(w, http.StatusOK, struct {
			States []stated `json:"states"`
			AsOf   []headAt `json:"as_of"`
			Next   string   `json:"next,omitempty"` // address of the next page; absent: there is none
		}{all, asOf(heads), next})
		return
	}
	page := statePage{Heading: strings.ToUpper(p.Plural[:1]) + p.Plural[1:] + " now", AsOf: asOf(heads), Format: address(r, map[string]string{"format": "json", "after": ""}),
		Tables: []stateTable{{Columns: columns[p.Kind], Rows: rowsOf(p, list), Next: next}}}
	s.show(w, r, http.StatusOK, "state", frame{Title: page.Heading, Page: page})
}

// stateLines writes all states that are asked for, a line each: page by page, so that
// they are not of one moment. After a cut it goes on with ?after= and the last key.
func (s *site) stateLines(w http.ResponseWriter, r *http.Request, q archive.StateQuery) {
	limit := q.Limit
	if r.URL.Query().Get("limit") == "" {
		limit = 0 // all
	}
	control := http.NewResponseController(w)
	q.Limit = maxLines
	for sent := 0; ; {
		list, _, err := s.o.Archive.States(r.Context(), q)
		if err != nil && sent == 0 {
			s.fault(w, r, err)
			return
		}
		if err != nil {
			s.interrupted(r.Context(), err)
			panic(http.ErrAbortHandler) // a client must not take it for all
		}
		w.Header().Set("Content-Type", "application/x-ndjson")
		w.Header().Set("Vary", "Accept")
		for _, x := range list {
			text, err := json.Marshal(statedOf(x))
			if err != nil {
				panic(http.ErrAbortHandler)
			}
			if _, err := w.Write(append(text, '\n')); err != nil {
				return
			}
			if sent++; sent == limit {
				return
			}
		}
		if len(list) < q.Limit {
			return
		}
		q.After = list[len(list)-1].Key
		if control.Flush() != nil || extend(control) != nil {
			return
		}
	}
}

func rowsOf(p state.Projection, list []archive.State) []stateRow {
	rows := make([]stateRow, len(list))
	for i, x := range list {
		rows[i] = stateRow{Key: show.Line(x.Key), Address: pathOf("state/"+p.Plural, x.Key), Gone: x.Gone, Time: x.Time}
		tree, _ := event.Parse([]byte(x.Value)) // of what is no JSON, nothing is shown
		value, _ := tree.(map[string]any)
		for _, name := range columns[p.Kind] {
			left := maxCell
			f := factOf(name, value[name], 0, &left)
			f.Text = cut(f.Text, maxCellText)
			rows[i].Cells = append(rows[i].Cells, f)
		}
	}
	return rows
}

// Bounds on what a table's cell shows: values, and bytes of one.
const maxCell, maxCellText = 12, 200

// A thingPage is one thing.
type thingPage struct {
	Heading, Kind string
	Facts         []fact
	Time          time.Time
	Message       string // address of the message that said it last; empty: it is not here
	By            publisherAt
	Gone          bool
	JSON          string
}

// one shows the state of one thing.
func (s *site) one(w http.ResponseWriter, r *http.Request) {
	p, ok := s.table.ByPlural(r.PathValue("kind"))
	key := r.PathValue("key")
	if key == "" {
		key = r.URL.Query().Get("name")
	}
	if !ok || key == "" {
		s.fault(w, r, errNone)
		return
	}
	x, err := s.o.Archive.StateOf(r.Context(), p.Kind, key)
	if errors.Is(err, archive.ErrNotFound) {
		err = errNone
	}
	if err != nil {
		s.fault(w, r, err)
		return
	}
	if form, _ := formOf(r); form == jsonForm {
		answer(w, http.StatusOK, statedOf(x))
		return
	}
	page := thingPage{Heading: show.Line(key), Kind: p.Kind, Time: x.Time, By: publisherAt(x.By), Gone: x.Gone, JSON: address(r, map[string]string{"format": "json"})}
	tree, err := event.Parse([]byte(x.Value))
	if err != nil {
		s.fault(w, r, err)
		return
	}
	page.Facts = factsOf(tree)
	list, err := s.o.Archive.After(r.Context(), x.N-1, 1)
	if err != nil {
		s.fault(w, r, err)
		return
	}
	if len(list) == 1 && list[0].N == x.N {
		page.Message = "/message/" + url.PathEscape(s.lines(list)[0].ID)
	}
	s.show(w, r, http.StatusOK, "thing", frame{Title: page.Heading, Page: page})
}
