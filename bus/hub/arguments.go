package hub

import (
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"busbar/common/archive"
	"busbar/common/event"
)

// arguments are the parameters of /raw as datagrepper knows them (its app.py), and
// as the answer repeats them.
type arguments struct {
	Start         *float `json:"start"`
	Delta         *float `json:"delta"`
	End           *float `json:"end"`
	Users         texts  `json:"users"`
	Packages      texts  `json:"packages"`
	Categories    texts  `json:"categories"`
	Topics        texts  `json:"topics"`
	Agents        texts  `json:"agents"`
	Contains      texts  `json:"contains"`
	NotUsers      texts  `json:"not_users"`
	NotPackages   texts  `json:"not_packages"`
	NotCategories texts  `json:"not_categories"`
	NotTopics     texts  `json:"not_topics"`
	NotAgents     texts  `json:"not_agents"`
	Page          int    `json:"page"`
	RowsPerPage   int    `json:"rows_per_page"`
	Order         string `json:"order"`
	Meta          texts  `json:"meta"`

	callback string
	text     string // q: see archive.ParseQuery
	key      string // what two pages of one answer have in common
	closed   bool   // end is given: the answer does not grow
}

// texts is a list that is never null.
type texts []string

func (t texts) MarshalJSON() ([]byte, error) { return json.Marshal(append([]string{}, t...)) }

// A float is a number that Python reads as a float.
type float float64

func (f float) MarshalJSON() ([]byte, error) {
	text := strconv.FormatFloat(float64(f), 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return []byte(text), nil
}

func (f *float) time() time.Time {
	if f == nil {
		return time.Time{}
	}
	whole, fraction := math.Modf(float64(*f))
	return time.Unix(int64(whole), int64(fraction*1e9))
}

const (
	defaultRows = 25
	maxRows     = 100
	maxPage     = 1_000_000
	maxArgument = 64 // values of one parameter
)

var (
	metas    = []string{"summary", "text", "url", "app_icon", "agent_avatar", "usernames", "packages", "containers", "modules", "flatpaks", "date", "subtitle", "link", "icon", "secondary_icon", "title", "long_form", "avatars", "objects"}
	callback = regexp.MustCompile(`^[A-Za-z_$][\w$.]{0,63}$`)
)

// parseArguments reads them; now is what an open end means.
func parseArguments(q url.Values, now time.Time) (arguments, error) {
	a := arguments{
		Users: q["user"], Packages: q["package"], Categories: q["category"], Topics: q["topic"], Agents: q["agent"], Contains: q["contains"],
		NotUsers: q["not_user"], NotPackages: q["not_package"], NotCategories: q["not_category"], NotTopics: q["not_topic"], NotAgents: q["not_agent"],
		Page: 1, RowsPerPage: defaultRows, Order: "desc", Meta: q["meta"], callback: q.Get("callback"), text: q.Get("q"), closed: q.Get("end") != "",
	}
	for name, values := range q {
		if len(values) > maxArgument {
			return a, fmt.Errorf("%s is there %d times, at most %d are answered", name, len(values), maxArgument)
		}
	}
	var err error
	if a.Page, err = number(q, "page", 1, maxPage, 1); err != nil {
		return a, err
	}
	if a.RowsPerPage, err = number(q, "rows_per_page", 1, maxRows, defaultRows); err != nil {
		return a, err
	}
	if o := q.Get("order"); o != "" {
		a.Order = o
	}
	for name, known := range map[string][]string{
		"order": {"", "asc", "desc"}, "size": {"", "small", "medium", "large", "extra-large"}, "chrome": {"", "true", "false"},
	} {
		if !slices.Contains(known, q.Get(name)) {
			return a, fmt.Errorf("%s is %.40q, none of %s", name, q.Get(name), strings.Join(known[1:], ", "))
		}
	}
	for _, m := range a.Meta {
		if !slices.Contains(metas, m) {
			return a, fmt.Errorf("meta is %.40q, none of %s", m, strings.Join(metas, ", "))
		}
	}
	if a.callback != "" && !callback.MatchString(a.callback) {
		return a, fmt.Errorf("callback is %.40q, which is no name", a.callback)
	}
	if err := a.times(q, now); err != nil {
		return a, err
	}
	if len(a.Contains) > 0 {
		const months = 8 * 30 * 24 * time.Hour
		if len(a.Topics)+len(a.Categories) == 0 {
			return a, fmt.Errorf("contains needs a topic or a category beside it")
		}
		if a.Start == nil || now.Sub(a.Start.time()) > months {
			return a, fmt.Errorf("contains needs a start within the last eight months")
		}
	}
	common := url.Values{}
	for name, values := range q {
		if name != "page" && name != "callback" && name != "meta" {
			common[name] = values
		}
	}
	a.key = common.Encode()
	return a, nil
}

func number(q url.Values, name string, least, most, otherwise int) (int, error) {
	text := q.Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("%s is %.40q, not a number from %d to %d", name, text, least, most)
	}
	return n, nil
}

