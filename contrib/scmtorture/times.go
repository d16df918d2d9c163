package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// A state is how the rest of scmhook is while hooks run.
type state struct {
	name    string
	prepare func(context.Context, *site) (spool string, err error)
}

// actTimes measures the hook as a process: from its start to its end.
func actTimes(ctx context.Context, o options, s *site, out io.Writer) error {
	repository := filepath.Join(s.path("git"), "hello.git")
	if _, err := git(ctx, s.dir, "", "init", "-q", "--bare", repository); err != nil {
		return err
	}
	if _, err := s.command(ctx, "reconcile"); err != nil { // the baseline
		return err
	}
	for _, st := range []state{{"daemon dead", dead}, {"daemon alive", alive}, {"disk full", full}} {
		spool, err := st.prepare(ctx, s)
		if errors.Is(err, errors.ErrUnsupported) {
			fmt.Fprintf(out, "times: %s: skipped: %v\n", st.name, err)
			continue
		}
		if err != nil {
			return err
		}
		for refs := 1; refs <= o.most; refs = next(refs) {
			h := hook{what: fmt.Sprintf("%s, %d refs", st.name, refs), dir: repository, args: []string{s.program, "git", "--spool", spool}}
			if err := h.measure(ctx, s, o, refs, out); err != nil {
				return err
			}
		}
		if err := s.realPush(ctx, repository, spool); err != nil {
			return fmt.Errorf("%s: %w", st.name, err)
		}
	}
	if err := s.measureDisk(o, out); err != nil {
		return err
	}
	h := hook{what: "/bin/true", dir: repository, args: []string{"/bin/true"}}
	if err := h.measure(ctx, s, o, 1, out); err != nil {
		return err
	}
	return compareKGB(ctx, s, o, repository, out)
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
func alive(_ context.Context, s *site) (string, error) { return s.spool, s.start("run") }

// full: the spool's disk has not a byte left.
func full(_ context.Context, s *site) (string, error) {
	if err := s.stop(); err != nil {
		return "", err
	}
	small := s.path("small")
	if err := os.Mkdir(small, 0o700); err != nil {
		return "", err
	}
	if err := syscall.Mount("tmpfs", small, "tmpfs", 0, "size=64k"); err != nil {
		return "", fmt.Errorf("%w: a small disk could not be mounted (%w); run as root", errors.ErrUnsupported, err)
	}
	s.undo = append(s.undo, func() error { return syscall.Unmount(small, syscall.MNT_DETACH) })
	f, err := os.Create(small + "/filler")
	if err != nil {
		return "", err
	}
	defer f.Close()
	block := make([]byte, 4096)
	for range 64 {
		if _, err := f.Write(block); errors.Is(err, syscall.ENOSPC) {
			return small, nil
		} else if err != nil {
			return "", err
		}
	}
	return "", errors.New("filling the disk: it never became full")
}

// A hook is a program that is called as git calls post-receive.
type hook struct {
	what, dir string
	args      []string
	env       []string
}

// measure runs the hook and prints its times. It must exit with 0 each time.
func (h hook) measure(ctx context.Context, s *site, o options, refs int, out io.Writer) error {
	input := s.path("input")
	if err := os.WriteFile(input, lines(refs), 0o600); err != nil {
		return err
	}
	defer os.Remove(input)
	times := make([]time.Duration, 0, o.runs)
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
	report(out, h.what, times)
	return nil
}

func report(out io.Writer, what string, times []time.Duration) {
	slices.Sort(times)
	at := func(share float64) float64 { return times[int(share*float64(len(times)-1))].Seconds() * 1000 }
	fmt.Fprintf(out, "times: %-28s p50 %7.2f ms, p99 %7.2f ms, longest %7.2f ms (%d runs)\n", what, at(0.5), at(0.99), at(1), len(times))
}

// measureDisk does what the hook does to the disk, without any process: a small
// file and its directory are synced.
func (s *site) measureDisk(o options, out io.Writer) error {
	d, err := os.Open(s.spool)
	if err != nil {
		return err
	}
	defer d.Close()
	times := make([]time.Duration, 0, o.runs)
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
	report(out, "the disk's two syncs alone", times)
	return nil
}

// clear empties the spool where no daemon does, and lets one that does keep up.
func (s *site) clear(ctx context.Context) error {
	if s.run != nil {
		return await(ctx, "the daemon to take the files", time.Minute, func() (bool, error) {
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
	clone := s.path("clone")
	if _, err := os.Stat(clone); err != nil {
		if _, err := git(ctx, s.dir, "", "init", "-q", clone); err != nil {
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
