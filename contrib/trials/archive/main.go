// Archive measures an archive of many messages, as a hub keeps it: what a message takes
// on disk, how fast messages are stored while others ask, how long the most natural
// questions take, what memory it needs, how soon a hub over it shows its first page, what
// of this its copy in a real PostgreSQL takes, how long its log becomes while it is read
// without a pause, and whether it is whole after its writer was killed again and again.
//
// The messages are made from the fixtures, in the proportions of Debian's own bus.
//
// Usage:
//
//	go run ./contrib/trials/archive                      # ten million messages: 30 GB, twice, for hours
//	go run ./contrib/trials/archive -messages 300000
//	go run ./contrib/trials/archive -dir /srv/archive    # goes on with what is there
//
// It exits 1 where a killed writer lost or doubled a message, the log grew without a
// bound, or PostgreSQL answers with other messages. Times are printed, and never decide:
// other work on the machine shows in them.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"busbar/adapters/dak"
	"busbar/adapters/debbugs"
	"busbar/adapters/release"
	"busbar/adapters/scm"
	"busbar/adapters/wannabuild"
	"busbar/common/program"
	"busbar/common/state"
	"busbar/contrib/trials/trial"
)

type options struct {
	trial.Options
	messages int64
	more     int64 // stored while readers never end
	runs     int   // of each question
	kills    int
	dir      string
}

func main() {
	var o options
	flag.Int64Var(&o.messages, "messages", 10_000_000, "how many messages the archive holds")
	flag.Int64Var(&o.more, "more", 50_000, "messages that are stored while readers never end")
	flag.IntVar(&o.runs, "runs", 300, "how often each question is asked")
	flag.IntVar(&o.kills, "kills", 100, "how often the writer is killed")
	flag.StringVar(&o.dir, "dir", "", "keep the archive in this folder, and go on with what is there")
	o.Flags()
	flag.Lookup("seed").DefValue = "1"
	o.Seed = 1
	program.SoftMemory(softMemory)
	trial.Main("archive", 48*time.Hour, func(ctx context.Context) error { return run(ctx, o, os.Stdout) })
}

// softMemory is what the trial itself may have for what it makes; SQLite's caches come
// on top.
const softMemory = 160 << 20

// A bench is what the acts have in common.
type bench struct {
	o       options
	speaker *speaker
	path    string // of the archive
	present *state.Table
}

func run(ctx context.Context, o options, out io.Writer) error {
	present, err := state.NewTable(append(dak.Present(), debbugs.Present(), release.Present(), scm.Present(), wannabuild.Present())...)
	if err != nil {
		return err
	}
	b := &bench{o: o, present: present}
	if b.speaker, err = newSpeaker(o.Seed, o.messages); err != nil {
		return err
	}
	if o.dir == "" {
		if o.dir, err = os.MkdirTemp("", "busbar-trial-archive-"); err != nil {
			return fmt.Errorf("making a folder: %w", err)
		}
		defer os.RemoveAll(o.dir)
	} else if err := os.MkdirAll(o.dir, 0o700); err != nil {
		return err
	}
	b.path = filepath.Join(o.dir, "archive.db")
	return o.Play(ctx, out, "archive", []string{"bus"},
		trial.Act{Name: "fill", Play: b.fill}, trial.Act{Name: "questions", Play: b.questions}, trial.Act{Name: "pages", Play: b.pages},
		trial.Act{Name: "postgres", Play: b.postgres}, trial.Act{Name: "log", Play: b.log}, trial.Act{Name: "kills", Play: b.kills})
}

// usedCPU is the processor time that this process has used.
func usedCPU() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
