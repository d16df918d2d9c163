// Push holds the hub's /push to its promise: what is answered with 200 is in the
// archive, once, and nothing that is forged or stale is. It runs the real `bus hub`, to
// which senders post all the time: one by common/push, as adapters do, and one by
// itself, through a network that cuts connections; others without it; all post again
// what was taken. Strangers post, too: what nobody signed, or somebody else, or long
// ago, and messages that are forged. At random moments it kills the hub.
//
// Usage:
//
//	go run ./contrib/trials/push              # 200 kills
//	go run ./contrib/trials/push -kills 1000
//
// It exits 1 if a message was lost or doubled, or a forged one was taken. The rates at
// the end are printed, and never decide.
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
	kills   int
	posters int
	single  int // posts for the rate
}

func main() {
	var o options
	o.Flags()
	flag.IntVar(&o.kills, "kills", 200, "how often the hub is killed")
	flag.IntVar(&o.posters, "posters", 3, "senders that post by themselves, beside the one by common/push")
	flag.IntVar(&o.single, "single", 3000, "posts of one message each, for the rate")
	trial.Main("push", 30*time.Minute, func(ctx context.Context) error { return torture(ctx, o, os.Stdout) })
}

// torture plays the one act.
func torture(ctx context.Context, o options, out io.Writer) error {
	return o.Play(ctx, out, "push", []string{"bus"}, trial.Act{Name: "kills", Play: func(ctx context.Context, s *trial.Site) (string, error) {
		return kills(ctx, o, s)
	}})
}
