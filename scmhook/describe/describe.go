// Package describe asks repositories what an update brought, and makes the push of it.
//
// Not here: which updates there are (scmhook/feed), and the systems' own programs
// (scmhook/git and its neighbours).
package describe

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"busbar/adapters/scm"
	"busbar/common/event"
	"busbar/common/translate"
	"busbar/scmhook/feed"
	"busbar/scmhook/git"
	"busbar/scmhook/hg"
	"busbar/scmhook/hook"
	"busbar/scmhook/svn"
)

// A Describer asks repositories.
type Describer struct {
	Timeout time.Duration // of one question
	Commits int           // of one update that are described one by one
	Refs    []string      // beginnings of the refs that are published
}

// References are a repository's refs as they are now.
func (d Describer) References(ctx context.Context, system, dir string) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	switch system {
	case "git":
		r, err := git.Open(ctx, dir)
		if err != nil {
			return nil, err
		}
		return r.Refs(ctx)
	case "svn":
		revision, err := svn.Open(dir).Youngest(ctx)
		return map[string]string{feed.Youngest: revision}, err
	case "hg":
		return hg.Open(dir).Refs(ctx)
	}
	return nil, fmt.Errorf("%s: not a system", system)
}

// Push describes a batch: an item, or why there is none.
func (d Describer) Push(ctx context.Context, b feed.Batch) (translate.Item[any], error) {
	p := scm.Push{Repository: b.Repository.Name, System: b.Repository.System, Via: "reconcile", Time: time.Now(), Recovered: b.Recovered}
	if b.Broken != "" || b.Nothing != "" {
		return newItem(b, p), nil
	}
	if b.Notice != nil {
		p.Time = b.Notice.Time
		if !b.Recovered {
			p.Via, p.Pusher, p.Options = "hook", pusher(*b.Notice), options(*b.Notice)
		}
	}
	if b.Notice != nil && b.Notice.Hook == hook.PostRevpropChange {
		err := d.property(ctx, &b, &p)
		return newItem(b, p), err
	}
	for _, u := range b.Updates {
		if d.wants(u.Ref) {
			p.Updates = append(p.Updates, scm.Update{Ref: u.Ref, Old: u.Old, New: u.New, Nth: u.Nth})
		}
	}
	ctx, cancel := context.WithTimeout(ctx, d.Timeout*time.Duration(1+len(p.Updates)))
	defer cancel()
	err := d.describe(ctx, &p, b)
	return newItem(b, p), err
}

func (d Describer) describe(ctx context.Context, p *scm.Push, b feed.Batch) error {
	switch p.System {
	case "git":
		r, err := git.Open(ctx, b.Repository.Dir)
		if err != nil {
			return err
		}
		return r.Describe(ctx, p.Updates, reached(b), d.Commits)
	case "hg":
		// A branch comes before what only points into it.
		slices.SortStableFunc(p.Updates, func(a, b scm.Update) int { return cmp.Compare(pointer(a.Ref), pointer(b.Ref)) })
		return hg.Open(b.Repository.Dir).Describe(ctx, p.Updates, reached(b), d.Commits)
	case "svn":
		for i := range p.Updates {
			u := &p.Updates[i]
			c, err := svn.Open(b.Repository.Dir).Commit(ctx, u.New)
			if err != nil {
				return err
			}
			u.Commits, u.Total = []scm.Commit{c}, 1
			if len(p.Updates) == 1 { // svn knows better than the hook's environment
				p.Pusher = scm.Pusher{Username: cmp.Or(c.Author.Name, c.Author.Email)}
			}
		}
	}
	return nil
}

func pointer(ref string) int {
	if strings.HasPrefix(ref, "refs/heads/") || strings.HasPrefix(ref, "refs/anonymous/") {
		return 0
	}
	return 1
}

// property describes the call of a hook that tells of a revision's property:
// its arguments are REVISION USER NAME ACTION, its input the former value.
func (d Describer) property(ctx context.Context, b *feed.Batch, push *scm.Push) error {
	n := b.Notice
	if len(n.Args) != 4 {
		b.Broken = fmt.Sprintf("a changed property has the arguments %q", n.Args)
		return nil
	}
	p := &scm.Property{Revision: n.Args[0], Name: n.Args[2], Previous: string(n.Input), Call: event.Stamp(n.Time) + fmt.Sprintf("/%d", n.Time.Nanosecond())}
	p.Action = map[string]string{"A": "added", "M": "modified", "D": "removed"}[n.Args[3]]
	push.Pusher = scm.Pusher{Username: n.Args[1]}
	if p.Action != "removed" {
		ctx, cancel := context.WithTimeout(ctx, d.Timeout)
		defer cancel()
		value, err := svn.Open(b.Repository.Dir).Property(ctx, p.Revision, p.Name)
		if err != nil && ctx.Err() != nil {
			return err
		}
		p.Value = value // empty: it was removed since
	}
	push.Property = p
	return nil
}

// reached are the ids that refs were told to be at. Those of the baseline count:
// their commits are no news either, unless it is just the baseline that is published.
func reached(b feed.Batch) []string {
	importing := false
	for _, u := range b.Updates {
		t := b.Published[u.Ref]
		importing = importing || u.Old == "" && t.Baseline && t.ID == u.New
	}
	ids := make([]string, 0, len(b.Published))
	for _, t := range b.Published {
		if !t.Baseline || !importing {
			ids = append(ids, t.ID)
		}
	}
	return ids
}

// wants reports whether updates of a ref are published.
func (d Describer) wants(ref string) bool {
	if ref == feed.FakeRef || ref == feed.Youngest {
		return true
	}
	for _, prefix := range d.Refs {
		if strings.HasPrefix(ref, prefix) {
			return true
		}
	}
	return false
}
