package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"busbar/contrib/trials/trial"
)

// A state is how the rest of scmhook is while hooks run.
type state struct {
	name    string
	prepare func(context.Context, *site) (spool string, err error)
}

// actTimes measures the hook as a process: from its start to its end.
func actTimes(ctx context.Context, o options, s *site) (string, error) {
	repository := filepath.Join(s.Path("git"), "hello.git")
	if _, err := git(ctx, s.Dir, "", "init", "-q", "--bare", repository); err != nil {
		return "", err
	}
	if _, err := s.command(ctx, "reconcile"); err != nil { // the baseline
		return "", err
	}
	for _, st := range []state{{"daemon dead", dead}, {"daemon alive", alive}, {"disk full", full}} {
		spool, err := st.prepare(ctx, s)
		if errors.Is(err, trial.ErrSkipped) {
			fmt.Fprintf(s.Out, "times: %s: %v\n", st.name, err)
			continue
		}
		if err != nil {
			return "", err
		}
		for refs := 1; refs <= o.most; refs = next(refs) {
			h := hook{what: fmt.Sprintf("%s, %d refs", st.name, refs), dir: repository, args: []string{s.Program("scmhook"), "git", "--spool", spool}}
			if err := h.measure(ctx, s, o, refs); err != nil {
				return "", err
			}
		}
		if err := s.realPush(ctx, repository, spool); err != nil {
			return "", fmt.Errorf("%s: %w", st.name, err)
		}
	}
	if err := s.measureDisk(o); err != nil {
		return "", err
	}
	h := hook{what: "/bin/true", dir: repository, args: []string{"/bin/true"}}
	if err := h.measure(ctx, s, o, 1); err != nil {
		return "", err
	}
	return fmt.Sprintf("each hook run %d times exited with 0", o.runs), compareKGB(ctx, s, o, repository)
}

// next is 10 after 1, 1,000 after 10, 100,000 after that.
func next(refs int) int {
	if refs == 1 {
		return 10
	}
	return refs * 100
}

// dead: nobody runs.
func dead(_ context.Context, s *site) (string, error) { return s.spool, nil }

// alive: the daemon takes each file as it comes.
func alive(_ context.Context, s *site) (string, error) { return s.spool, s.daemon.Start() }

// full: the spool's disk has not a byte left.
func full(_ context.Context, s *site) (string, error) {
	if err := s.daemon.Stop(); err != nil {
		return "", err
	}
	const size = 64 << 10
	small, err := s.SmallDisk("small", size)
	if err != nil {
		return "", err
	}
	return small, trial.Fill(small+"/filler", size)
}

// A hook is a program that is called as git calls post-receive.
type hook struct {
	what, dir string
	args      []string
	env       []string
}

// measure runs the hook and prints its times. It must exit with 0 each time.
func (h hook) measure(ctx context.Context, s *site, o options, refs int) error {
	input := s.Path("input")
	if err := os.WriteFile(input, lines(refs), 0o600); err != nil {
		return err
	}
	defer os.Remove(input)
	times := make(trial.Times, 0, o.runs)
	for range o.runs {
		if err := ctx.Err(); err != nil {
			return err
		}
		stdin, err := os.Open(input)
		if err != nil {
			return err
		}
		cmd := exec.Command(h.args[0], h.args[1:]...)
		cmd.Dir, cmd.Stdin = h.dir, stdin
		cmd.Env = append([]string{"GIT_DIR=.", "PATH=" + os.Getenv("PATH"), "GL_USERNAME=nora"}, h.env...)
		began := time.Now()
		err = cmd.Run()
		times = append(times, time.Since(began))
		stdin.Close()
		if err != nil {
			return fmt.Errorf("%s: the hook fails: %w", h.what, err)
		}
		if err := s.clear(ctx); err != nil {
			return err
		}
	}
	s.report(h.what, times)
	return nil
}

func (s *site) report(what string, times trial.Times) {
	fmt.Fprintf(s.Out, "times: %-28s %s\n", what, times)
}

// measureDisk does what the hook does to the disk, without any process: a small
// file and its directory are synced.
func (s *site) measureDisk(o options) error {
	d, err := os.Open(s.spool)
	if err != nil {
		return err
	}
	defer d.Close()
	times := make(trial.Times, 0, o.runs)
	for range o.runs {
		began := time.Now()
		f, err := os.Create(s.spool + "/probe")
		if err != nil {
			return err
		}
		_, err = f.Write(lines(1))
		if err = errors.Join(err, f.Sync(), f.Close(), d.Sync()); err != nil {
			return err
		}
		times = append(times, time.Since(began))
		if err := os.Remove(s.spool + "/probe"); err != nil {
			return err
		}
	}
	s.report("the disk's two syncs alone", times)
	return nil
}

// clear empties the spool where no daemon does, and lets one that does keep up.
func (s *site) clear(ctx context.Context) error {
	if s.daemon.Running() {
		return trial.Await(ctx, "the daemon to take the files", time.Minute, func() (bool, error) {
			files, err := s.files()
			return len(files) < 50, err
		})
	}
	files, err := s.files()
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := os.Remove(f); err != nil {
			return err
		}
	}
	return nil
}

// lines are what post-receive reads. They delete refs that were never told of:
// the daemon takes them in, and finds nothing new.
func lines(refs int) []byte {
	var b strings.Builder
	for i := range refs {
		fmt.Fprintf(&b, "%040x %040d refs/heads/topic/%d\n", i+1, 0, i)
	}
	return []byte(b.String())
}

// realPush pushes with the installed hook: it must succeed, whatever the state.
func (s *site) realPush(ctx context.Context, repository, spool string) error {
	if _, err := s.command(ctx, "install", "--set", "scm.spool="+spool); err != nil {
		return err
	}
	clone := s.Path("clone")
	if _, err := os.Stat(clone); err != nil {
		if _, err := git(ctx, s.Dir, "", "init", "-q", clone); err != nil {
			return err
		}
	}
	for range 3 {
		if _, err := git(ctx, clone, "", "commit", "-q", "--allow-empty", "-m", "A change"); err != nil {
			return err
		}
		if _, err := git(ctx, clone, "", "push", "-q", repository, "HEAD:refs/heads/main"); err != nil {
			return fmt.Errorf("a push failed: %w", err)
		}
	}
	return s.clear(ctx)
}
