package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// packages of each architecture and suite: few, so that writers meet.
const packages = 60

// actions lead from anywhere to anywhere: what matters is that each is told.
var actions = []struct{ name, state, changes string }{
	{"--merge-v3: needs-build", "Needs-Build", `{"notes": "out-of-date"}`},
	{"--merge-all (dose)", "BD-Uninstallable", `{"bd_problem": "missing"}`},
	{"--take", "Building", `{"builder": "buildd_leaf"}`},
	{"--set-built", "Built", `{}`},
	{"--set-attempted", "Build-Attempted", `{}`},
	{"--set-uploaded", "Uploaded", `{}`},
	{"--merge-v3: Installed", "Installed", `{"installed_version": "1-1"}`},
	{"--set-failed", "Failed", `{"failed": "it broke"}`},
	{"--give-back", "Needs-Build", `{}`},
	{"--dep-wait", "Dep-Wait", `{"depends": "libsteam-dev"}`},
	{"--no-build", "Not-For-Us", `{}`},
	{"--merge-v3: deleted", "deleted", `{}`},
}

// A tally is what writers did.
type tally struct{ changes, commits, rollbacks, failures atomic.Int64 }

func (t *tally) String() string {
	return fmt.Sprintf("%d changes in %d commits, %d rollbacks, %d cut by the server", t.changes.Load(), t.commits.Load(), t.rollbacks.Load(), t.failures.Load())
}

// write runs the writers until each has made its changes.
func (s *site) write(ctx context.Context, o options, round uint64) (*tally, error) {
	t := &tally{}
	var wg sync.WaitGroup
	errs := make(chan error, o.writers)
	for n := range o.writers {
		w := &writer{s: s, t: t, rng: rand.New(rand.NewPCG(o.Seed+round, uint64(n)))}
		wg.Go(func() {
			if err := w.run(ctx, o.changes); err != nil {
				errs <- err
			}
		})
	}
	wg.Wait()
	close(errs)
	return t, <-errs
}

type writer struct {
	s   *site
	t   *tally
	rng *rand.Rand
	c   *pgconn.PgConn
}

func (w *writer) run(ctx context.Context, changes int) error {
	defer func() {
		if w.c != nil {
			w.c.Close(context.WithoutCancel(ctx))
		}
	}()
	failures := 0
	for made := 0; made < changes; {
		n, err := w.transaction(ctx, min(1+w.rng.IntN(8), changes-made))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil { // the server went away, perhaps while committing
			if failures++; failures > 2000 {
				return fmt.Errorf("writing: %w", err)
			}
			w.t.failures.Add(1)
			if w.c != nil {
				w.c.Close(ctx)
				w.c = nil
			}
			time.Sleep(50 * time.Millisecond)
			continue
		}
		made += n
	}
	return nil
}

// transaction does some actions under the lock of one architecture and suite,
// as the real program does. One in ten is rolled back.
func (w *writer) transaction(ctx context.Context, n int) (int, error) {
	if w.c == nil {
		c, err := pgconn.Connect(ctx, w.s.pg.URL("postgres", database))
		if err != nil {
			return 0, err
		}
		w.c = c
	}
	arch, suite := architectures[w.rng.IntN(len(architectures))], suites[w.rng.IntN(len(suites))]
	do := func(format string, args ...any) error {
		_, err := w.c.Exec(ctx, fmt.Sprintf(format, args...)).ReadAll()
		return err
	}
	if err := do("BEGIN; SELECT FROM locks WHERE distribution = '%s' AND architecture = '%s' FOR UPDATE", suite, arch); err != nil {
		return 0, err
	}
	for range n {
		a := actions[w.rng.IntN(len(actions))]
		err := do("SELECT act('%s', '%s', 'pkg%02d', '1-1', '%s', '%s', 'buildd_leaf', '%s')", arch, suite, w.rng.IntN(packages), a.name, a.state, a.changes)
		if err != nil {
			return 0, err
		}
	}
	// Most commit at once; some think for a while, with their time stamps set.
	if w.rng.IntN(4) == 0 {
		time.Sleep(time.Duration(w.rng.Int64N(int64(40 * time.Millisecond))))
	}
	if w.rng.IntN(200) == 0 {
		time.Sleep(time.Duration(w.rng.Int64N(int64(3 * time.Second))))
	}
	if w.rng.IntN(10) == 0 {
		w.t.rollbacks.Add(1)
		return 0, do("ROLLBACK")
	}
	if err := do("COMMIT"); err != nil {
		return 0, err
	}
	w.t.commits.Add(1)
	w.t.changes.Add(int64(n))
	return n, nil
}
