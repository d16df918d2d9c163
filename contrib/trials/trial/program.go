// Package trial is what the trials share: programs that run ours as they are, kill
// them, fill disks and restore databases, and count what was lost and doubled.
//
// A trial's [Main] parses its flags; [Options.Play] builds our programs and plays
// the acts, each at a [Site] of its own with its daemons, the [Victim]s; what a
// bus carries is kept by a [Collector], what a journal holds is read by [Verify]
// and [Messages]; a [Verdict] says which promise was broken.
//
// Not here: what one trial does, and what it looks for.
package trial

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Options are what each trial with acts can be told.
type Options struct {
	Seed uint64 // of all that is random
	Keep bool   // keep the folder
	Acts string // play only the acts whose names hold this
	Bin  string // where the programs are built; empty: in the trial's own folder
}

// Flags adds them to the command line.
func (o *Options) Flags() {
	flag.Uint64Var(&o.Seed, "seed", uint64(time.Now().UnixNano()), "seed of all that is random")
	flag.BoolVar(&o.Keep, "keep", false, "keep the folder")
	flag.StringVar(&o.Acts, "acts", "", "play only the acts whose names hold this")
	flag.StringVar(&o.Bin, "bin", "", "build the programs in this folder, and leave them there for the next time")
}

// Main is a trial's main: it reads the flags, and gives up after a time or at a
// signal. An error ends the program with 1.
func Main(name string, limit time.Duration, try func(context.Context) error) {
	most := flag.Duration("limit", limit, "give up after this time")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, *most)
	defer cancel()
	if err := try(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		cancel()
		os.Exit(1)
	}
}

// An Act is one part of a trial. Play's text is the line of figures that it ends
// with; its error may be a broken promise, after which the next act is played, or
// [ErrSkipped].
type Act struct {
	Name string
	Play func(context.Context, *Site) (string, error)
}

// ErrSkipped says that this machine cannot play an act.
var ErrSkipped = errors.New("skipped")

// Play builds the programs, plays the acts and prints a line of figures for each.
// Its error says what did not hold.
func (o Options) Play(ctx context.Context, out io.Writer, name string, programs []string, acts ...Act) error {
	dir, err := os.MkdirTemp("", "busbar-trial-"+name+"-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	if o.Keep {
		fmt.Fprintln(out, "everything is kept in", dir)
	} else {
		defer os.RemoveAll(dir)
	}
	bin := cmp.Or(o.Bin, dir)
	if err := Build(ctx, bin, programs...); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s; seed %d\n", Machine(), o.Seed)
	var failed error
	skipped := 0
	for i, act := range acts {
		if !strings.Contains(act.Name, o.Acts) {
			continue
		}
		err := o.play(ctx, out, filepath.Join(dir, fmt.Sprint(i)), bin, act)
		var promise *broken
		switch {
		case errors.Is(err, ErrSkipped):
			skipped++
			fmt.Fprintf(out, "%s: %v\n", act.Name, err)
		case errors.As(err, &promise):
			failed = errors.Join(failed, fmt.Errorf("%s: %w", act.Name, err))
		case err != nil:
			return errors.Join(failed, fmt.Errorf("%s: %w", act.Name, err))
		}
	}
	fmt.Fprintf(out, "acts skipped: %d\n", skipped)
	return failed
}

func (o Options) play(ctx context.Context, out io.Writer, dir, bin string, act Act) error {
	began := time.Now()
	s, err := NewSite(dir, bin)
	if err != nil {
		return err
	}
	s.Out = out
	text, err := act.Play(ctx, s)
	words := s.LastWords()
	if eerr := s.End(); eerr != nil {
		err = errors.Join(err, eerr)
	}
	var promise *broken
	switch {
	case errors.Is(err, ErrSkipped):
		return err
	case err != nil && !errors.As(err, &promise):
		return fmt.Errorf("%w; the last words in its log:\n%s", err, words)
	}
	fmt.Fprintf(out, "%s: %s; %.0f s\n", act.Name, text, time.Since(began).Seconds())
	return err
}

// Build builds programs of ours, named by their folders, into a folder: static as
// users have them.
func Build(ctx context.Context, into string, programs ...string) error {
	if len(programs) == 0 {
		return nil
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", into+"/")
	for _, program := range programs {
		build.Args = append(build.Args, "busbar/"+program)
	}
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w: %s", strings.Join(programs, ", "), err, out)
	}
	return nil
}
