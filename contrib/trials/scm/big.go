package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"busbar/contrib/trials/trial"
)

// mostTold is [scm] commits: how many commits of one update are told one by one.
const mostTold = 300

// actBig pushes many commits at once.
func actBig(ctx context.Context, o options, s *site) (string, error) {
	repository, clone := filepath.Join(s.Path("git"), "big.git"), s.Path("clone")
	for _, args := range [][]string{{"init", "-q", "--bare", repository}, {"init", "-q", "-b", "main", clone}} {
		if _, err := git(ctx, s.Dir, "", args...); err != nil {
			return "", err
		}
	}
	if _, err := git(ctx, clone, history(o.commits), "fast-import", "--quiet"); err != nil {
		return "", err
	}
	for _, command := range []string{"install", "reconcile"} {
		if _, err := s.command(ctx, command); err != nil {
			return "", err
		}
	}
	if err := s.daemon.Start(); err != nil {
		return "", err
	}
	if err := trial.Pause(ctx, 2*time.Second); err != nil { // it has looked at everything
		return "", err
	}
	began := time.Now()
	if _, err := git(ctx, clone, "", "push", "-q", repository, "main"); err != nil {
		return "", fmt.Errorf("a push failed: %w", err)
	}
	pushed := time.Since(began)
	want := int64(min(o.commits, mostTold) + 1)
	err := trial.Await(ctx, "all messages", 5*time.Minute, func() (bool, error) {
		n, err := trial.Stored(ctx, s.journal())
		return n >= want, err
	})
	if err != nil {
		return "", err
	}
	durable, memory := time.Since(began), trial.Peak(s.daemon.PID())
	if err := s.daemon.Stop(); err != nil {
		return "", err
	}
	if _, err := s.command(ctx, "reconcile"); err != nil {
		return "", err
	}
	n, err := trial.Stored(ctx, s.journal())
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("a push of %d commits took git %.2f s; %d messages (%d commits one by one) durable %.2f s after it began; the daemon's memory at most %s",
		o.commits, pushed.Seconds(), n, want-1, durable.Seconds(), memory), count(n, want)
}

// count breaks the promise where the journal holds not as many messages as it must.
func count(n, want int64) error {
	return trial.Verdict([]trial.Count{{N: int(max(want-n, 0)), What: "messages lost"}, {N: int(max(n-want, 0)), What: "messages doubled"}})
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
