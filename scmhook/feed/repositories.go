package feed

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"busbar/common/event"
)

// A Repository is one place where pushes go.
type Repository struct {
	System string // git, svn, hg
	Dir    string // git: the directory with HEAD; svn: with format; hg: with .hg
	Name   string // as the world knows it; bytes
	// linked says that the directory found was a work tree of another's.
	linked bool
}

// A Set is the repositories that paths and globs name. Only those are ever
// asked: a repository's own configuration can start programs.
type Set struct {
	patterns []string

	mu    sync.Mutex
	found map[string]Repository // by directory
	at    time.Time
	empty []string // patterns that named none at the last look
}

// NewSet takes absolute paths and globs (filepath.Match).
func NewSet(patterns []string) (*Set, error) {
	for _, p := range patterns {
		if !filepath.IsAbs(p) {
			return nil, fmt.Errorf("reading repositories: %q is not an absolute path", p)
		}
		if _, err := filepath.Match(p, ""); err != nil {
			return nil, fmt.Errorf("reading repositories: %q: %w", p, err)
		}
	}
	return &Set{patterns: patterns}, nil
}

// All looks for the repositories and gives them by name. With an error it gives
// those that were found all the same.
func (s *Set) All() ([]Repository, error) {
	look := search{began: time.Now(), found: map[string]Repository{}, names: map[string]string{}}
	for _, pattern := range s.patterns {
		look.pattern(pattern)
	}
	for _, r := range look.linked { // the repository itself has the first word
		look.add(r)
	}
	s.mu.Lock()
	s.found, s.at, s.empty = look.found, look.began, look.empty
	s.mu.Unlock()
	all := make([]Repository, 0, len(look.found))
	for _, r := range look.found {
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b Repository) int { return strings.Compare(a.Name+"\x00"+a.Dir, b.Name+"\x00"+b.Dir) })
	return all, errors.Join(look.errs...)
}

// Empty names the globs that named no repository at the last look.
func (s *Set) Empty() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.empty)
}

// A search is one look at all patterns.
type search struct {
	began  time.Time
	found  map[string]Repository // by directory
	names  map[string]string     // directory, by system and name
	linked []Repository
	empty  []string
	errs   []error
}

func (s *search) fail(format string, args ...any) {
	s.errs = append(s.errs, fmt.Errorf("looking for repositories: "+format, args...))
}

func (s *search) pattern(pattern string) {
	paths, err := filepath.Glob(pattern)
	if err != nil {
		s.errs = append(s.errs, err)
	}
	plain := !strings.ContainsAny(pattern, `*?[\`)
	if plain && len(paths) == 0 {
		s.fail("%s is not there", pattern)
	}
	any := false
	for _, path := range paths {
		r, err := Recognize(path)
		switch {
		case err == nil:
		case !errors.Is(err, ErrNone) || plain:
			s.fail("%s: %w", path, err)
			continue
		default:
			continue // something else beside them
		}
		any = true
		if r.Name = name(pattern, path); r.linked {
			s.linked = append(s.linked, r)
		} else {
			s.add(r)
		}
	}
	if !any && !plain {
		s.empty = append(s.empty, pattern)
	}
}

func (s *search) add(r Repository) {
	if _, twice := s.found[r.Dir]; twice {
		return
	}
	if other, taken := s.names[r.System+" "+r.Name]; taken {
		s.fail("%s and %s would both be called %s; name them by one pattern that begins above both, or leave one out", other, r.Dir, event.Escape(r.Name))
		return
	}
	s.names[r.System+" "+r.Name] = r.Dir
	s.found[r.Dir] = r
}

// Called is what a repository at a path is called, if one of the patterns names that
// path; whether it is there is not looked at.
func (s *Set) Called(path string) (string, bool) {
	for _, pattern := range s.patterns {
		if fits, err := filepath.Match(filepath.Clean(pattern), filepath.Clean(path)); err == nil && fits {
			return name(pattern, path), true
		}
	}
	return "", false
}

// rest is between two looks at the globs for repositories that are not known.
const rest = time.Second

// Find is the repository in a directory that a hook named. It looks again, after
// a rest, where it is not known: repositories are made all the time.
func (s *Set) Find(system, dir string) (Repository, bool) {
	r, err := Recognize(dir)
	if err != nil || r.System != system {
		return Repository{}, false
	}
	s.mu.Lock()
	known, ok := s.found[r.Dir]
	stale := time.Since(s.at) > rest
	s.mu.Unlock()
	if ok || !stale {
		return known, ok
	}
	_, _ = s.All() // what is wrong with others is said at each comparing
	s.mu.Lock()
	defer s.mu.Unlock()
	known, ok = s.found[r.Dir]
	return known, ok
}

// Again is when to ask for a repository once more that was not found, since it
// may have been made after the last look. Zero: a look has come after the call of
// its hook.
func (s *Set) Again(called time.Time) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if called.After(time.Now()) || s.at.After(called) {
		return time.Time{}
	}
	return s.at.Add(rest + time.Millisecond)
}

// name is a repository's path below the part of the pattern without wildcards,
// and without .git: "group/hello".
func name(pattern, path string) string {
	fixed := pattern
	for strings.ContainsAny(fixed, `*?[\`) {
		fixed = filepath.Dir(fixed)
	}
	path = strings.TrimSuffix(filepath.Clean(path), "/.git")
	rel, err := filepath.Rel(fixed, path)
	if err != nil || rel == "." || strings.HasPrefix(rel, "..") {
		rel = filepath.Base(path)
	}
	if short := strings.TrimSuffix(rel, ".git"); short != "" {
		rel = short
	}
	return rel
}
