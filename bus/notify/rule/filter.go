package rule

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"busbar/bus/notify/keyword"
	"busbar/common/archive"
)

// A Filter is a question in the language of `bus search`, with some words more:
//
//	package:@mine     the packages that the person maintains
//	package:@kitchen  those of the set kitchen; also bug:@, person:@, list:@ and all others
//	bug:@mine         bugs that the person reported
//	person:me         events that name the person
//	keyword:bts       the package tracker's keyword
//
// As there, each can be turned around with a - before it.
type Filter struct {
	Text string

	query    archive.Query // what is not below
	is       []isOne
	me       no
	reported no
	never    bool // an empty set is asked for
	old      bool // it asks for old names of events
}

// isOne is a condition that a name of a kind is one of many.
type isOne struct {
	kind   archive.Kind // 0: the keyword
	not    bool
	values map[string]bool
}

// no is a condition that may be there, turned around or not.
type no struct{ wanted, not bool }

// exact are the fields whose values must be equal.
var exact = map[string]archive.Kind{
	"keyword": 0, "category": archive.Category, "publisher": archive.Publisher, "agent": archive.Agent, "package": archive.Package, "source": archive.Package,
	"bug": archive.Bug, "suite": archive.Suite, "architecture": archive.Architecture, "list": archive.List, "severity": archive.Severity,
}

// maxValues bounds what a filter's sets stand for.
const maxValues = 50_000

// A Resolve gives the values of a set; false: there is no such set.
type Resolve func(set string) ([]string, bool)

// ParseFilter reads a filter. mine are the person's packages.
func ParseFilter(text, prefix string, mine []string, sets Resolve) (*Filter, error) {
	f := &Filter{Text: text}
	total := 0
	q, err := archive.ParseQueryWith(text, func(q *archive.Query, field, value string, not bool) (bool, error) {
		switch {
		case field == "since" || field == "until":
			return true, fmt.Errorf("%s: means nothing in a rule, which is about what comes", field)
		case field == "person" && value == "me":
			return true, f.me.set(not, "person:me")
		case field == "bug" && value == "@mine":
			return true, f.reported.set(not, "bug:@mine")
		case field == "topic" && (strings.HasPrefix(value, "debmessenger") || strings.HasPrefix(value, "debexpo")):
			f.old = true
			return false, nil
		}
		kind, isExact := exact[field]
		if value == "" || !isExact && !strings.HasPrefix(value, "@") {
			return false, nil
		}
		values := []string{value}
		if set, ok := strings.CutPrefix(value, "@"); ok {
			switch {
			case set == "mine" && field != "package" && field != "source":
				return true, fmt.Errorf("%s:@mine is nothing (package:@mine and bug:@mine are)", field)
			case set == "mine":
				values = mine
			default:
				if values, ok = sets(set); !ok {
					return true, fmt.Errorf("there is no set %q (it would be a table [sets.%s])", set, set)
				}
			}
		}
		if total += len(values); total > maxValues {
			return true, fmt.Errorf("its sets have more than %d values", maxValues)
		}
		if field == "keyword" {
			if bad := slices.IndexFunc(values, func(v string) bool { return !keyword.Known(v) }); bad >= 0 {
				return true, fmt.Errorf("%q is no keyword (they are %s)", values[bad], strings.Join(keyword.All(), ", "))
			}
		}
		if isExact {
			f.add(kind, not, values)
			return true, nil
		}
		if !q.Add(field, not, values...) {
			return false, nil
		}
		f.never = f.never || len(values) == 0 && !not
		return true, nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading filter %.200q: %w", text, err)
	}
	q.Prefix = prefix
	f.query = q
	if !f.never && !f.asks() {
		return nil, fmt.Errorf("reading filter %.200q: it takes everything, or leaves out a little of everything (say what is wanted, such as package:hello)", text)
	}
	return f, nil
}

// asks says whether something is wanted, and not only left out.
func (f *Filter) asks() bool {
	return len(f.query.Words) > 0 || f.me == (no{true, false}) || f.reported == (no{true, false}) ||
		slices.ContainsFunc(f.is, func(one isOne) bool { return !one.not }) || slices.ContainsFunc(f.query.Conditions, func(c archive.Condition) bool { return !c.Not })
}

func (n *no) set(not bool, what string) error {
	if n.wanted && n.not != not {
		return errors.New(what + " is wanted and left out")
	}
	*n = no{true, not}
	return nil
}

func (f *Filter) add(kind archive.Kind, not bool, values []string) {
	for i := range f.is {
		if f.is[i].kind == kind && f.is[i].not == not {
			for _, v := range values {
				f.is[i].values[v] = true
			}
			return
		}
	}
	one := isOne{kind, not, make(map[string]bool, len(values))}
	for _, v := range values {
		one.values[v] = true
	}
	f.is = append(f.is, one)
}

// Of is what a filter needs to know of its person.
type Of struct {
	Person *Person
	// Reported says whether the person reported a bug. Nil: nobody did.
	Reported func(bug string) bool
}

// Takes says whether a filter wants an event.
func (f *Filter) Takes(ev *Event, of Of) bool {
	if f.never || ev.Old() && !f.old {
		return false
	}
	for _, one := range f.is {
		if one.takes(ev) == one.not {
			return false
		}
	}
	if f.me.wanted && of.Person.among(ev.People) == f.me.not {
		return false
	}
	if f.reported.wanted && (of.Reported != nil && slices.ContainsFunc(ev.Bugs, of.Reported)) == f.reported.not {
		return false
	}
	return f.query.TakesSubject(ev.Subject)
}

func (one isOne) takes(ev *Event) bool {
	if one.kind == 0 {
		return one.values[ev.Keyword]
	}
	return slices.ContainsFunc(ev.valuesOf(one.kind), func(v string) bool { return one.values[v] })
}

func (ev *Event) valuesOf(kind archive.Kind) []string {
	switch kind {
	case archive.Package:
		return ev.Packages
	case archive.Bug:
		return ev.Bugs
	}
	return ev.Subject.Values(kind)
}

// among says whether one of the addresses is the person's.
func (p *Person) among(addresses []string) bool {
	return slices.ContainsFunc(addresses, func(a string) bool { return a != "" && slices.Contains(p.Addresses, a) })
}
