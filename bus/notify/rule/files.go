package rule

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"busbar/bus/rulefile"
	"busbar/common/config"
)

// Files reads people and rules from the *.toml files of a folder, as an administrator
// writes them (docs/howto/notify.md). A folder that is not there has none.
type Files struct {
	Dir    string
	Prefix string // of the bus's topics
	// Check says whether there is such a destination, and whether the address may be
	// one of it. Nil: nobody is asked.
	Check func(Address) error
}

// Bounds on what a folder may hold.
const (
	maxFiles  = 10_000
	maxPeople = 20_000
	maxRules  = 200 // of one person
)

// The forms of the files.
type (
	fileForm struct {
		Maintainers struct {
			Files []string `toml:"files"`
		} `toml:"maintainers"`
		Sets   map[string]setForm    `toml:"sets"`
		People map[string]personForm `toml:"people"`
		Rules  []Form                `toml:"rules"`
	}
	setForm struct {
		Values []string `toml:"values"`
		File   string   `toml:"file"`
	}
	personForm struct {
		Name      string          `toml:"name"`
		Addresses []string        `toml:"addresses"`
		To        []string        `toml:"to"`
		Zone      string          `toml:"zone"`
		Quiet     string          `toml:"quiet"`
		Limit     int             `toml:"limit"`
		Within    config.Duration `toml:"within"`
		Packages  []string        `toml:"packages"`
		Paused    bool            `toml:"paused"`
		Rules     []Form          `toml:"rules"`
	}
)

// A reading is what was read so far.
type reading struct {
	Files
	sets       map[string][]string
	maintained map[string][]string // address, lower case: packages
	people     map[string]*Person
	forms      map[string]personForm
	shared     map[string][]Form // by file
	faults     rulefile.Faults
}

// Read is the people of the Book.
func (f Files) Read(ctx context.Context) ([]*Person, error) {
	b, err := f.Book(ctx)
	return b.People, err
}

// Book reads all files. Its error names all that is wrong in them.
func (f Files) Book(ctx context.Context) (Book, error) {
	names, err := filepath.Glob(filepath.Join(f.Dir, "*.toml"))
	if err != nil {
		return Book{}, fmt.Errorf("reading rules: %w", err)
	}
	if len(names) == 0 {
		if _, err := os.Stat(f.Dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return Book{}, fmt.Errorf("reading rules: %w", err)
		}
	}
	if len(names) > maxFiles {
		return Book{}, fmt.Errorf("reading rules: %s has more than %d files", f.Dir, maxFiles)
	}
	r := &reading{Files: f, sets: map[string][]string{}, maintained: map[string][]string{}, people: map[string]*Person{}, forms: map[string]personForm{}, shared: map[string][]Form{}}
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return Book{}, err
		}
		r.file(name)
	}
	for _, key := range slices.Sorted(maps.Keys(r.people)) {
		r.rules(r.people[key], r.forms[key].Rules)
	}
	for _, file := range slices.Sorted(maps.Keys(r.shared)) {
		for _, form := range r.shared[file] {
			r.sharedRule(file, form)
		}
	}
	if err := r.faults.Err(); err != nil {
		return Book{}, fmt.Errorf("reading rules: %w", err)
	}
	list := slices.Collect(maps.Values(r.people))
	slices.SortFunc(list, func(a, b *Person) int { return cmp.Compare(a.Key, b.Key) })
	return Book{People: list, Sets: r.sets, Maintained: r.maintained}, nil
}

