package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"busbar/bus/chart"
	"busbar/common/archive"
	"busbar/common/event"
	"busbar/common/show"
)

// A period is what statistics are of.
type period struct {
	Name    string
	Hours   int
	Here    bool
	Address string
}

var periods = []period{{Name: "day", Hours: 24}, {Name: "week", Hours: 7 * 24}, {Name: "month", Hours: 30 * 24}, {Name: "year", Hours: 365 * 24}}

// A statisticsPage is how much was said.
type statisticsPage struct {
	Periods []period
	Of      string // what is counted; empty: all
	Chart   string
	Statistics
}

// Statistics are how much was said in a time: the answer of /statistics as JSON.
type Statistics struct {
	Of         string              `json:"of"`   // the period: day, week, month or year
	From       time.Time           `json:"from"` // the beginning of its first hour
	To         time.Time           `json:"to"`
	Total      int64               `json:"total"`
	Topics     []share             `json:"topics,omitempty"` // the most frequent; only where all there is is counted
	Publishers []share             `json:"publishers,omitempty"`
	Hours      []archive.HourCount `json:"hours"` // hours without any are left out
}

// A share is a part of all, in thousandths of the largest.
type share struct {
	Name  string `json:"name"`
	Path  string `json:"path"`
	Count int64  `json:"count"`
	Part  int64  `json:"-"`
}

const sharesShown = 40

// Periods are the names of all periods.
func Periods() []string {
	list := make([]string, len(periods))
	for i, p := range periods {
		list[i] = p.Name
	}
	return list
}

// Count counts what an archive has of a period up to now: of all (of is empty), or of one
// topic, package or person. An error that wraps archive.ErrQuery says what cannot be
// asked.
func Count(ctx context.Context, r *archive.Reader, prefix, name string, of map[string]string, now time.Time) (Statistics, error) {
	what, err := subjectOf(of)
	if err != nil {
		return Statistics{}, err
	}
	at := slices.IndexFunc(periods, func(p period) bool { return p.Name == name })
	if at < 0 {
		return Statistics{}, fmt.Errorf("%w: of is %.40q, none of %s", archive.ErrQuery, name, strings.Join(Periods(), ", "))
	}
	now = now.UTC()
	s := Statistics{Of: name, From: now.Truncate(time.Hour).Add(-time.Duration(periods[at].Hours-1) * time.Hour), To: now}
	if s.Hours, err = what.counts(ctx, r, prefix, s.From, now); err != nil {
		return s, err
	}
	for _, h := range s.Hours {
		s.Total += h.Count
	}
	if what.name != "" {
		return s, nil
	}
	for _, one := range []struct {
		kind archive.Kind
		to   *[]share
	}{{archive.Topic, &s.Topics}, {archive.Publisher, &s.Publishers}} {
		totals, err := r.Totals(ctx, one.kind, s.From, now, sharesShown)
		if err != nil {
			return s, err
		}
		*one.to = shares(prefix, one.kind, totals)
	}
	return s, nil
}

// Bars are the hours as a chart of at most so many bars.
func (s Statistics) Bars(most int) chart.Bars {
	return chart.New(s.Hours, s.From, int(s.To.Sub(s.From)/time.Hour)+1, most)
}

// statistics shows how much was said in a day, a week, a month or a year.
func (s *site) statistics(w http.ResponseWriter, r *http.Request) {
	args := r.URL.Query()
	name := args.Get("of")
	if !slices.Contains(Periods(), name) {
		name = "week"
	}
	of := named(args)
	counted, err := Count(r.Context(), s.o.Archive, s.o.Prefix, name, of, s.o.Now())
	if err != nil {
		s.fault(w, r, err)
		return
	}
	if form, _ := formOf(r); form == jsonForm {
		answer(w, http.StatusOK, counted)
		return
	}
	p := statisticsPage{Periods: slices.Clone(periods), Statistics: counted}
	kept := url.Values{}
	for name, value := range of {
		if value != "" {
			p.Of = name + " " + show.Line(value)
			kept.Set(name, value)
		}
	}
	for i := range p.Periods {
		one := &p.Periods[i]
		kept.Set("of", one.Name)
		one.Address = "/statistics?" + kept.Encode()
		if one.Here = one.Name == name; one.Here {
			p.Chart = "/chart.svg?" + kept.Encode()
		}
	}
	title := "Statistics"
	if p.Of != "" {
		title += ": " + p.Of
	}
	s.show(w, r, http.StatusOK, "statistics", frame{Title: title, Page: p})
}

func shares(prefix string, kind archive.Kind, totals []archive.Total) (list []share) {
	for _, t := range totals {
		if t.Count == 0 || t.Value == "" {
			continue
		}
		one := share{Name: t.Value, Path: pathOf("publisher", t.Value), Count: t.Count, Part: t.Count * 1000 / totals[0].Count}
		if kind == archive.Topic {
			one.Name = event.BareTopic(prefix, t.Value)
			one.Path = pathOf("topic", one.Name)
		}
		list = append(list, one)
	}
	return list
}
