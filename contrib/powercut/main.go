// Powercut records what mail2bus writes (strace), works out what a power cut may
// leave of it under three models of a file system, lets the real program go on
// from there, and prints what was lost and doubled.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

func main() {
	t := trial{}
	flag.IntVar(&t.mails, "mails", 40, "mails to deliver while recording")
	flag.IntVar(&t.cuts, "cuts", 300, "cuts of each model")
	flag.Uint64Var(&t.seed, "seed", 1, "which cuts")
	flag.Parse()
	if err := try(t); err != nil {
		fmt.Fprintln(os.Stderr, "powercut:", err)
		os.Exit(1)
	}
}

func try(t trial) (err error) {
	if t.dir, err = os.MkdirTemp("", "busbar-powercut-"); err != nil {
		return err
	}
	defer os.RemoveAll(t.dir)
	t.program = filepath.Join(t.dir, "mail2bus")
	build := exec.Command("go", "build", "-o", t.program, "busbar/mail2bus")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return err
	}
	sums, ops, err := t.run(context.Background())
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
