package git

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"busbar/adapters/scm"
	"busbar/common/ask"
)

// Describe says what updates of refs brought: whether they were forced, the tag
// objects, and the commits, of which at most most of each update. published are the
// ids that refs had before; a commit that one of them reaches is no news, nor is
// one that an update further ahead brought.
//
// Objects that are gone meanwhile are no error: the update says so.
func (r *Repo) Describe(ctx context.Context, updates []scm.Update, published []string, most int) error {
	var ids []string
	for _, u := range updates {
		for _, id := range []string{u.Old, u.New} {
			if isID(id) {
				ids = append(ids, id)
			}
		}
	}
	if len(ids) == 0 {
		return nil
	}
	kinds, err := r.kinds(ctx, ids)
	if err != nil {
		return err
	}
	known := slices.DeleteFunc(slices.Clone(published), func(id string) bool { return !isID(id) })
	slices.Sort(known)
	d := description{Repo: r, kinds: kinds, known: slices.Compact(known), most: most}
	if d.fresh, err = d.count(ctx, heads(updates, kinds)); err != nil {
		return err
	}
	for i := range updates {
		if err := d.update(ctx, &updates[i]); err != nil {
			return err
		}
	}
	return nil
}

// A description is what is known while updates are described one by one.
type description struct {
	*Repo
	kinds map[string]string
	known []string // ids whose commits are no news
	fresh int      // commits that are news, in all updates that are left
	most  int
}

func heads(updates []scm.Update, kinds map[string]string) []string {
	var ids []string
	for _, u := range updates {
		if k := kinds[u.New]; k == "commit" || k == "tag" {
			ids = append(ids, u.New)
		}
	}
	return ids
}

func (d *description) update(ctx context.Context, u *scm.Update) error {
	if !isID(u.New) {
		return nil // gone
	}
	kind := d.kinds[u.New]
	if kind == "" {
		u.Missing = "the object " + u.New + " is not in the repository any more"
		return nil
	}
	if kind == "tag" {
		err := d.objects(ctx, []string{u.New}, func(_, _ string, raw []byte) { u.Tag = parseTag(raw) })
		if err != nil {
			return err
		}
	}
	if kind != "commit" && kind != "tag" {
		return nil
	}
	old := d.kinds[u.Old]
	if u.Old != "" && old == "" {
		u.Missing = "the object " + u.Old + " is not in the repository any more"
	}
	moved := strings.HasPrefix(u.Ref, "refs/heads/") && old == "commit"
	if moved {
		var err error
		if u.Forced, err = d.forced(ctx, u.Old, u.New); err != nil {
			return err
		}
	}
	if old != "" {
		d.known = append(d.known, u.Old)
	}
	if err := d.news(ctx, u); err != nil {
		return err
	}
	d.known = append(d.known, u.New)
	if !moved {
		return nil
	}
	return d.others(ctx, u)
}

// news lists the commits that nothing published before reaches.
func (d *description) news(ctx context.Context, u *scm.Update) (err error) {
	if d.fresh == 0 {
		return nil
	}
	list, err := d.list(ctx, u.New, d.known)
	if err != nil {
		return err
	}
	u.Total = len(list)
	if len(list) == d.most { // there may be more
		if u.Total, err = d.count(ctx, []string{u.New}); err != nil {
			return err
		}
	}
	d.fresh = max(0, d.fresh-u.Total)
	u.Commits, err = d.commits(ctx, list)
	return err
}

// others adds the commits of a branch that were published with other branches.
func (d *description) others(ctx context.Context, u *scm.Update) error {
	text, err := d.ask(ctx, nil, "rev-list", "--count", u.New, "^"+u.Old)
	if err != nil {
		return err
	}
	total, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || total == u.Total {
		return err
	}
	list, err := d.list(ctx, u.New, []string{u.Old})
	if err != nil {
		return err
	}
	news := map[string]scm.Commit{}
	for _, c := range u.Commits {
		news[c.ID] = c
	}
	var more []string
	for _, id := range list {
		if _, ok := news[id]; !ok {
			more = append(more, id)
		}
	}
	found := map[string]scm.Commit{}
	if err := d.objects(ctx, more, func(id, _ string, raw []byte) { found[id] = parseCommit(id, raw) }); err != nil {
		return err
	}
	u.Total = total
	all := make([]scm.Commit, 0, len(list))
	for _, id := range list {
		if c, ok := news[id]; ok {
			all = append(all, c)
			delete(news, id)
		} else if c, ok := found[id]; ok {
			c.Known = true
			all = append(all, c)
		}
	}
	// News that are older than all that is listed still must be published.
	var older []scm.Commit
	for _, c := range u.Commits {
		if _, ok := news[c.ID]; ok {
			older = append(older, c)
		}
	}
	u.Commits = append(older, all...)
	return nil
}

