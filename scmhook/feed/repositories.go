package feed

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Repository is one place where pushes go.
type Repository struct {
	System string // git, svn, hg
	Dir    string // git: the directory with HEAD; svn: with format; hg: with .hg
	Name   string // as the world knows it
}

// A Set is the repositories that paths and globs name. Only those are ever
// asked: a repository's own configuration can start programs.
type Set struct {
	patterns []string

	mu    sync.Mutex
	found map[string]Repository // by directory
	at    time.Time
	empty []string // globs that named no repository at the last look
}

// Empty are the globs that named no repository at the last look of All.
func (s *Set) Empty() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.empty)
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
	began := time.Now()
	found := map[string]Repository{}
	names := map[string]string{}
	var errs []error
	var empty []string
	for _, pattern := range s.patterns {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			errs = append(errs, err)
		}
		plain := !strings.ContainsAny(pattern, `*?[\`)
		if plain && len(paths) == 0 {
			errs = append(errs, fmt.Errorf("looking for repositories: %s is not there", pattern))
		}
		any := false
		for _, path := range paths {
			r, ok := Recognize(path)
			any = any || ok
			if !ok {
				if plain {
					errs = append(errs, fmt.Errorf("looking for repositories: %s is no git, svn or hg repository", path))
				}
				continue
			}
			if _, twice := found[r.Dir]; twice {
				continue
			}
			r.Name = name(pattern, path)
			if other, taken := names[r.System+" "+r.Name]; taken {
				errs = append(errs, fmt.Errorf("looking for repositories: %s and %s would both be called %s; name them by one pattern that begins above both, or leave one out", other, r.Dir, r.Name))
				continue
			}
			names[r.System+" "+r.Name] = r.Dir
			found[r.Dir] = r
		}
		if !any && !plain {
			empty = append(empty, pattern)
		}
	}
	s.mu.Lock()
	s.found, s.at, s.empty = found, began, empty
	s.mu.Unlock()
	all := make([]Repository, 0, len(found))
	for _, r := range found {
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b Repository) int { return strings.Compare(a.Name+"\x00"+a.Dir, b.Name+"\x00"+b.Dir) })
	return all, errors.Join(errs...)
}

// rest is between two looks at the globs for repositories that are not known.
const rest = time.Second

// Find is the repository in a directory that a hook named. It looks again, after
// a rest, where it is not known: repositories are made all the time.
func (s *Set) Find(system, dir string) (Repository, bool) {
	r, ok := Recognize(dir)
	if !ok || r.System != system {
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

// Recognize tells what a directory is, by the files that each system keeps.
// Dir is without symbolic links.
func Recognize(path string) (Repository, bool) {
	dir, err := filepath.EvalSymlinks(path)
	if err != nil {
		return Repository{}, false
	}
	has := func(names ...string) bool {
		for _, name := range names {
			if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
				return false
			}
		}
		return true
	}
	switch {
	case has(".git/HEAD", ".git/objects"):
		return Repository{System: "git", Dir: filepath.Join(dir, ".git")}, true
	case has("HEAD", "objects", "refs"):
		return Repository{System: "git", Dir: dir}, true
	case has("format", "db", "hooks"):
		return Repository{System: "svn", Dir: dir}, true
	case has(".hg/store"):
		return Repository{System: "hg", Dir: dir}, true
	}
	return Repository{}, false
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
