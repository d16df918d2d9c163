package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

// torture plays the acts and prints what they found.
func torture(ctx context.Context, o options, out io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "busbar-scmtorture-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	if o.keep {
		fmt.Fprintln(out, "everything is kept in", dir)
	} else {
		defer os.RemoveAll(dir)
	}
	program := filepath.Join(dir, "scmhook")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", program, "busbar/scmhook")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building scmhook: %w: %s", err, text)
	}
	fmt.Fprintf(out, "machine: %d cores, %s, %s/%s; seed %d\n", runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH, o.seed)
	var failed error
	for _, act := range []struct {
		name string
		play func(context.Context, options, *site, io.Writer) error
	}{{"times", actTimes}, {"kills", actKills}, {"big", actBig}, {"webhooks", actWebhooks}} {
		if o.act != "all" && o.act != act.name {
			continue
		}
		began := time.Now()
		s, err := newSite(dir, program, act.name)
		if err != nil {
			return err
		}
		err = act.play(ctx, o, s, out)
		if err = errors.Join(err, s.end()); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w; the daemon's last words:\n%s", act.name, err, s.lastWords()))
			continue
		}
		fmt.Fprintf(out, "%s: %.0f s\n", act.name, time.Since(began).Seconds())
	}
	return failed
}
