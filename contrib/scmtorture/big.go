package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"busbar/common/journal"
)

// mostTold is [scm] commits: how many commits of one update are told one by one.
const mostTold = 300

// actBig pushes many commits at once.
func actBig(ctx context.Context, o options, s *site, out io.Writer) error {
	repository, clone := filepath.Join(s.path("git"), "big.git"), s.path("clone")
	for _, args := range [][]string{{"init", "-q", "--bare", repository}, {"init", "-q", "-b", "main", clone}} {
		if _, err := git(ctx, s.dir, "", args...); err != nil {
			return err
		}
	}
	if _, err := git(ctx, clone, history(o.commits), "fast-import", "--quiet"); err != nil {
		return err
	}
	for _, command := range []string{"install", "reconcile"} {
		if _, err := s.command(ctx, command); err != nil {
			return err
		}
	}
	if err := s.start("run"); err != nil {
		return err
	}
	if err := pause(ctx, 2*time.Second); err != nil { // it has looked at everything
		return err
	}
	began := time.Now()
	if _, err := git(ctx, clone, "", "push", "-q", repository, "main"); err != nil {
		return fmt.Errorf("a push failed: %w", err)
	}
	pushed := time.Since(began)
	want := int64(min(o.commits, mostTold) + 1)
	err := await(ctx, "all messages", 5*time.Minute, func() (bool, error) {
		n, err := s.messages(ctx)
		return n >= want, err
	})
	if err != nil {
		return err
	}
	durable, memory := time.Since(began), s.memory()
	if err := s.stop(); err != nil {
		return err
	}
	if _, err := s.command(ctx, "reconcile"); err != nil {
		return err
	}
	n, err := s.messages(ctx)
	fmt.Fprintf(out, "big: a push of %d commits took git %.2f s; %d messages (%d commits one by one) durable %.2f s after it began; the daemon's memory at most %s\n",
		o.commits, pushed.Seconds(), n, want-1, durable.Seconds(), memory)
	if err == nil && n != want {
		err = fmt.Errorf("%d messages, want %d", n, want)
	}
	return err
}

// history is a line of commits that each change one file of many, for git
// fast-import.
func history(commits int) string {
	const files = 3000
	var b strings.Builder
	for i := range commits {
		text := fmt.Sprintf("Change %d\n\nWhy it is good.\n", i)
		fmt.Fprintf(&b, "commit refs/heads/main\ncommitter Nora Ortega <nora@example.org> %d +0000\ndata %d\n%s\n", 1700000000+i, len(text), text)
		content := fmt.Sprintf("%d\n", i)
		fmt.Fprintf(&b, "M 100644 inline dir%d/file%d\ndata %d\n%s\n", i%files/100, i%files, len(content), content)
	}
	return b.String()
}

// messages is how many are in the journal.
func (s *site) messages(ctx context.Context) (int64, error) {
	r, err := journal.OpenReader(ctx, s.path("journal.db"))
	if err != nil {
		return 0, err
	}
	defer r.Close()
	return r.LastSeq(ctx)
}

// memory is the most that the running program held, as the kernel says.
func (s *site) memory() string {
	raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.run.Process.Pid))
	for line := range bytes.Lines(raw) {
		if value, ok := bytes.CutPrefix(line, []byte("VmHWM:")); ok {
			return strings.Join(strings.Fields(string(value)), " ")
		}
	}
	return "unknown"
}