// times reads start, end and delta, of which two say the third.
func (a *arguments) times(q url.Values, now time.Time) (err error) {
	if a.Start, err = moment(q, "start"); err != nil {
		return err
	}
	if a.End, err = moment(q, "end"); err != nil {
		return err
	}
	if text := q.Get("delta"); text != "" {
		d, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(d) || d < 0 || d > 1e10 {
			return fmt.Errorf("delta is %.40q, not a number of seconds", text)
		}
		a.Delta = new(float)
		*a.Delta = float(d)
	}
	of := func(f float) *float { return &f }
	present := float(float64(now.UnixMilli()) / 1000)
	switch {
	case a.Start != nil && a.End != nil:
		a.Delta = of(*a.End - *a.Start)
	case a.Start != nil && a.Delta != nil:
		a.End, a.closed = of(*a.Start+*a.Delta), true
	case a.Start != nil:
		a.End = of(present)
		a.Delta = of(*a.End - *a.Start)
	case a.End != nil && a.Delta != nil:
		a.Start = of(*a.End - *a.Delta)
	case a.Delta != nil:
		a.End = of(present)
		a.Start = of(present - *a.Delta)
	}
	return nil
}

func moment(q url.Values, name string) (*float, error) {
	text := q.Get(name)
	if text == "" {
		return nil, nil
	}
	t, err := archive.ParseTime(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	f := float(float64(t.Unix()) + float64(t.Nanosecond())/1e9)
	return &f, nil
}

// query is what the archive is asked.
func (a *arguments) query(prefix string) (archive.Query, error) {
	q, err := archive.ParseQuery(a.text)
	if err != nil {
		return q, err
	}
	for _, c := range []struct {
		values texts
		archive.Condition
	}{
		{a.Users, archive.Condition{Kind: archive.Person, Match: archive.Named}},
		{a.Packages, archive.Condition{Kind: archive.Package}},
		{a.Categories, archive.Condition{Kind: archive.Category}},
		{a.Topics, archive.Condition{Kind: archive.Topic}},
		{a.Agents, archive.Condition{Kind: archive.Agent}},
		{a.NotUsers, archive.Condition{Kind: archive.Person, Match: archive.Named, Not: true}},
		{a.NotPackages, archive.Condition{Kind: archive.Package, Not: true}},
		{a.NotCategories, archive.Condition{Kind: archive.Category, Not: true}},
		{a.NotTopics, archive.Condition{Kind: archive.Topic, Not: true}},
		{a.NotAgents, archive.Condition{Kind: archive.Agent, Not: true}},
	} {
		if len(c.values) > 0 {
			c.Condition.Values = c.values
			q.Conditions = append(q.Conditions, c.Condition)
		}
	}
	q.Prefix, q.NewestFirst, q.Limit = prefix, a.Order == "desc", a.RowsPerPage
	if a.Start != nil {
		q.From = a.Start.time()
		if q.From.Nanosecond() > 0 { // times are whole seconds: the next one is the first within
			q.From = q.From.Add(time.Second)
		}
	}
	if a.End != nil {
		q.To = a.End.time()
	}
	if len(a.Contains) > 0 {
		q.Check = a.holds
	}
	return q, nil
}

// holds says whether the body of a message, as JSON, holds a text that is wanted.
func (a *arguments) holds(m archive.Message) bool {
	_, e, err := event.ParseMessage(m.Wire)
	if err != nil {
		return false
	}
	body, err := event.Canonical(e.Msg)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(a.Contains, func(want string) bool {
		escaped, err := event.Canonical(want)
		return err == nil && strings.Contains(string(body), strings.Trim(string(escaped), `"`))
	})
}
