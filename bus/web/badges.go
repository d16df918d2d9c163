package web

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"busbar/bus/badges/ledger"
	"busbar/bus/badges/medal"
	"busbar/bus/badges/rule"
	"busbar/common/show"
)

var errNoBadges = fmt.Errorf("%w: no badges were given yet", errNone)

// earned opens the file with who earned what, for one page: it is small work, and another
// file may come in its place.
func (s *site) earned(ctx context.Context) (*ledger.Reader, error) {
	r, err := ledger.OpenReader(ctx, s.o.Badges)
	if errors.Is(err, fs.ErrNotExist) {
		err = errNoBadges
	}
	return r, err
}

// Bounds on what pages show.
const (
	holdersShown = 300
	newestShown  = 12
	boardShown   = 10
)

// A badgesPage is all badges.
type badgesPage struct {
	Badges []badgeLine   `json:"badges"`
	Newest []awardLine   `json:"newest"`
	Month  string        `json:"month"`
	Board  []ledger.Rank `json:"board"`
}

// A badgeLine is a badge as a list shows it.
type badgeLine struct {
	Name    string      `json:"name"`
	Title   string      `json:"title"`
	Text    string      `json:"text"`
	Path    string      `json:"path"`
	Drawing string      `json:"drawing"` // address of the picture
	Levels  []levelLine `json:"levels"`
	Have    int64       `json:"have"` // how many have any level
}

type levelLine struct {
	Level   int    `json:"level"`
	Have    int64  `json:"have"`
	Drawing string `json:"drawing"`
	Several bool   `json:"-"` // the badge has several
}

// An awardLine is an award as a list shows it.
type awardLine struct {
	Badge      string    `json:"badge"`
	Title      string    `json:"title"`
	Level      int       `json:"level"`
	Several    bool      `json:"-"`
	Drawing    string    `json:"drawing"`
	Path       string    `json:"path"`
	Person     string    `json:"person"`
	Name       string    `json:"name"`
	PersonPath string    `json:"person_path"`
	Time       time.Time `json:"time"`
	Message    string    `json:"message"`
}

func badgePath(name string) string { return "/badges/" + name } // a name needs no escaping

func personPath(key string) string { return pathOf("badges/person", key) }

// picture is the address of the drawing of a badge's level: what it is drawn of stands in
// it, so that it needs no file, and is the same for ever.
func picture(b *rule.Badge, level int) string {
	q := url.Values{"sign": {b.Sign}}
	if n := len(b.Levels); n > 1 {
		q.Set("rank", strconv.Itoa(slices.Index(b.Levels, level)))
		q.Set("of", strconv.Itoa(n))
		q.Set("level", strconv.Itoa(level))
	}
	return "/badges/drawn/" + b.Name + ".svg?" + q.Encode()
}

func badgeLineOf(b ledger.Badge) badgeLine {
	l := badgeLine{Name: b.Name, Title: show.Line(b.Title), Text: show.Line(b.Text), Path: badgePath(b.Name)}
	l.Drawing = picture(&b.Badge, b.Levels[0])
	for _, level := range b.Levels {
		l.Levels = append(l.Levels, levelLine{level, b.Holders[level], picture(&b.Badge, level), len(b.Levels) > 1})
		if b.Holders[level] > 0 { // the highest that anybody has
			l.Drawing = picture(&b.Badge, level)
		}
	}
	l.Have = b.Holders[b.Levels[0]]
	return l
}

func awardLineOf(a ledger.Award) awardLine {
	name := a.Name
	if name == "" {
		name, _, _ = strings.Cut(a.Person, "@")
	}
	return awardLine{
		Badge: a.Badge, Title: show.Line(a.Title), Level: a.Level, Several: len(a.Rule.Levels) > 1, Drawing: picture(&a.Rule, a.Level), Path: badgePath(a.Badge),
		Person: a.Person, Name: show.Line(name), PersonPath: personPath(a.Person), Time: a.Time, Message: a.Message,
	}
}

func awardLines(list []ledger.Award) []awardLine {
	lines := make([]awardLine, len(list))
	for i, a := range list {
		lines[i] = awardLineOf(a)
	}
	return lines
}

// badges shows all badges, who earned some lately, and the month's board.
func (s *site) badges(w http.ResponseWriter, r *http.Request) {
	file, err := s.earned(r.Context())
	if err != nil {
		s.fault(w, r, err)
		return
	}
	defer file.Close()
	var p badgesPage
	list, err := file.Badges(r.Context())
	var newest []ledger.Award
	if err == nil {
		newest, err = file.Newest(r.Context(), newestShown)
	}
	if err == nil {
		now := s.o.Now().UTC()
		month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
		p.Month = month.Format("January 2006")
		p.Board, err = file.Board(r.Context(), month, month.AddDate(0, 1, 0), boardShown)
	}
	if err != nil {
		s.fault(w, r, err)
		return
	}
	for _, b := range list {
		p.Badges = append(p.Badges, badgeLineOf(b))
	}
	p.Newest = awardLines(newest)
	for i := range p.Board {
		if p.Board[i].Name = show.Line(p.Board[i].Name); p.Board[i].Name == "" {
			p.Board[i].Name, _, _ = strings.Cut(p.Board[i].Person, "@")
		}
	}
	if form, _ := formOf(r); form == jsonForm {
		answer(w, http.StatusOK, p)
		return
	}
	s.show(w, r, http.StatusOK, "badges", frame{Title: "Badges", Page: p})
}

