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

	"busbar/contrib/victim"
)

type options struct {
	mails, kills int
	life         time.Duration
	full, port   int
	seed         uint64
	keep         bool
}

// errSkipped says that this machine cannot play an act.
var errSkipped = errors.New("skipped")

// torture plays the acts and prints a line of numbers for each. Its error says
// what did not hold.
func torture(ctx context.Context, o options, out io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "busbar-torture-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	if o.keep {
		fmt.Fprintln(out, "everything is kept in", dir)
	} else {
		defer os.RemoveAll(dir)
	}
	program := filepath.Join(dir, "mail2bus")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "busbar/mail2bus")
	if text, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building mail2bus: %w: %s", err, text)
	}
	fmt.Fprintf(out, "machine: %d cores, %s, %s/%s; seed %d\n", runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH, o.seed)

	var failed error
	skipped := 0
	for _, act := range []struct {
		name string
		play func(context.Context, options, *site) (result, error)
	}{{"kill -9", actKill}, {"full disk", actFull}, {"taken port", actPort}} {
		began := time.Now()
		s, err := newSite(dir, program, act.name)
		if err != nil {
			return err
		}
		r, err := act.play(ctx, o, s)
		err = errors.Join(err, s.end())
		switch {
		case errors.Is(err, errSkipped):
			skipped++
			fmt.Fprintf(out, "%s: %v\n", act.name, err)
			continue
		case err != nil:
			return fmt.Errorf("%s: %w; the daemon's last words:\n%s", act.name, err, victim.LastWords(s.path("log")))
		}
		fmt.Fprintf(out, "%s: %s; %.0f s\n", act.name, r, time.Since(began).Seconds())
		if err := r.verdict(); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", act.name, err))
		}
	}
	fmt.Fprintf(out, "acts skipped: %d\n", skipped)
	return failed
}
