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
	"strings"
	"time"

	"busbar/contrib/victim"
)

// torture plays the acts and prints a line of numbers for each. Its error says
// what did not hold.
func torture(ctx context.Context, o options, out io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "busbar-dbtorture-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	if o.keep {
		fmt.Fprintln(out, "everything is kept in", dir)
	} else {
		defer os.RemoveAll(dir)
	}
	program := filepath.Join(dir, "dbpoll")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "busbar/dbpoll")
	if text, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building dbpoll: %w: %s", err, text)
	}
	fmt.Fprintf(out, "machine: %d cores, %s, %s/%s; seed %d\n", runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH, o.seed)

	var failed error
	for i, act := range []struct {
		name, role string
		play       func(context.Context, options, *site) error
		restored   bool
	}{
		{"undisturbed", "wbadm", actPlain, false},
		{"dbpoll killed", "wbadm", actKill, false},
		{"PostgreSQL restarted", "wbadm", actRestart, false},
		{"database restored", "wbadm", actRestore, true},
		{"views and log", "guest", actPlain, false},
		{"views alone", "views", actPlain, false},
	} {
		if !strings.Contains(act.name, o.acts) {
			continue
		}
		began := time.Now()
		s, err := newSite(ctx, filepath.Join(dir, fmt.Sprint(i)), program, act.role)
		if err != nil {
			return err
		}
		err = act.play(ctx, o, s)
		var l ledger
		if err == nil {
			l, err = s.audit(ctx)
		}
		err = errors.Join(err, s.end())
		if err != nil {
			return fmt.Errorf("%s: %w; dbpoll's last words:\n%s", act.name, err, victim.LastWords(s.path("log")))
		}
		fmt.Fprintf(out, "%s: %s; %s; %.0f s\n", act.name, s.what, l, time.Since(began).Seconds())
		if err := l.verdict(promise{act.role != "views", act.role == "wbadm", act.restored}); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", act.name, err))
		}
	}
	return failed
}
