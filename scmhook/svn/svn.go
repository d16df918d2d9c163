// Package svn asks a Subversion repository about its revisions, with svnlook.
package svn

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"busbar/adapters/scm"
	"busbar/common/ask"
	"busbar/common/charset"
)

// Bounds on what is read of one revision.
const (
	maxText  = 1 << 20
	maxPaths = 64 << 20 // bytes of the list of paths
	maxFiles = 200
)

// A Repo is a repository's directory, the one with the file format.
type Repo struct{ look ask.Program }

// Open names a repository; it is asked later.
func Open(dir string) *Repo {
	return &Repo{ask.Program{Name: "svnlook", Dir: dir, Env: []string{"LC_ALL=C.UTF-8"}}}
}

// Youngest is the newest revision.
func (r *Repo) Youngest(ctx context.Context) (string, error) {
	text, err := r.look.Text(ctx, maxText, nil, "youngest", "--no-newline", r.look.Dir)
	return strings.TrimSpace(text), err
}

// Commit reads a revision.
func (r *Repo) Commit(ctx context.Context, revision string) (scm.Commit, error) {
	c := scm.Commit{ID: revision}
	n, err := strconv.Atoi(revision)
	if err != nil || n < 0 {
		return c, fmt.Errorf("%q is no revision", revision)
	}
	info, err := r.look.Text(ctx, maxText, nil, "info", "-r", revision, r.look.Dir)
	if err != nil {
		return c, err
	}
	parseInfo(&c, info)
	if err := r.asStored(ctx, &c); err != nil {
		return c, err
	}
	if n > 1 {
		c.Parents = []string{strconv.Itoa(n - 1)}
	}
	changed, err := r.look.Text(ctx, maxPaths, nil, "changed", "--copy-info", "-r", revision, r.look.Dir)
	if err != nil {
		return c, err
	}
	parseChanged(&c, changed)
	return c, nil
}

// parseInfo reads author, date, the log's size and the log, a line each but the
// last.
func parseInfo(c *scm.Commit, info string) {
	author, rest, _ := strings.Cut(info, "\n")
	date, rest, _ := strings.Cut(rest, "\n")
	_, message, _ := strings.Cut(rest, "\n")
	c.Author = scm.Author(charset.Text(author))
	c.Committer = c.Author
	day, _, _ := strings.Cut(date, " (")
	if t, err := time.Parse("2006-01-02 15:04:05 -0700", day); err == nil {
		c.Authored = scm.ValidTime(t)
		c.Committed = c.Authored
	}
	c.Message = charset.Text(strings.TrimSuffix(message, "\n"))
}

// parseChanged reads lines of a letter for the content, one for the properties,
// a plus for copies, and the path; a copy has a second line.
func parseChanged(c *scm.Commit, changed string) {
	branch, one := "", true
	for line := range strings.SplitSeq(changed, "\n") {
		if len(line) < 5 {
			continue
		}
		if from, ok := strings.CutPrefix(line, "    (from "); ok {
			if n := len(c.Files); n > 0 && n == c.Changed {
				from = strings.TrimSuffix(from, ")")
				c.Files[n-1].From, c.Files[n-1].Action = from, "copied"
			}
			continue
		}
		path := line[4:]
		b := branchOf(path)
		branch, one = b, one && (c.Changed == 0 || b == branch)
		if c.Changed++; len(c.Files) < maxFiles {
			action := "modified"
			switch line[0] {
			case 'A':
				action = "added"
			case 'D':
				action = "removed"
			}
			c.Files = append(c.Files, scm.File{Path: path, Action: action})
		}
	}
	if one {
		c.Branch = branch
	}
}

// branchOf is the branch of a path in the usual layout, also below a project's
// directory.
func branchOf(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts[:len(parts)-1] {
		switch {
		case p == "trunk":
			return "trunk"
		case p == "branches" && i+2 < len(parts):
			return parts[i+1]
		}
	}
	return ""
}

// Property is the present value of a revision's property.
func (r *Repo) Property(ctx context.Context, revision, name string) (string, error) {
	if _, err := strconv.Atoi(revision); err != nil {
		return "", fmt.Errorf("%q is no revision", revision)
	}
	return r.look.Text(ctx, maxText, nil, "propget", "--revprop", "-r", revision, "--", r.look.Dir, name)
}
