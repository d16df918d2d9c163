//go:build scm

package main

import (
	"context"
	"fmt"
	"time"

	"busbar/adapters/scm"
	"busbar/scmhook/feed"
	"busbar/scmhook/git"
)

// A describer asks repositories.
type describer struct{ scm SCMConfig }

func (c SCMConfig) links() scm.Links { return scm.Links{} }

// refs are a repository's refs as they are now.
func (d describer) refs(ctx context.Context, system, dir string) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(d.scm.Timeout))
	defer cancel()
	switch system {
	case "git":
		r, err := git.Open(ctx, dir)
		if err != nil {
			return nil, err
		}
		return r.Refs(ctx)
	}
	return nil, fmt.Errorf("%s: not a system", system)
}

// push describes a batch.
func (d describer) push(ctx context.Context, b feed.Batch) (told, error) {
	t := told{Batch: b, Push: scm.Push{Repository: b.Repository.Name, Service: d.scm.Service, System: b.Repository.System, Via: "reconcile", Time: time.Now(), Recovered: b.Recovered}}
	if b.Notice != nil {
		t.Push.Time = b.Notice.Time
		if !b.Recovered {
			t.Push.Via, t.Push.Pusher, t.Push.Options = "hook", pusher(*b.Notice), options(*b.Notice)
		}
	}
	for _, u := range b.Updates {
		t.Push.Updates = append(t.Push.Updates, scm.Update{Ref: u.Ref, Old: u.Old, New: u.New, Nth: u.Nth})
	}
	return t, nil
}
