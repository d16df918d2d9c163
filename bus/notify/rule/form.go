package rule

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"busbar/common/config"
)

// A Form is a rule as people write it, in files or in a form of a page.
type Form struct {
	Who       []string        `toml:"who" json:"-"` // in files, of a rule outside of people
	Name      string          `toml:"name" json:"name,omitempty"`
	Ready     string          `toml:"ready" json:"ready,omitempty"`
	Filter    string          `toml:"filter" json:"filter,omitempty"`
	To        []string        `toml:"to" json:"to,omitempty"`
	When      string          `toml:"when" json:"when,omitempty"`
	At        string          `toml:"at" json:"at,omitempty"`
	On        string          `toml:"on" json:"on,omitempty"`
	Settle    config.Duration `toml:"settle" json:"settle,omitempty"`
	Fold      config.Duration `toml:"fold" json:"fold,omitempty"`
	Except    []string        `toml:"except" json:"except,omitempty"`
	Recovered bool            `toml:"recovered" json:"recovered,omitempty"`
	Off       bool            `toml:"off" json:"off,omitempty"`
}

// MaxName bounds the name of a rule in bytes.
const MaxName = 100

// Rule is the rule that a form means, for a person; nil where its filter cannot be read.
// check is asked about each address (nil: nobody is).
func (f Form) Rule(p *Person, prefix string, sets Resolve, check func(Address) error) (*Rule, []error) {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	r := &Rule{Name: cmp.Or(f.Name, f.Ready), Settle: time.Duration(f.Settle), Fold: defaultFold, Recovered: f.Recovered, Off: f.Off, To: p.To}
	text := f.Filter
	if f.Ready != "" {
		ready, ok := readyMade(f.Ready)
		if !ok {
			return nil, []error{fmt.Errorf("there is no ready-made rule %.80q", f.Ready)}
		}
		text, r.Own = strings.TrimSpace(ready.Filter+" "+text), ready.Own
	}
	if len(r.Name) == 0 || len(r.Name) > MaxName {
		bad("it has no name, or one longer than %d bytes", MaxName)
	}
	if f.Fold != 0 {
		r.Fold = time.Duration(f.Fold)
	}
	if r.Settle < 0 || r.Settle > 24*time.Hour || r.Fold < 0 || r.Fold > 24*time.Hour {
		bad("settle and fold are between 0s and 24h")
	}
	for _, what := range f.Except {
		switch what {
		case "own":
			r.Own = true
		case "mailed":
			r.Mailed = true
		default:
			bad("except %q is none of own, mailed", what)
		}
	}
	var err error
	if r.When, err = ParseWhen(f.When, f.At, f.On); err != nil {
		errs = append(errs, err)
	}
	if len(f.To) > 0 {
		var wrong []error
		r.To, wrong = addresses(f.To, check)
		errs = append(errs, wrong...)
	}
	if r.Filter, err = ParseFilter(text, prefix, p.Packages, sets); err != nil {
		return nil, append(errs, err)
	}
	return r, errs
}

// addresses reads some, each once.
func addresses(list []string, check func(Address) error) (to []Address, errs []error) {
	for _, text := range list {
		a, err := ParseAddress(text)
		if err == nil && check != nil {
			err = check(a)
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if !slices.Contains(to, a) {
			to = append(to, a)
		}
	}
	return to, errs
}

// Join adds the people who keep their rules themselves to those of files. Who is in both, by
// their first address, is one person with both's rules: the name and the limits are the
// files'. keys are the names under which the added ones are known, by their own.
func Join(files, own []*Person) (all []*Person, keys map[string]string, err error) {
	by := map[string]int{}
	for i, p := range files {
		for _, a := range p.Addresses {
			if _, known := by[a]; !known {
				by[a] = i
			}
		}
	}
	all, keys = slices.Clone(files), map[string]string{}
	for _, p := range own {
		if len(p.Addresses) == 0 {
			return nil, nil, errors.New("joining people: " + p.Key + " has no address")
		}
		i, known := by[p.Addresses[0]]
		if !known {
			keys[p.Key] = p.Key
			all = append(all, p)
			continue
		}
		both := *all[i]
		both.Rules = slices.Concat(both.Rules, p.Rules)
		both.Paused = both.Paused || p.Paused
		all[i], keys[p.Key] = &both, both.Key
	}
	slices.SortStableFunc(all, func(a, b *Person) int { return cmp.Compare(a.Key, b.Key) })
	return all, keys, nil
}
