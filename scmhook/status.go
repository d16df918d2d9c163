package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"busbar/common/journal"
	"busbar/common/program"
	"busbar/common/show"
	"busbar/scmhook/feed"
	"busbar/scmhook/install"
)

// A repositoryStatus says how it stands with one repository.
type repositoryStatus struct {
	Repository string `json:"repository"`
	System     string `json:"system"`
	Directory  string `json:"directory"`
	// Hook is wired, unwired, other, dead, or why that cannot be said.
	Hook string `json:"hook"`
	// Silent says that the hook is wired, and what was pushed last was found
	// by comparing, after the hook last ran.
	Silent     bool       `json:"silent"`
	Refs       int        `json:"refs"` // published or recorded
	HookCalled *time.Time `json:"heard,omitempty"`
	Recovered  *time.Time `json:"recovered,omitempty"`
	Found      int        `json:"found"` // updates that comparing found
}

// Status is how it stands with each repository.
func (c *Config) Status(ctx context.Context, p *program.Env, r *journal.Reader) (program.Section, error) {
	return program.Section{Print: func(w io.Writer, asJSON bool) error {
		all, missing, err := c.repositories(ctx, r)
		if missing != nil {
			show.Fprintln(p.Stderr, "scmhook:", missing)
		}
		for _, one := range all {
			if asJSON {
				err = errors.Join(err, json.NewEncoder(w).Encode(one))
			} else {
				show.Fprintln(w, one)
			}
		}
		return err
	}}, nil
}

func (r repositoryStatus) String() string {
	hook := r.Hook
	if r.Silent {
		hook += ", but SILENT"
	}
	when := func(t *time.Time) string {
		if t == nil {
			return "never"
		}
		return t.Format(time.RFC3339)
	}
	return fmt.Sprintf("%s %s: %s; %d refs; hook called %s; %d updates found by comparing, the last %s",
		r.System, r.Repository, hook, r.Refs, when(r.HookCalled), r.Found, when(r.Recovered))
}

// repositories asks each repository's hooks and the journal; missing says what cannot
// be looked at.
func (c *Config) repositories(ctx context.Context, r *journal.Reader) (all []repositoryStatus, missing, err error) {
	set, err := feed.NewSet(c.SCM.Repositories)
	if err != nil {
		return nil, nil, err
	}
	o, err := hookOptions(c, "")
	if err != nil {
		return nil, nil, err
	}
	found, missing := set.All()
	for _, f := range found {
		s, err := repository(ctx, r, o, f)
		if err != nil {
			return nil, missing, err
		}
		all = append(all, s)
	}
	return all, missing, nil
}

func repository(ctx context.Context, r *journal.Reader, o install.Options, f feed.Repository) (repositoryStatus, error) {
	var about feed.About
	published, err := feed.Published(ctx, r, f.System, f.Name, &about)
	if err != nil {
		return repositoryStatus{}, err
	}
	s := repositoryStatus{Repository: f.Name, System: f.System, Directory: f.Dir, Refs: len(published), Found: about.Found, Hook: "wired"}
	if !about.HookCalled.IsZero() {
		s.HookCalled = &about.HookCalled
	}
	if !about.Recovered.IsZero() {
		s.Recovered = &about.Recovered
	}
	wires, err := o.Wires(f.System, f.Dir)
	if err != nil {
		s.Hook = err.Error()
	}
	for _, w := range wires {
		if w.State != "wired" {
			s.Hook = w.State
		}
	}
	s.Silent = s.Hook == "wired" && about.Recovered.After(about.HookCalled)
	return s, nil
}