// A badgePage is one badge, and who has it.
type badgePage struct {
	badgeLine
	Asks    []string    `json:"asks"` // the questions, as a search takes them
	Holders []awardLine `json:"holders"`
	Cut     bool        `json:"cut,omitempty"` // there are more
}

// badge shows a badge.
func (s *site) badge(w http.ResponseWriter, r *http.Request) {
	file, err := s.earned(r.Context())
	if err != nil {
		s.fault(w, r, err)
		return
	}
	defer file.Close()
	list, err := file.Badges(r.Context())
	name := r.PathValue("name")
	i := slices.IndexFunc(list, func(b ledger.Badge) bool { return b.Name == name })
	if err == nil && i < 0 {
		err = errNone
	}
	var holders []ledger.Award
	if err == nil {
		holders, err = file.Holders(r.Context(), name, holdersShown+1)
	}
	if err != nil {
		s.fault(w, r, err)
		return
	}
	p := badgePage{badgeLine: badgeLineOf(list[i]), Cut: len(holders) > holdersShown}
	p.Holders = awardLines(holders[:min(len(holders), holdersShown)])
	for _, part := range list[i].Parts {
		p.Asks = append(p.Asks, part.Query)
	}
	if form, _ := formOf(r); form == jsonForm {
		answer(w, http.StatusOK, p)
		return
	}
	s.show(w, r, http.StatusOK, "badge", frame{Title: p.Title, Page: p})
}

// A personPage is what one person earned.
type personPage struct {
	Person string      `json:"person"`
	Name   string      `json:"name"`
	Top    []awardLine `json:"-"` // of each badge the highest level
	Awards []awardLine `json:"awards"`
	Way    []wayLine   `json:"progress"`
	Ahead  []wayLine   `json:"ahead"` // nothing is done for it yet
}

// A wayLine is how far the person is with a badge that they do not have in full.
type wayLine struct {
	ledger.Progress
	Path    string `json:"-"`
	Drawing string `json:"-"`
	Part    int    `json:"-"` // of the way, in thousandths
	Says    string `json:"-"`
}

// person shows what somebody earned, and how far they are.
func (s *site) person(w http.ResponseWriter, r *http.Request) {
	file, err := s.earned(r.Context())
	if err != nil {
		s.fault(w, r, err)
		return
	}
	defer file.Close()
	name := r.PathValue("key")
	if name == "" {
		name = r.URL.Query().Get("name")
	}
	key, ok := rule.Key(name)
	if !ok {
		s.fault(w, r, errNone)
		return
	}
	p := personPage{Person: key}
	awards, err := file.Of(r.Context(), key)
	if err == nil {
		p.Name, err = file.Name(r.Context(), key)
	}
	var ways []ledger.Progress
	if err == nil {
		ways, err = file.Progress(r.Context(), key, s.o.Now())
	}
	if errors.Is(err, ledger.ErrNobody) {
		err = errors.Join(errNone, err)
	}
	if err != nil {
		s.fault(w, r, err)
		return
	}
	if p.Name = show.Line(p.Name); p.Name == "" {
		p.Name = key
	}
	p.Awards = awardLines(awards)
	for _, a := range p.Awards {
		if i := slices.IndexFunc(p.Top, func(t awardLine) bool { return t.Badge == a.Badge }); i < 0 {
			p.Top = append(p.Top, a)
		} else if a.Level > p.Top[i].Level {
			p.Top[i] = a
		}
	}
	for _, o := range ways {
		to := &p.Way
		if o.Have == 0 && o.Best == 0 {
			to = &p.Ahead
		}
		if o.Next > 0 {
			*to = append(*to, wayLine{o, badgePath(o.Badge), picture(&o.Rule, o.Next), 1000 * o.Have / max(1, o.Need), o.Say()})
		}
	}
	slices.SortStableFunc(p.Way, func(a, b wayLine) int { return b.Part - a.Part })
	if form, _ := formOf(r); form == jsonForm {
		answer(w, http.StatusOK, p)
		return
	}
	s.show(w, r, http.StatusOK, "person", frame{Title: "Badges of " + p.Name, Robots: "noindex", Page: p})
}

// drawn draws a badge of what the address says (see picture).
func (s *site) drawn(w http.ResponseWriter, r *http.Request) {
	name, ok := strings.CutSuffix(r.PathValue("file"), ".svg")
	q := r.URL.Query()
	m := medal.Medal{Name: name, Sign: q.Get("sign")}
	if q.Get("of") != "" {
		var errs [3]error
		m.Rank, errs[0] = strconv.Atoi(q.Get("rank"))
		m.Ranks, errs[1] = strconv.Atoi(q.Get("of"))
		m.Level, errs[2] = strconv.Atoi(q.Get("level"))
		ok = ok && errors.Join(errs[:]...) == nil
	}
	if !ok || !m.Possible() {
		s.fault(w, r, errNone)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "image/svg+xml")
	h.Set("Content-Security-Policy", "default-src 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "public, max-age=86400")
	_, _ = w.Write(m.SVG()) // who left is not to be told
}
