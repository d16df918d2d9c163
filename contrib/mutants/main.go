// Mutants feeds damaged mails through a running mail2bus and prints what became
// of them: events, skips, poison, panics, and the peak of memory. It fails if a
// mail is lost, a translator panicked, or the daemon did not live through it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"busbar/common/journal"
)

func main() {
	count := flag.Int("n", 10_000, "damaged mails")
	seed := flag.Uint64("seed", 1, "of the damage")
	patience := flag.Duration("timeout", 10*time.Minute, "give up after this time")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), *patience)
	defer cancel()
	if err := run(ctx, *count, *seed); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, count int, seed uint64) error {
	dir, err := os.MkdirTemp("", "busbar-mutants-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	originals, err := load()
	if err != nil {
		return err
	}
	d, err := start(ctx, dir)
	if err != nil {
		return err
	}
	began := time.Now()
	r := rand.New(rand.NewPCG(seed, 0))
	for i := range count {
		raw := damage(r, originals[i%len(originals)])
		if err := deliver(dir, i, raw); err != nil {
			return errors.Join(err, d.stop())
		}
	}
	if err := d.drain(ctx, dir); err != nil {
		return errors.Join(err, d.stop())
	}
	took := time.Since(began)
	peak, perr := d.peak()
	if err := errors.Join(perr, d.stop()); err != nil {
		return err
	}
	return report(ctx, dir, count, seed, took, peak)
}

// report reads the journal: every mail must have left a trace there.
func report(ctx context.Context, dir string, count int, seed uint64, took time.Duration, peak string) error {
	r, err := journal.OpenReader(ctx, filepath.Join(dir, "journal.db"))
	if err != nil {
		return err
	}
	defer r.Close()
	c, err := r.Counts(ctx)
	if err != nil {
		return err
	}
	rows, err := r.Poisoned(ctx)
	if err != nil {
		return err
	}
	poisoned, panics := int64(0), 0
	for _, row := range rows {
		poisoned += int64(row.Attempts)
		if strings.Contains(row.Reason, "panicked") {
			panics++
			fmt.Println("panic:", row.Reason)
		}
	}
	checked, err := r.Verify(ctx, nil)
	if err != nil {
		return err
	}
	skipped := int64(0)
	for _, n := range c.Skipped {
		skipped += n
	}
	fmt.Printf("mutants: %d mails (seed %d) on %d cores with %s in %.1fs: %d events, %d doubles, %d skipped, %d poisoned, %d panics, peak memory %s, journal faults %d\n",
		count, seed, runtime.NumCPU(), runtime.Version(), took.Seconds(), c.Messages, c.Duplicates, skipped, poisoned, panics, peak, len(checked.Faults))
	// A mail with a well-formed upload or report yields one event or one
	// double; with nothing to say it is counted as skipped.
	switch traces := c.Messages + c.Duplicates + skipped + poisoned; {
	case panics > 0:
		return fmt.Errorf("%d mails made a translator panic", panics)
	case traces < int64(count):
		return fmt.Errorf("%d mails left only %d traces", count, traces)
	case !checked.OK():
		return errors.New("the journal has faults")
	}
	return nil
}
