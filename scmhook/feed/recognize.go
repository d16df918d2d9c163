package feed

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// ErrNone means that a directory is no repository.
var ErrNone = errors.New("it is no git, svn or hg repository")

// Recognize tells what a directory is, by the files that each system keeps. The
// error is ErrNone, or why that cannot be seen. Dir is without symbolic links,
// and the same for a repository and all work trees linked to it.
func Recognize(path string) (Repository, error) {
	dir, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Repository{}, ErrNone
	}
	if err != nil {
		return Repository{}, fmt.Errorf("looking at a repository: %w", err)
	}
	var l looker
	switch {
	case l.git(filepath.Join(dir, ".git")):
		return Repository{System: "git", Dir: filepath.Join(dir, ".git")}, nil
	case l.git(dir):
		return Repository{System: "git", Dir: dir}, nil
	case l.has(dir, "format", "db", "hooks"):
		return Repository{System: "svn", Dir: dir}, nil
	case l.has(dir, ".hg/store"):
		return Repository{System: "hg", Dir: dir}, nil
	}
	// A directory of git elsewhere: a linked work tree, a submodule, or one made
	// with --separate-git-dir.
	for _, at := range []string{dir, l.pointer(filepath.Join(dir, ".git"))} {
		if common := l.common(at); common != "" && l.git(common) {
			return Repository{System: "git", Dir: common, linked: true}, nil
		}
		if at != dir && at != "" && l.git(at) {
			return Repository{System: "git", Dir: at}, nil
		}
	}
	if l.err != nil {
		return Repository{}, fmt.Errorf("looking at a repository: %w", l.err)
	}
	return Repository{}, ErrNone
}

// A looker looks at files, and keeps the first error that is not their absence.
type looker struct{ err error }

func (l *looker) note(err error) {
	if l.err == nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
		l.err = err
	}
}

func (l *looker) has(dir string, names ...string) bool {
	for _, name := range names {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			l.note(err)
			return false
		}
	}
	return true
}

// git reports whether git takes a directory for one of its own (its
// is_git_directory). HEAD may be a link to a ref that is packed, and so lead
// nowhere.
func (l *looker) git(dir string) bool {
	target, err := os.Readlink(filepath.Join(dir, "HEAD"))
	if err == nil && strings.HasPrefix(target, "refs/") {
		return l.has(dir, "objects", "refs")
	}
	return l.has(dir, "HEAD", "objects", "refs")
}

// pointer is where a file .git points to: "gitdir: PATH" (gitrepository-layout(5)).
func (l *looker) pointer(file string) string {
	target, ok := strings.CutPrefix(l.line(file), "gitdir: ")
	if !ok {
		return ""
	}
	return l.real(filepath.Dir(file), target)
}

// common is the repository that a linked work tree's own directory belongs to.
func (l *looker) common(dir string) string {
	if dir == "" || !l.has(dir, "HEAD") {
		return ""
	}
	target := l.line(filepath.Join(dir, "commondir"))
	if target == "" {
		return ""
	}
	return l.real(dir, target)
}

func (l *looker) real(from, path string) string {
	if !filepath.IsAbs(path) {
		path = filepath.Join(from, path)
	}
	dir, err := filepath.EvalSymlinks(path)
	if err != nil {
		l.note(err)
		return ""
	}
	return dir
}

// line is what a small file holds, without the line's end; empty: it is none.
func (l *looker) line(path string) string {
	const most = 8192
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		l.note(err)
		return ""
	}
	f, err := os.Open(path)
	if err != nil {
		l.note(err)
		return ""
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		l.note(err)
	}
	return strings.TrimRight(string(text), "\r\n")
}
