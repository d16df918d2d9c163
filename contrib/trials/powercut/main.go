// Powercut records what mail2bus writes (strace), works out what a power cut may
// leave of it under three models of a file system, lets the real program go on
// from there, and prints what was lost and doubled.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"busbar/contrib/trials/trial"
)

func main() {
	t := cuts{}
	flag.IntVar(&t.mails, "mails", 40, "mails to deliver while recording")
	flag.IntVar(&t.each, "cuts", 300, "cuts of each model")
	flag.Uint64Var(&t.seed, "seed", 1, "which cuts")
	trial.Main("powercut", 6*time.Hour, func(ctx context.Context) error { return try(ctx, t) })
}

func try(ctx context.Context, t cuts) (err error) {
	if t.dir, err = os.MkdirTemp("", "busbar-powercut-"); err != nil {
		return err
	}
	defer os.RemoveAll(t.dir)
	if err := trial.Build(ctx, t.dir, "mail2bus"); err != nil {
		return err
	}
	t.program = filepath.Join(t.dir, "mail2bus")
	sums, ops, err := t.run(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("recorded %d mails, %d operations; seed %d\n", t.mails, ops, t.seed)
	for _, s := range sums {
		fmt.Println(s)
		for _, line := range s.firsts {
			fmt.Println("   ", line)
		}
		if !s.ok() {
			err = fmt.Errorf("%s: something was lost, doubled or refused", s.model)
		}
	}
	return err
}
