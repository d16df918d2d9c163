package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"busbar/bus/chart"
	"busbar/common/archive"
)

const (
	chartBars = 168 // at most: longer times are gathered
	maxChart  = 366 * 24
)

// chart draws how many messages came, a bar for each hour or more: of all, of what is
// under a topic, of a package or a person.
func (s *site) chart(media string, draw func(chart.Bars) ([]byte, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		bars, err := s.bars(r)
		if err != nil {
			s.fault(w, r, err)
			return
		}
		picture, err := draw(bars)
		if err != nil {
			s.fault(w, r, err)
			return
		}
		w.Header().Set("Content-Type", media)
		w.Header().Set("Cache-Control", "public, max-age=60")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		_, _ = w.Write(picture) // who left is not to be told
	}
}

// bars are what an address asks for.
func (s *site) bars(r *http.Request) (chart.Bars, error) {
	args := r.URL.Query()
	hours := 48
	for _, p := range periods {
		if p.Name == args.Get("of") {
			hours = p.Hours
		}
	}
	if text := args.Get("hours"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxChart {
			return chart.Bars{}, fmt.Errorf("%w: hours is %.40q, not a number from 1 to %d", errAsk, text, maxChart)
		}
		hours = n
	}
	of, err := subjectOf(named(args))
	if err != nil {
		return chart.Bars{}, err
	}
	now := s.o.Now().UTC()
	from := now.Truncate(time.Hour).Add(-time.Duration(hours-1) * time.Hour)
	list, err := of.counts(r.Context(), s.o.Archive, s.o.Prefix, from, now)
	return chart.New(list, from, hours, chartBars), err
}

// A subject is what is counted: all there is, or what is under a topic, of a package or of
// a person.
type subject struct {
	name, value string
	condition   archive.Condition
}

var subjects = map[string]archive.Condition{
	"topic":   {Kind: archive.Topic, Match: archive.Under},
	"package": {Kind: archive.Package},
	"person":  {Kind: archive.Person, Match: archive.Holds},
}

// subjectOf reads what an address, or a command, asks for: one of topic, package and
// person.
func subjectOf(args map[string]string) (s subject, err error) {
	for _, name := range []string{"topic", "package", "person"} {
		value := args[name]
		if value == "" {
			continue
		}
		if s.name != "" {
			return s, fmt.Errorf("%w: %s and %s are not counted together", archive.ErrQuery, s.name, name)
		}
		s = subject{name, value, subjects[name]}
		s.condition.Values = []string{value}
	}
	return s, nil
}

// counts are the messages of each hour.
func (s subject) counts(ctx context.Context, r *archive.Reader, prefix string, from, to time.Time) (list []archive.HourCount, err error) {
	if s.name == "" {
		return r.Hours(ctx, 0, "", from, to)
	}
	return r.Hourly(ctx, s.condition, prefix, from, to)
}

func named(args url.Values) map[string]string {
	list := map[string]string{}
	for name := range subjects {
		list[name] = args.Get(name)
	}
	return list
}
