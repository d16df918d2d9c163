package rule

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"busbar/bus/rulefile"
	"busbar/common/config"
)

// Files reads badges from a *.toml file, or from those of a folder, as an administrator
// writes them (docs/howto/badges.md). A folder that is not there has none.
type Files struct {
	Path   string
	Prefix string // of the bus's topics
}

// A Set is all badges, and who gets none.
type Set struct {
	Badges []*Badge // by name
	OptOut []string // keys of people who want no badges
	Never  []string // patterns of keys that are no people: * stands for anything
}

// Bounds on what files may hold.
const (
	maxFiles  = 2000
	maxBadges = 2000
	maxLevels = 20
	maxLevel  = 100_000
	maxParts  = 16
	maxOut    = 100_000
	maxTitle  = 80  // bytes
	maxText   = 500 // bytes
)

// The forms of the files.
type (
	fileForm struct {
		OptOut []string    `toml:"optout"`
		Never  []string    `toml:"never"`
		Badges []badgeForm `toml:"badge"`
	}
	badgeForm struct {
		Name      string          `toml:"name"`
		Title     string          `toml:"title"`
		Text      string          `toml:"text"`
		Sign      string          `toml:"sign"`
		Criterion string          `toml:"criterion"`
		Who       string          `toml:"who"`
		Query     string          `toml:"query"`
		Levels    []int           `toml:"levels"`
		Unit      string          `toml:"unit"`
		Of        string          `toml:"of"`
		Same      string          `toml:"same"`
		Within    config.Duration `toml:"within"`
		Parts     []partForm      `toml:"part"`
		Off       bool            `toml:"off"`
	}
	partForm struct {
		Query  string `toml:"query"`
		Who    string `toml:"who"`
		Anyone bool   `toml:"anyone"`
	}
)

// machines are those that never earn, wherever they are.
var machines = []string{"*@buildd.debian.org", "*@*.buildd.debian.org", "ftpmaster@*", "dak@*", "owner@bugs.debian.org", "noreply@*", "no-reply@*", "mailer-daemon@*"}

// A reading is what was read so far.
type reading struct {
	Files
	set    Set
	faults rulefile.Faults
}

// Read reads all files. Its error names all that is wrong in them.
func (f Files) Read() (Set, error) {
	names, err := f.names()
	if err != nil {
		return Set{}, fmt.Errorf("reading badges: %w", err)
	}
	r := &reading{Files: f}
	for _, name := range names {
		r.file(name)
	}
	if err := r.faults.Err(); err != nil {
		return Set{}, fmt.Errorf("reading badges: %w", err)
	}
	slices.SortFunc(r.set.Badges, func(a, b *Badge) int { return cmp.Compare(a.Name, b.Name) })
	r.set.Never = append(r.set.Never, machines...)
	for _, list := range []*[]string{&r.set.OptOut, &r.set.Never} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return r.set, nil
}

func (f Files) names() ([]string, error) {
	info, err := os.Stat(f.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && strings.HasSuffix(f.Path, ".toml"):
		return nil, err
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case !info.IsDir():
		return []string{f.Path}, nil
	}
	names, err := filepath.Glob(filepath.Join(f.Path, "*.toml"))
	if err == nil && len(names) > maxFiles {
		err = fmt.Errorf("%s has more than %d files", f.Path, maxFiles)
	}
	return names, err
}

func (r *reading) file(name string) {
	var form fileForm
	if !r.faults.Decode(name, &form, "docs/howto/badges.md") {
		return
	}
	for _, who := range form.OptOut {
		key, ok := Key(who)
		if !ok || len(r.set.OptOut) >= maxOut {
			r.faults.Add(name, "optout: %q is no address or account, or there are more than %d", who, maxOut)
			continue
		}
		r.set.OptOut = append(r.set.OptOut, key)
	}
	for _, pattern := range form.Never {
		pattern = strings.ToLower(pattern)
		if _, err := path.Match(pattern, ""); err != nil || pattern == "" || len(r.set.Never) >= maxOut {
			r.faults.Add(name, "never: %q is no pattern such as *@buildd.example.org", pattern)
			continue
		}
		r.set.Never = append(r.set.Never, pattern)
	}
	for i, b := range form.Badges {
		r.badge(name, i, b)
	}
}

var nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)

func (r *reading) badge(file string, n int, form badgeForm) {
	where := fmt.Sprintf("%s: badge %s", file, cmp.Or(form.Name, fmt.Sprint(n+1)))
	if !nameForm.MatchString(form.Name) {
		r.faults.Add(where, "its name is not of small letters, digits and -")
	}
	if i := slices.IndexFunc(r.set.Badges, func(b *Badge) bool { return b.Name == form.Name }); i >= 0 {
		r.faults.Add(where, "it is in %s, too", r.set.Badges[i].File)
		return
	}
	b, errs := form.badge(r.Prefix)
	for _, err := range errs {
		r.faults.Add(where, "%w", err)
	}
	if b.File = file; len(r.set.Badges) >= maxBadges {
		r.faults.Add(where, "there are more than %d badges", maxBadges)
	} else if !form.Off {
		r.set.Badges = append(r.set.Badges, b)
	}
}

// Hides says that a person never earns: somebody who opted out (out), or no person.
func (s *Set) Hides(key string) (out, never bool) {
	_, out = slices.BinarySearch(s.OptOut, key)
	return out, slices.ContainsFunc(s.Never, func(pattern string) bool {
		ok, err := path.Match(pattern, key)
		return err == nil && ok
	})
}

// Badge is one by its name; nil: there is none.
func (s *Set) Badge(name string) *Badge {
	i := slices.IndexFunc(s.Badges, func(b *Badge) bool { return b.Name == name })
	if i < 0 {
		return nil
	}
	return s.Badges[i]
}
