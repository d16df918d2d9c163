package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"time"

	"busbar/contrib/trials/trial"
)

// settle polls until everything is told: the second poll tells what the first
// left to the log.
func (s *site) settle(ctx context.Context) error {
	for range 2 {
		if err := s.poll(ctx); err != nil {
			return err
		}
	}
	return nil
}

func actPlain(ctx context.Context, o options, s *site) error {
	return s.disturbed(ctx, o, func(context.Context) (string, error) { return "", nil })
}

// disturbed runs writers and dbpoll, and beside them something that disturbs.
func (s *site) disturbed(ctx context.Context, o options, disturb func(context.Context) (string, error)) error {
	if err := s.poll(ctx); err != nil {
		return err
	}
	if err := s.daemon.Start(); err != nil {
		return err
	}
	writing, stop := context.WithCancel(ctx)
	type outcome struct {
		what string
		err  error
	}
	disturbed := make(chan outcome, 1)
	go func() {
		what, err := disturb(writing)
		disturbed <- outcome{what, err}
	}()
	t, err := s.write(ctx, o, 1)
	stop()
	d := <-disturbed
	if err := errors.Join(err, d.err, s.daemon.Stop()); err != nil {
		return err
	}
	s.what = fmt.Sprintf("%d writers, %s%s", o.writers, t, d.what)
	return s.settle(ctx)
}

func actKill(ctx context.Context, o options, s *site) error {
	rng := rand.New(rand.NewPCG(o.Seed, 11))
	return s.disturbed(ctx, o, func(writing context.Context) (string, error) {
		kills := 0
		for ; kills < o.kills; kills++ {
			// When the writers are done, the rest of the kills fall on what
			// dbpoll has still to tell.
			life := time.Duration(rng.Int64N(int64(o.life)))
			if writing.Err() != nil {
				life /= 4
			}
			if err := trial.Pause(ctx, life); err != nil {
				return "", err
			}
			if err := s.daemon.Restart(); err != nil {
				return "", err
			}
		}
		return fmt.Sprintf("; dbpoll killed %d times", kills), nil
	})
}

func actRestart(ctx context.Context, o options, s *site) error {
	rng := rand.New(rand.NewPCG(o.Seed, 12))
	return s.disturbed(ctx, o, func(context.Context) (string, error) {
		for n := range o.restarts {
			if err := trial.Pause(ctx, time.Duration(rng.Int64N(int64(o.life)))); err != nil {
				return "", err
			}
			end := s.pg.Stop
			if n%2 == 1 {
				end = s.pg.Kill
			}
			if err := end(); err != nil {
				return "", err
			}
			if err := s.pg.Start(ctx); err != nil {
				return "", err
			}
		}
		return fmt.Sprintf("; PostgreSQL restarted %d times, half of them in order, half at once", o.restarts), nil
	})
}

// actRestore loses some changes with a restore, and goes on from there.
func actRestore(ctx context.Context, o options, s *site) error {
	third := o
	third.changes = o.changes / 3
	if err := s.poll(ctx); err != nil {
		return err
	}
	first, err := s.write(ctx, third, 2)
	if err != nil {
		return err
	}
	if err := s.settle(ctx); err != nil {
		return err
	}
	dump, err := s.pg.Dump(ctx, database)
	if err != nil {
		return err
	}
	second, err := s.write(ctx, third, 3)
	if err != nil {
		return err
	}
	if err := s.settle(ctx); err != nil {
		return err
	}
	told, err := s.told(ctx)
	if err != nil {
		return err
	}
	maps.Copy(s.lost, told.all)
	for id := range told.retries {
		s.lost[id] = true
	}
	if err := s.sql(ctx, "postgres", "DROP DATABASE "+database+" WITH (FORCE)"); err != nil {
		return err
	}
	if err := s.sql(ctx, "postgres", "CREATE DATABASE "+database); err != nil {
		return err
	}
	if err := s.sql(ctx, database, dump); err != nil {
		return err
	}
	if err := s.daemon.Start(); err != nil {
		return err
	}
	last, err := s.write(ctx, third, 4)
	if err = errors.Join(err, s.daemon.Stop()); err != nil {
		return err
	}
	s.what = fmt.Sprintf("%d writers: %s; then, lost by the restore: %s; then %s", o.writers, first, second, last)
	return s.settle(ctx)
}