func (d *description) forced(ctx context.Context, old, new string) (bool, error) {
	_, err := d.ask(ctx, nil, "merge-base", "--is-ancestor", old, new)
	if ask.Status(err) == 1 {
		return true, nil
	}
	return false, err
}

// revisions is what git reads as a list of revisions.
func revisions(from, without []string) io.Reader {
	var b strings.Builder
	for _, id := range from {
		b.WriteString(id + "\n")
	}
	for _, id := range without {
		b.WriteString("^" + id + "\n")
	}
	return strings.NewReader(b.String())
}

// count counts the commits that are news.
func (d *description) count(ctx context.Context, from []string) (int, error) {
	if len(from) == 0 {
		return 0, nil
	}
	text, err := d.ask(ctx, revisions(from, d.known), "rev-list", "--ignore-missing", "--count", "--stdin")
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(text))
}

// list names the newest commits, oldest first.
func (d *description) list(ctx context.Context, from string, without []string) ([]string, error) {
	text, err := d.ask(ctx, revisions([]string{from}, without), "rev-list", "--ignore-missing", "--topo-order", "--max-count="+strconv.Itoa(d.most), "--stdin")
	if err != nil {
		return nil, err
	}
	list := strings.Fields(text)
	slices.Reverse(list)
	return list, nil
}

// commits reads commits, with the files that each changed against its first
// parent.
func (d *description) commits(ctx context.Context, ids []string) ([]scm.Commit, error) {
	list := make([]scm.Commit, 0, len(ids))
	at := map[string]*scm.Commit{}
	err := d.objects(ctx, ids, func(id, _ string, raw []byte) {
		list = append(list, parseCommit(id, raw))
		at[id] = &list[len(list)-1]
	})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	err = d.each(ctx, strings.NewReader(strings.Join(ids, "\n")+"\n"), func(out *bufio.Reader) error { return files(out, at) },
		"diff-tree", "--stdin", "-r", "-z", "--raw", "--root", "-M", "-l400", "--diff-merges=first-parent", "--no-ext-diff")
	return list, err
}

// files reads what diff-tree prints: an id, and then of each file its modes, ids
// and letter, and its name, or two where it was renamed (git-diff-tree(1), "raw
// output format").
func files(out *bufio.Reader, at map[string]*scm.Commit) error {
	var c *scm.Commit
	for {
		token, err := word(out)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if !strings.HasPrefix(token, ":") {
			if c = at[strings.TrimSpace(token)]; c == nil {
				return fmt.Errorf("%q is not what diff-tree was asked for", token)
			}
			continue
		}
		f := scm.File{}
		letter := token[strings.LastIndex(token, " ")+1:]
		if f.Path, err = word(out); err == nil && (strings.HasPrefix(letter, "R") || strings.HasPrefix(letter, "C")) {
			f.From = f.Path
			f.Path, err = word(out)
		}
		if err != nil {
			return fmt.Errorf("reading changed files: %w", err)
		}
		if c == nil {
			return fmt.Errorf("%q belongs to no commit", token)
		}
		f.Action = action(letter)
		if c.Changed++; len(c.Files) < maxFiles {
			c.Files = append(c.Files, f)
		}
	}
}

func action(letter string) string {
	switch letter[:min(1, len(letter))] {
	case "A":
		return "added"
	case "D":
		return "removed"
	case "R":
		return "renamed"
	case "C":
		return "copied"
	}
	return "modified"
}

func word(out *bufio.Reader) (string, error) {
	text, err := out.ReadString(0)
	if err == io.EOF && text != "" {
		err = io.ErrUnexpectedEOF
	}
	return strings.TrimSuffix(text, "\x00"), err
}

// isID keeps what could be an option, or a name, away from git.
func isID(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}
