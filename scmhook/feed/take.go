package feed

import (
	"context"
	"errors"
	"io/fs"
	"strconv"
	"time"

	"busbar/scmhook/hook"
	"busbar/scmhook/refs"
	"busbar/scmhook/spool"
)

// maxUpdates bounds one batch, and so one transaction.
const maxUpdates = 500

// takeNext plans the oldest spool file that need not wait; false: there is none.
func (c *Channel) takeNext(ctx context.Context) bool {
	if len(c.names) == 0 {
		c.watch.Renew() // before reading: what comes in between is in the list, or a hint
		names, err := spool.List(c.o.Spool)
		if err != nil {
			c.o.Log.Warn("spool cannot be listed; trying again", "error", err)
		}
		c.reportSpool(err)
		if err != nil {
			return false
		}
		c.names = names
		c.forget(names)
	}
	now := time.Now()
	for len(c.names) > 0 {
		name := c.names[0]
		c.names = c.names[1:]
		if c.later[name].After(now) {
			continue
		}
		delete(c.later, name)
		c.take(ctx, name)
		return true
	}
	return false
}

// forget drops what is known of spool files that are gone.
func (c *Channel) forget(names []string) {
	there := make(map[string]bool, len(names))
	for _, name := range names {
		there[name] = true
	}
	for name := range c.later {
		if !there[name] {
			delete(c.later, name)
		}
	}
	for name := range c.unread {
		if !there[name] {
			c.reportUnread(name, nil)
		}
	}
}

// take plans one spool file, or puts it off.
func (c *Channel) take(ctx context.Context, name string) {
	n, raw, err := spool.Read(c.o.Spool, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return
	case errors.Is(err, spool.ErrUnreadable):
		c.queue = []chunk{{raw: raw, broken: err.Error(), file: name}}
		return
	case err != nil:
		c.o.Log.Warn("spool file cannot be read; trying again", "file", name, "error", err)
		c.reportUnread(name, err)
		c.later[name] = time.Now().Add(c.o.Poll)
		return
	}
	c.reportUnread(name, nil)
	nothing := func(why string) { c.queue = []chunk{{notice: &n, raw: raw, nothing: why, file: name}} }
	if n.Hook == hook.Look && n.Repository == "/" { // all
		c.looking = time.Time{}
		nothing("asked to compare all refs")
		return
	}
	r, ok := c.o.Repositories.Find(n.System, n.Repository)
	if !ok {
		if again := c.o.Repositories.Again(n.Time); !again.IsZero() {
			c.later[name] = again
			return
		}
		c.o.Log.Warn("hook called for a repository that is not in [scm] repositories", "repository", n.Repository, "owner", n.Owner)
		nothing("not in [scm] repositories")
		return
	}
	s := c.of(r)
	if s.notBefore.After(time.Now()) {
		c.later[name] = s.notBefore
		return
	}
	plan, wait, err := c.planNotice(ctx, s, n)
	switch {
	case errors.Is(err, spool.ErrUnreadable):
		c.queue = []chunk{{notice: &n, raw: raw, broken: err.Error(), file: name}}
		return
	case err != nil:
		c.fail(s, err)
		c.later[name] = s.notBefore
		return
	case wait > 0:
		c.later[name] = time.Now().Add(wait)
		return
	}
	for i := range plan {
		plan[i].notice, plan[i].raw = &n, raw
	}
	plan[len(plan)-1].file = name
	c.queue = plan
}

// planNotice plans what one call of a hook tells, or how long to put it off.
func (c *Channel) planNotice(ctx context.Context, s *state, n spool.Notice) ([]chunk, time.Duration, error) {
	var lines []spool.Line
	if n.Hook == hook.PostReceive && !n.Cut {
		var err error
		if lines, err = spool.Lines(n.Input); err != nil {
			return nil, 0, err
		}
	}
	if revision, err := strconv.Atoi(first(n.Args)); n.Hook == hook.PostCommit && err == nil {
		lines = []spool.Line{{Ref: Youngest, Old: strconv.Itoa(revision - 1), New: first(n.Args)}} // for the baseline
	}
	actual := func() (map[string]string, error) { return c.o.Refs(ctx, s.System, s.Dir) }
	k, err := c.open(ctx, s.Repository, actual, lines)
	if err != nil {
		return nil, 0, err
	}
	var updates []refs.Update
	switch {
	case n.Hook == hook.PostRevpropChange:
		return []chunk{{known: k}}, 0, nil
	case n.Hook == hook.PostReceive && !n.Cut:
		var gap bool
		present := func() (*refs.Present, error) { return c.present(s, n, actual) }
		if updates, gap, err = k.book.Lines(lines, present); err != nil {
			return nil, 0, err
		}
		if gap {
			// A hook that runs at the same time may bring what is missing.
			if wait := time.Until(n.Time.Add(c.o.Grace)); wait > 0 && wait <= c.o.Grace {
				return nil, wait, nil
			}
			s.lookAt = time.Now().Add(c.o.Grace)
		}
	case n.Hook == hook.Update || n.Hook == hook.Look || n.Cut:
		s.lookAt = time.Now().Add(c.o.Grace) // the refs may not have moved yet
	default:
		now, err := actual()
		if err != nil {
			return nil, 0, err
		}
		c.fallen(k, now, lines)
		if updates, err = k.book.Look(now); err != nil {
			return nil, 0, err
		}
		if s.System == "svn" {
			updates = revisions(updates)
		}
		for i := range updates { // a hook reported them, if not in detail
			updates[i].Recovered = s.System == "svn" && updates[i].New != first(n.Args)
		}
	}
	return k.chunks(updates), 0, nil
}

// present is what a repository's refs are, and what its hooks said that wait
// behind n.
func (c *Channel) present(s *state, n spool.Notice, actual func() (map[string]string, error)) (*refs.Present, error) {
	const most, mostBytes = 1000, 32 << 20 // files that are read ahead
	now, err := actual()
	if err != nil {
		return nil, err
	}
	names, err := spool.List(c.o.Spool)
	if err != nil {
		return nil, err
	}
	p := &refs.Present{Refs: now}
	size := 0
	for _, name := range names[:min(len(names), most)] {
		if name <= n.Name {
			continue
		}
		later, raw, err := spool.Read(c.o.Spool, name)
		if size += len(raw); size > mostBytes {
			break // what is not known of is found by comparing
		}
		if err != nil || later.Hook != hook.PostReceive {
			continue // its own turn will tell
		}
		if r, ok := c.o.Repositories.Find(later.System, later.Repository); !ok || r.Dir != s.Dir {
			continue
		}
		if lines, err := spool.Lines(later.Input); err == nil {
			p.Later = append(p.Later, lines...)
		}
	}
	return p, nil
}

// revisions makes one update of each new revision of an svn repository.
func revisions(updates []refs.Update) []refs.Update {
	var each []refs.Update
	for _, u := range updates {
		from, _ := strconv.Atoi(u.Old)
		to, err := strconv.Atoi(u.New)
		if err != nil {
			continue
		}
		for r := from + 1; r <= to; r++ {
			each = append(each, refs.Update{Ref: u.Ref, Old: strconv.Itoa(r - 1), New: strconv.Itoa(r), Recovered: u.Recovered})
		}
	}
	return each
}

func first(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}
