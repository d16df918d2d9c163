package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"time"

	"busbar/common/exit"
	"busbar/contrib/trials/trial"
)

// actImport imports a mailbox, alone and beside the daemon, while import and daemon
// are killed.
func actImport(ctx context.Context, o options, at *trial.Site) (result, error) {
	s, err := install(at, at.Dir)
	if err != nil {
		return result{}, err
	}
	b := newBook()
	box := at.Path("box")
	f, err := os.Create(box)
	if err != nil {
		return result{}, err
	}
	for n := 1; n <= o.imports && err == nil; n++ {
		_, err = fmt.Fprintf(f, "From nora@example.org %s\n%s\n", time.Now().UTC().Format(time.ANSIC), mail(n))
		b.note(b.acked, n)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return result{}, err
	}
	rng := rand.New(rand.NewPCG(o.Seed, 3))
	killed, daemons := 0, 0
	for life := range o.kills {
		wait := time.Duration(rng.Int64N(int64(o.life / 4)))
		switch beside := life%2 == 1; {
		case beside && !s.daemon.Running():
			if err := s.daemon.Start(); err != nil {
				return result{}, err
			}
			if err := trial.Pause(ctx, wait); err != nil {
				return result{}, err
			}
		case !beside && s.daemon.Running():
			if err := s.daemon.Stop(); err != nil {
				return result{}, err
			}
		}
		if err := s.holds(ctx); err != nil {
			return result{}, err
		}
		cmd := s.Command(ctx, "mail2bus", "import", box)
		if err := cmd.Start(); err != nil {
			return result{}, err
		}
		if err := trial.Pause(ctx, wait); err != nil {
			return result{}, err
		}
		if s.daemon.Running() && rng.IntN(2) == 0 {
			daemons++
			if err := s.daemon.Restart(); err != nil {
				return result{}, err
			}
			if err := trial.Pause(ctx, wait/4); err != nil {
				return result{}, err
			}
		}
		if cmd.Process.Kill() == nil {
			killed++
		}
		_ = cmd.Wait()
		if err := s.holds(ctx); err != nil {
			return result{}, err
		}
	}
	if !s.daemon.Running() {
		if err := s.daemon.Start(); err != nil {
			return result{}, err
		}
	}
	if err := s.holds(ctx); err != nil {
		return result{}, err
	}
	err = trial.Await(ctx, "the import", trial.Patience, func() (bool, error) {
		err := s.Run(ctx, "mail2bus", "import", box)
		var failed *exec.ExitError
		if errors.As(err, &failed) && failed.ExitCode() == exit.TempFail {
			return false, nil
		}
		return err == nil, err
	})
	if err != nil {
		return result{}, err
	}
	r, err := s.close(ctx, b, 1, nil)
	r.what = fmt.Sprintf("mails %d of one mbox, import killed %d times, the daemon %d times", o.imports, killed, daemons)
	return r, err
}

// holds waits until a daemon that was started holds its journal: an import that comes
// first would have it. An import that found no daemon, since that was just killed, did
// come first: then the daemon ends, and is started again, as systemd does.
func (s *site) holds(ctx context.Context) error {
	if !s.daemon.Running() {
		return nil
	}
	return trial.Await(ctx, "the daemon to hold its journal", trial.Patience, func() (bool, error) {
		if code, ended := s.daemon.Exited(); ended && code != exit.TempFail {
			return false, fmt.Errorf("mail2bus ended by itself, with %d", code)
		} else if ended {
			return false, s.daemon.Start()
		}
		conn, err := net.DialTimeout("unix", s.journal+".sock", time.Second)
		if err != nil {
			return false, nil
		}
		return true, conn.Close()
	})
}
