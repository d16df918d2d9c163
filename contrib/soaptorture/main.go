// Soaptorture holds soapbus to its guarantees: at the end, what was published is
// what the tracker says, and every message of its bugs was told once. It runs the
// real program against a bug tracker that answers as SOAP::Lite does, while bugs
// change, the tracker fails, is slow, cuts its replies and is restarted, and
// soapbus is killed. Then it has the same bugs told by mail2bus and by soapbus,
// with half of the mails withheld.
//
//	go run ./contrib/soaptorture          # 5,000 bugs, 200 kills: some minutes
//	go run ./contrib/soaptorture -bugs 200 -changes 300 -kills 5
//	go run ./contrib/soaptorture -acts figures   # 1,100,000 bugs: memory, restart, sweep
//
// It exits 1 if anything was lost or doubled. Everything happens in a temporary
// folder, on 127.0.0.1, and is cleared away.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"busbar/contrib/victim"
)

type options struct {
	bugs, changes, kills int
	both                 int // bugs told by mail and SOAP
	synthetic            int
	rate                 int
	life                 time.Duration
	seed                 uint64
	keep                 bool
	acts                 string
}

func main() {
	var o options
	flag.IntVar(&o.bugs, "bugs", 5000, "bugs that are there at the beginning")
	flag.IntVar(&o.changes, "changes", 10_000, "changes while soapbus runs")
	flag.IntVar(&o.kills, "kills", 200, "how often soapbus is killed")
	flag.IntVar(&o.both, "both", 500, "bugs that are told by mail and by SOAP")
	flag.IntVar(&o.synthetic, "synthetic", 1_100_000, "bugs for the figures")
	flag.IntVar(&o.rate, "rate", 6000, "requests a minute")
	flag.DurationVar(&o.life, "life", 3*time.Second, "the longest life of soapbus between two kills")
	flag.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "seed of all that is random")
	flag.BoolVar(&o.keep, "keep", false, "keep the folder")
	flag.StringVar(&o.acts, "acts", "", "play only the acts whose names hold this")
	limit := flag.Duration("limit", 2*time.Hour, "give up after this time")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, *limit)
	defer cancel()
	if err := torture(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "soaptorture:", err)
		cancel()
		os.Exit(1)
	}
}

// torture plays the acts and prints a line of numbers for each. Its error says
// what did not hold.
func torture(ctx context.Context, o options, out io.Writer) error {
	dir, err := os.MkdirTemp("", "busbar-soaptorture-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	if o.keep {
		fmt.Fprintln(out, "everything is kept in", dir)
	} else {
		defer os.RemoveAll(dir)
	}
	for _, program := range []string{"soapbus", "mail2bus"} {
		build := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(dir, program), "busbar/"+program)
		if text, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("building %s: %w: %s", program, err, text)
		}
	}
	fmt.Fprintf(out, "machine: %d cores, %s, %s/%s; seed %d\n", runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH, o.seed)
	var failed error
	for i, act := range []struct {
		name string
		play func(context.Context, options, *site) (string, error)
	}{
		{"undisturbed", actPlain},
		{"tracker failing, soapbus killed", actKill},
		{"mail and SOAP", actBoth},
		{"figures", actFigures},
	} {
		if !strings.Contains(act.name, o.acts) {
			continue
		}
		began := time.Now()
		s, err := newSite(filepath.Join(dir, fmt.Sprint(i)), dir, o)
		if err != nil {
			return err
		}
		text, err := act.play(ctx, o, s)
		var broken *brokenPromise
		if words := victim.LastWords(s.path("log")); err != nil && !errors.As(err, &broken) {
			return errors.Join(fmt.Errorf("%s: %w; soapbus's last words:\n%s", act.name, err, words), s.end())
		}
		if err := s.end(); err != nil {
			return fmt.Errorf("%s: %w", act.name, err)
		}
		fmt.Fprintf(out, "%s: %s; %.0f s\n", act.name, text, time.Since(began).Seconds())
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", act.name, err))
		}
	}
	return failed
}

// A brokenPromise is what the harness looks for.
type brokenPromise struct{ what string }

func (b *brokenPromise) Error() string { return b.what }