// file reads one, but the rules, which may use the sets of another.
func (r *reading) file(name string) {
	var form fileForm
	if !r.faults.Decode(name, &form, "docs/howto/notify.md") {
		return
	}
	for set, values := range form.Sets {
		if _, twice := r.sets[set]; twice || set == "mine" {
			r.faults.Add(name, "the set %s is there already", set)
			continue
		}
		list := slices.Clone(values.Values)
		if values.File != "" {
			more, err := readLines(beside(name, values.File))
			if err != nil {
				r.faults.Add(name, "set %s: %w", set, err)
			}
			list = append(list, more...)
		}
		r.sets[set] = append([]string{}, list...)
	}
	for _, file := range form.Maintainers.Files {
		if err := r.maintainers(beside(name, file)); err != nil {
			r.faults.Add(name, "maintainers: %w", err)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(form.People)) {
		r.person(name, key, form.People[key])
	}
	r.shared[name] = form.Rules
}

var keyForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._+-]{0,63}$`)

func (r *reading) person(file, key string, form personForm) {
	where := file + ": people." + key
	switch {
	case r.people[key] != nil:
		r.faults.Add(where, "is in %s, too", r.people[key].Origin)
		return
	case !keyForm.MatchString(key):
		r.faults.Add(where, "the name is not of small letters, digits and . _ + -")
		return
	case len(r.people) >= maxPeople:
		r.faults.Add(where, "there are more than %d people", maxPeople)
		return
	}
	p := &Person{Key: key, Name: form.Name, Paused: form.Paused, Origin: file, Limit: DefaultLimit(), Packages: form.Packages, Zone: time.UTC}
	for _, a := range form.Addresses {
		p.Addresses = append(p.Addresses, strings.ToLower(a))
	}
	var err error
	if p.Zone, err = ParseZone(form.Zone); err != nil {
		r.faults.Add(where, "%w", err)
	}
	if p.Quiet, err = ParseQuiet(form.Quiet); err != nil {
		r.faults.Add(where, "%w", err)
	}
	if form.Limit != 0 {
		p.Limit.Notes = form.Limit
	}
	if form.Within != 0 {
		p.Limit.Within = time.Duration(form.Within)
	}
	if err := p.Limit.Check(); err != nil {
		r.faults.Add(where, "%w", err)
	}
	p.To = r.addresses(where, form.To)
	r.people[key], r.forms[key] = p, form
}

func (r *reading) addresses(where string, list []string) []Address {
	to, errs := addresses(list, r.Check)
	for _, err := range errs {
		r.faults.Add(where, "%w", err)
	}
	return to
}

// rules are read when all sets are known.
func (r *reading) rules(p *Person, forms []Form) {
	where := p.Origin + ": people." + p.Key
	var mine []string
	for _, name := range p.Packages {
		set, ok := strings.CutPrefix(name, "@")
		if !ok {
			mine = append(mine, name)
		} else if values, known := r.sets[set]; known {
			mine = append(mine, values...)
		} else {
			r.faults.Add(where, "there is no set %q", set)
		}
	}
	for _, a := range p.Addresses {
		mine = append(mine, r.maintained[a]...)
	}
	slices.Sort(mine)
	p.Packages = slices.Compact(mine)
	if len(forms) > maxRules {
		r.faults.Add(where, "it has more than %d rules", maxRules)
		return
	}
	for i, form := range forms {
		if len(form.Who) > 0 {
			r.faults.Add(where, "rule %q: who is for rules outside of people", form.Name)
		}
		r.rule(fmt.Sprintf("%s: rule %s", where, cmp.Or(form.Name, fmt.Sprint(i+1))), p, form)
	}
}

// sharedRule is one for several people: who are their names, or sets of them.
func (r *reading) sharedRule(file string, form Form) {
	where := file + ": rule " + form.Name
	if len(form.Who) == 0 {
		r.faults.Add(where, "it has no who")
	}
	for _, who := range form.Who {
		names := []string{who}
		if set, ok := strings.CutPrefix(who, "@"); ok {
			names = r.sets[set]
			if _, known := r.sets[set]; !known {
				r.faults.Add(where, "there is no set %q", set)
			}
		}
		for _, name := range names {
			if p := r.people[name]; p == nil {
				r.faults.Add(where, "there is nobody %q", name)
			} else if len(p.Rules) < maxRules {
				r.rule(where, p, form)
			} else {
				r.faults.Add(where, "%s has more than %d rules", name, maxRules)
			}
		}
	}
}

func (r *reading) rule(where string, p *Person, form Form) {
	rule, errs := form.Rule(p, r.Prefix, r.resolve, r.Check)
	for _, err := range errs {
		r.faults.Add(where, "%w", err)
	}
	if rule != nil {
		p.Rules = append(p.Rules, rule)
	}
}

func (r *reading) resolve(set string) ([]string, bool) {
	values, ok := r.sets[set]
	return values, ok
}

func beside(file, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(file), name)
}

// readLines are the lines of a file, without empty ones and comments (#).
func readLines(name string) ([]string, error) {
	raw, err := rulefile.Bounded(name)
	var list []string
	for line := range bytes.Lines(raw) {
		line, _, _ = bytes.Cut(line, []byte("#"))
		if text := strings.TrimSpace(string(line)); text != "" {
			list = append(list, text)
		}
	}
	return list, err
}

// maintainers reads the archive's lists Maintainers and Uploaders: lines of a package,
// blanks, and "Name <address>".
func (r *reading) maintainers(name string) error {
	lines, err := readLines(name)
	for _, line := range lines {
		pkg, who, ok := strings.Cut(strings.ReplaceAll(line, "\t", " "), " ")
		if !ok {
			return fmt.Errorf("%s: %.80q is no package and its maintainer", name, line)
		}
		a := strings.ToLower(addressOf(" " + strings.TrimSpace(who)))
		r.maintained[a] = append(r.maintained[a], pkg)
	}
	return err
}
