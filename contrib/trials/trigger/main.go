// Trigger holds bus trigger to its promise: each event is handled at least once, and
// for each publisher in order, whatever is killed. It runs the real program, with a
// command that writes down when it begins and when it has handled its event, beside
// publishers that go on all the time. At random moments it kills the program or the
// command that runs.
//
// Usage:
//
//	go run ./contrib/trials/trigger              # 200 kills of each: a minute
//	go run ./contrib/trials/trigger -kills 2000
//
// It exits 1 if an event was not handled, or was handled out of order. How often one
// was handled twice is printed, and never decides.
package main

import (
	"context"
	"flag"
	"io"
	"os"
	"time"

	"busbar/contrib/trials/trial"
)

type options struct {
	trial.Options
	kills      int
	publishers int
	jobs       int
}

func main() {
	var o options
	o.Flags()
	flag.IntVar(&o.kills, "kills", 400, "how often is killed: every second time the command, else the program")
	flag.IntVar(&o.publishers, "publishers", 3, "publishers")
	flag.IntVar(&o.jobs, "jobs", 2, "commands at once")
	trial.Main("trigger", 30*time.Minute, func(ctx context.Context) error { return torture(ctx, o, os.Stdout) })
}

// torture plays the one act.
func torture(ctx context.Context, o options, out io.Writer) error {
	return o.Play(ctx, out, "trigger", []string{"bus"}, trial.Act{Name: "kills", Play: func(ctx context.Context, s *trial.Site) (string, error) {
		return kills(ctx, o, s)
	}})
}
