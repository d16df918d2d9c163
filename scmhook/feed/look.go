package feed

import (
	"context"
	"time"

	"busbar/scmhook/refs"
)

// lookNext compares the refs of one repository that is due, the one that waits
// longest, by name where several do; false: none is.
func (c *Channel) lookNext(ctx context.Context) bool {
	now := time.Now()
	if !c.looking.After(now) && !(c.o.Once && c.looked) {
		c.round(now)
	}
	var next *state
	for _, s := range c.repos {
		if s.lookAt.IsZero() || s.lookAt.After(now) || s.notBefore.After(now) {
			continue
		}
		if next == nil || s.lookAt.Before(next.lookAt) || s.lookAt.Equal(next.lookAt) && s.Name+"\x00"+s.Dir < next.Name+"\x00"+next.Dir {
			next = s
		}
	}
	if next == nil {
		return false
	}
	next.lookAt = time.Time{}
	if err := c.look(ctx, next); err != nil {
		next.lookAt = now
		c.fail(next, err)
	} else if len(c.queue) == 0 {
		c.well(next)
	}
	return true
}

// round makes every repository due.
func (c *Channel) round(now time.Time) {
	c.looking, c.looked = now.Add(c.o.Every), true
	all, err := c.o.Repositories.All()
	if err != nil {
		c.o.Log.Warn("some repositories cannot be compared; trying again", "error", err)
	}
	c.reportRound(all, err)
	there := map[string]bool{}
	for _, r := range all {
		there[r.Dir] = true
		c.of(r).lookAt = now
	}
	for dir := range c.repos {
		if !there[dir] {
			delete(c.repos, dir)
		}
	}
}

// look plans what no hook reported. A difference is published when it is still there at a
// second look.
func (c *Channel) look(ctx context.Context, s *state) error {
	actual, err := c.o.Refs(ctx, s.System, s.Dir)
	if err != nil {
		return err
	}
	k, err := c.open(ctx, s.Repository, func() (map[string]string, error) { return actual, nil }, nil)
	if err != nil {
		return err
	}
	c.fallen(k, actual, nil)
	var unpublished []refs.Update
	if c.o.Tell {
		if unpublished, err = k.book.Unpublished(); err != nil {
			return err
		}
	}
	found, err := k.book.Look(actual)
	if err != nil {
		return err
	}
	sure := c.sure(s, found)
	if s.System == "svn" {
		sure = revisions(sure)
	}
	if plan := append(unpublished, sure...); len(plan) > 0 {
		c.queue = k.chunks(plan)
	} else if k.fresh {
		c.queue = []chunk{{known: k, nothing: "first sight of a repository"}}
	}
	return nil
}

// sure is the part of the differences that was there at the look before, too.
func (c *Channel) sure(s *state, found []refs.Update) []refs.Update {
	before := s.suspects
	s.suspects = make(map[string]refs.Update, len(found))
	var sure []refs.Update
	for _, u := range found {
		if old, ok := before[u.Ref]; ok && old == u {
			sure = append(sure, u)
		} else {
			s.suspects[u.Ref] = u
		}
	}
	if len(s.suspects) > 0 {
		s.lookAt = time.Now().Add(c.o.Grace)
	}
	return sure
}

// finished reports whether nothing is left to do for a run that ends.
func (c *Channel) finished() bool {
	if !c.looked || len(c.later) > 0 {
		return false
	}
	for _, s := range c.repos {
		if !s.lookAt.IsZero() && s.failures < 3 {
			return false
		}
	}
	return true
}
