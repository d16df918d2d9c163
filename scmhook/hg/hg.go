// Package hg asks a Mercurial repository about its heads, bookmarks, tags and
// changesets.
//
// A branch's newest open head is refs/heads/BRANCH. A branch may have more
// heads; they are refs/anonymous/BRANCH/ID. Secret changesets are nobody's
// business.
package hg

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"busbar/adapters/scm"
	"busbar/common/ask"
	"busbar/common/charset"
)

const (
	maxText  = 64 << 20 // bytes of one answer
	maxFiles = 200
	maxKnown = 1500 // ids in one question
)

// A Repo is a repository's directory, the one with .hg.
type Repo struct{ hg ask.Program }

// Open names a repository; it is asked later.
func Open(dir string) *Repo {
	return &Repo{ask.Program{Name: "hg", Args: []string{"--noninteractive", "--cwd", dir, "-R", dir}, Dir: dir, Env: []string{"HGPLAIN=1", "HGENCODING=UTF-8", "LC_ALL=C.UTF-8"}}}
}

func (r *Repo) lines(ctx context.Context, args ...string) ([][]string, error) {
	text, err := r.hg.Text(ctx, maxText, nil, args...)
	if err != nil {
		return nil, err
	}
	var list [][]string
	for line := range strings.SplitSeq(text, "\n") {
		if fields := strings.Split(line, "\x00"); len(fields) > 1 {
			list = append(list, fields)
		}
	}
	return list, nil
}

// Refs are the heads, bookmarks and tags as they are: name to id.
func (r *Repo) Refs(ctx context.Context) (map[string]string, error) {
	refs := map[string]string{}
	heads, err := r.lines(ctx, "log", "-r", "sort(head() and not secret(), -rev)", "-T", `{branch}\0{node}\0{ifeq(extras.close, "1", "closed")}\n`)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(heads, func(a, b []string) int { return strings.Compare(a[2], b[2]) }) // open ones first
	for _, h := range heads {
		if _, ok := refs["refs/heads/"+h[0]]; ok {
			refs["refs/anonymous/"+h[0]+"/"+h[1]] = h[1]
		} else {
			refs["refs/heads/"+h[0]] = h[1]
		}
	}
	bookmarks, err := r.lines(ctx, "bookmarks", "-q", "-T", `{bookmark}\0{node}\n`)
	if err != nil {
		return nil, err
	}
	for _, b := range bookmarks {
		refs["refs/bookmarks/"+b[0]] = b[1]
	}
	tags, err := r.lines(ctx, "tags", "-T", `{tag}\0{node}\0{type}\n`)
	if err != nil {
		return nil, err
	}
	for _, t := range tags {
		if t[0] != "tip" && t[2] != "local" {
			refs["refs/tags/"+t[0]] = t[1]
		}
	}
	return refs, nil
}

// Describe says what updates brought: see the same in scmhook/git.
func (r *Repo) Describe(ctx context.Context, updates []scm.Update, published []string, most int) error {
	known := slices.DeleteFunc(slices.Clone(published), func(id string) bool { return !isID(id) })
	slices.Sort(known)
	known = slices.Compact(known)
	for i := range updates {
		u := &updates[i]
		if !isID(u.New) {
			continue
		}
		if isID(u.Old) {
			known = append(known, u.Old)
			if strings.HasPrefix(u.Ref, "refs/heads/") {
				text, err := r.hg.Text(ctx, maxText, nil, "log", "-r", fmt.Sprintf("present(%s) and ancestors(present(%s))", u.Old, u.New), "-T", "x")
				if err != nil {
					return err
				}
				u.Forced = text == ""
			}
		}
		if err := r.news(ctx, u, known, most); err != nil {
			return err
		}
		known = append(known, u.New)
	}
	return nil
}

func (r *Repo) news(ctx context.Context, u *scm.Update, known []string, most int) error {
	if slices.Contains(known, u.New) {
		return nil
	}
	// The newest ids are the nearest; what is published twice has the same id.
	known = known[max(0, len(known)-maxKnown):]
	set := make([]string, len(known))
	for i, id := range known {
		set[i] = "present(" + id + ")"
	}
	news := fmt.Sprintf("only(present(%s), %s) and not secret()", u.New, strings.Join(append(set, "none()"), "+"))
	text, err := r.hg.Text(ctx, maxText, nil, "log", "-r", news, "-T", "x")
	if err != nil {
		return err
	}
	if u.Total = len(text); u.Total == 0 {
		return nil
	}
	text, err = r.hg.Text(ctx, maxText, nil, "log", "-r", fmt.Sprintf("last(%s, %d)", news, most), "-T", template)
	if err != nil {
		return err
	}
	fields := strings.Split(text, "\x00")
	for ; len(fields) > perCommit; fields = fields[perCommit:] {
		u.Commits = append(u.Commits, parse(fields[:perCommit]))
	}
	if len(fields) != 1 || fields[0] != "" {
		return fmt.Errorf("asking hg for the changesets of %s: the last of them is cut", u.New)
	}
	return nil
}

// template is one changeset: each field ends with NUL, which the message alone may
// hold; a path holds no line break either.
const template = `{node}\0{p1.node}\0{p2.node}\0{branch}\0{author}\0{date|hgdate}\0{desc|hex}\0` +
	`{join(file_adds, "\n")}\0{join(file_mods, "\n")}\0{join(file_dels, "\n")}\0{file_copies % "{name}\n{source}\n"}\0`

const perCommit = 11

func parse(f []string) scm.Commit {
	message, _ := hex.DecodeString(f[6]) // hg made it
	c := scm.Commit{ID: f[0], Branch: f[3], Message: charset.Text(string(message))}
	for _, p := range f[1:3] {
		if strings.Trim(p, "0") != "" {
			c.Parents = append(c.Parents, p)
		}
	}
	c.Author = scm.Author(charset.Text(f[4]))
	c.Committer = c.Author
	seconds, _, _ := strings.Cut(f[5], " ")
	if n, err := strconv.ParseInt(seconds, 10, 64); err == nil {
		c.Authored = scm.Unix(n)
		c.Committed = c.Authored
	}
	from := map[string]string{}
	for copies := strings.Split(f[10], "\n"); len(copies) > 2; copies = copies[2:] {
		from[copies[0]] = copies[1]
	}
	for i, action := range []string{"added", "modified", "removed"} {
		for path := range strings.SplitSeq(f[7+i], "\n") {
			if path == "" {
				continue
			}
			file := scm.File{Path: path, Action: action}
			if source, ok := from[path]; ok {
				file.From, file.Action = source, "copied"
			}
			if c.Changed++; len(c.Files) < maxFiles {
				c.Files = append(c.Files, file)
			}
		}
	}
	return c
}

func isID(s string) bool { return len(s) == 40 && strings.Trim(s, "0123456789abcdef") == "" }
