package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"busbar/contrib/trials/trial"
)

const (
	workers  = 3   // each pushes into a repository of its own
	branches = 4   // of a repository, pushed again and again
	pool     = 200 // commits that refs move between
)

// wrapper stands between the hook and scmhook, and kills it when the push says
// so.
const wrapper = `#!/bin/sh
[ -n "$TORTURE_KILL" ] && exec timeout -s KILL "$TORTURE_KILL" '%s' "$@"
exec '%s' "$@"
`

// actKills pushes while everything is killed.
func actKills(ctx context.Context, o options, s *site) (string, error) {
	wrapped := s.Path("wrapped")
	if err := os.WriteFile(wrapped, fmt.Appendf(nil, wrapper, s.Program("scmhook"), s.Program("scmhook")), 0o700); err != nil {
		return "", err
	}
	pushers := make([]*pusher, workers)
	for i := range pushers {
		var err error
		if pushers[i], err = newPusher(ctx, s, i, o); err != nil {
			return "", err
		}
	}
	install := func() error {
		_, err := s.command(ctx, "install", "--program", wrapped)
		return err
	}
	if err := install(); err != nil {
		return "", err
	}
	// The first sight is a baseline: it comes before the first push.
	if _, err := s.command(ctx, "reconcile"); err != nil {
		return "", err
	}
	if err := s.daemon.Start(); err != nil {
		return "", err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		wg    sync.WaitGroup
		done  atomic.Int64
		mu    sync.Mutex
		wrong error
	)
	fail := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		wrong = errors.Join(wrong, err)
		cancel()
	}
	for _, p := range pushers {
		wg.Go(func() {
			for done.Add(1) <= int64(o.pushes) {
				if err := p.push(ctx); err != nil {
					fail(err)
					return
				}
			}
		})
	}
	wiped, err := s.deaths(ctx, o, &done, install)
	if err != nil {
		fail(err)
	}
	wg.Wait()
	if wrong != nil {
		return "", wrong
	}
	l, err := s.settle(ctx, pushers)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("pushes %d (all succeeded), ref updates %d, hook killed %d times, daemon killed %d times, hook taken out for %d pushes, spool wiped of %d files; %s",
		o.pushes, sum(pushers, func(p *pusher) int { return p.updates }), sum(pushers, func(p *pusher) int { return p.killed }), o.kills/2,
		sum(pushers, func(p *pusher) int { return p.bare }), wiped, l), l.verdict()
}

func sum(pushers []*pusher, of func(*pusher) int) int {
	n := 0
	for _, p := range pushers {
		n += of(p)
	}
	return n
}

// deaths kills the daemon evenly over the pushes, takes the hook out for a tenth
// of them, and wipes the spool once.
func (s *site) deaths(ctx context.Context, o options, done *atomic.Int64, install func() error) (wiped int, err error) {
	rng := rand.New(rand.NewPCG(o.Seed, 1<<32))
	lives := max(o.kills/2, 1)
	for life := range lives {
		upTo := int64(o.pushes) * int64(life) / int64(lives)
		for done.Load() < upTo {
			if err := trial.Pause(ctx, 5*time.Millisecond); err != nil {
				return wiped, err
			}
		}
		if err := trial.Pause(ctx, time.Duration(rng.Int64N(int64(200*time.Millisecond)))); err != nil {
			return wiped, err
		}
		if err := s.daemon.Kill(); err != nil {
			return wiped, err
		}
		switch life {
		case lives * 4 / 10:
			_, err = s.command(ctx, "uninstall", "--program", s.Path("wrapped"))
		case lives * 5 / 10:
			err = install()
		case lives * 7 / 10:
			wiped, err = s.wipe(ctx, func() bool { return done.Load() >= int64(o.pushes) })
		}
		if err != nil {
			return wiped, err
		}
		if err := s.daemon.Start(); err != nil {
			return wiped, err
		}
	}
	return wiped, install()
}

// wipe waits for some files and removes them unread.
func (s *site) wipe(ctx context.Context, over func() bool) (int, error) {
	var files []string
	err := trial.Await(ctx, "spool files", 2*time.Minute, func() (bool, error) {
		var err error
		files, err = s.files()
		return len(files) > 5 || over(), err
	})
	if err != nil {
		return 0, err
	}
	for _, f := range files {
		if err := os.Remove(f); err != nil {
			return 0, err
		}
	}
	return len(files), nil
}

// settle lets the daemon come to rest, asks it to compare all refs, stops it and
// makes the ledger.
func (s *site) settle(ctx context.Context, pushers []*pusher) (ledger, error) {
	empty := func() (bool, error) {
		files, err := s.files()
		return len(files) == 0, err
	}
	if err := trial.Await(ctx, "the spool to be empty", 10*time.Minute, empty); err != nil {
		return ledger{}, err
	}
	if err := s.daemon.Stop(); err != nil {
		return ledger{}, err
	}
	if _, err := s.command(ctx, "reconcile"); err != nil {
		return ledger{}, err
	}
	// Once more must find nothing.
	again, err := s.command(ctx, "reconcile")
	if err != nil {
		return ledger{}, err
	}
	if !strings.HasSuffix(strings.TrimSpace(again), "0 messages") {
		return ledger{}, fmt.Errorf("a second reconcile found more: %s", again)
	}
	return s.audit(ctx, pushers)
}

// hookThere tells whether the hook is in a repository now.
func hookThere(repository string) bool {
	_, err := os.Stat(filepath.Join(repository, "hooks", "post-receive"))
	return err == nil
}
