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
	"strings"
	"time"

	"busbar/common/journal"
	"busbar/contrib/trials/trial"
)

func main() {
	count := flag.Int("n", 10_000, "damaged mails")
	seed := flag.Uint64("seed", 1, "of the damage")
	trial.Main("mutants", 10*time.Minute, func(ctx context.Context) error { return run(ctx, *count, *seed) })
}

func run(ctx context.Context, count int, seed uint64) (err error) {
	dir, err := os.MkdirTemp("", "busbar-mutants-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	originals, err := load()
	if err != nil {
		return err
	}
	s, err := trial.NewSite(filepath.Join(dir, "site"), filepath.Join(dir, "site"))
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("%w; the last words in its log:\n%s", errors.Join(err, s.End()), s.LastWords())
		}
	}()
	maildir := trial.Maildir(s.Path("maildir"))
	d, err := start(ctx, s, maildir)
	if err != nil {
		return err
	}
	began := time.Now()
	r := rand.New(rand.NewPCG(seed, 0))
	for i := range count {
		if err := maildir.Deliver(fmt.Sprintf("%010d.mutant", i), damage(r, originals[i%len(originals)])); err != nil {
			return err
		}
	}
	if err := drain(ctx, d, maildir); err != nil {
		return err
	}
	took, peak := time.Since(began), trial.Peak(d.PID())
	if err := s.End(); err != nil {
		return err
	}
	return report(ctx, s.Path("journal.db"), count, seed, took, peak)
}

// report reads the journal: every mail must have left a trace there.
func report(ctx context.Context, path string, count int, seed uint64, took time.Duration, peak string) error {
	r, err := journal.OpenReader(ctx, path)
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
	_, faults, err := trial.Verify(ctx, path, nil)
	if err != nil {
		return err
	}
	skipped := int64(0)
	for _, n := range c.Skipped {
		skipped += n
	}
	fmt.Println(trial.Machine())
	fmt.Printf("mutants: %d mails (seed %d) in %.1fs: %d events, %d doubles, %d skipped, %d poisoned, %d panics, peak memory %s, journal faults %d\n",
		count, seed, took.Seconds(), c.Messages, c.Duplicates, skipped, poisoned, panics, peak, len(faults))
	// A mail with a well-formed upload or report yields one event or one
	// double; with nothing to say it is counted as skipped.
	switch traces := c.Messages + c.Duplicates + skipped + poisoned; {
	case panics > 0:
		return fmt.Errorf("%d mails made a translator panic", panics)
	case traces < int64(count):
		return fmt.Errorf("%d mails left only %d traces", count, traces)
	case len(faults) > 0:
		return errors.New("the journal has faults")
	}
	return nil
}
