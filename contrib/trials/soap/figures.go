package main

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"time"

	"busbar/contrib/trials/trial"
	"busbar/fixtures/bugtracker"
)

// actFigures measures soapbus with as many bugs as Debian has.
func actFigures(ctx context.Context, o options, s *site) (string, error) {
	s.tracker = bugtracker.New(bugtracker.Options{First: 700001, Seed: o.Seed, Synthetic: o.synthetic})
	s.o.rate = 60_000
	if err := s.serve(); err != nil {
		return "", err
	}
	if err := s.configure(time.Minute, "", ""); err != nil {
		return "", err
	}
	first, err := s.measured(ctx)
	if err != nil {
		return "", err
	}
	again, err := s.measured(ctx) // everything is asked again, and nothing is new
	if err != nil {
		return "", err
	}
	size, err := os.Stat(s.journal())
	if err != nil {
		return "", err
	}
	ready, memory, err := s.restart(ctx)
	if err != nil {
		return "", err
	}
	perRequest := 500.0
	return fmt.Sprintf("%d bugs; first round %s; second, a whole sweep with nothing new, %s; journal %d MiB; a restart asks its first question after %.1f s, with %.0f MiB; at 12 requests a minute %.0f bugs a minute",
		o.synthetic, first, again, size.Size()>>20, ready.Seconds(), memory, 12*perRequest), nil
}

// A cost is what one process took.
type cost struct {
	wall, cpu time.Duration
	peak      int64 // MiB
	bugs      int
}

func (c cost) String() string {
	return fmt.Sprintf("%.0f s (%.0f s of CPU; %.0f bugs a minute), peak %d MiB", c.wall.Seconds(), c.cpu.Seconds(), float64(c.bugs)/c.wall.Minutes(), c.peak)
}

// measured makes one round.
func (s *site) measured(ctx context.Context) (cost, error) {
	cmd := s.Command(ctx, "soapbus", "poll")
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return cost{}, fmt.Errorf("polling: %w", err)
	}
	usage, _ := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return cost{
		wall: time.Since(began), cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(),
		peak: usage.Maxrss >> 10, bugs: s.o.synthetic,
	}, nil
}

// restart starts the daemon and waits for its first question.
func (s *site) restart(ctx context.Context) (ready time.Duration, memory float64, err error) {
	before := len(s.tracker.Requests())
	began := time.Now()
	if err := s.daemon.Start(); err != nil {
		return 0, 0, err
	}
	for len(s.tracker.Requests()) == before {
		if time.Since(began) > 5*time.Minute {
			return 0, 0, fmt.Errorf("soapbus asked nothing for %s", time.Since(began))
		}
		if err := trial.Pause(ctx, 5*time.Millisecond); err != nil {
			return 0, 0, err
		}
	}
	ready = time.Since(began)
	if err := trial.Pause(ctx, 5*time.Second); err != nil {
		return 0, 0, err
	}
	memory, err = trial.Resident(s.daemon.PID())
	return ready, memory, err
}
