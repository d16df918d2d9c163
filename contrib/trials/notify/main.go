// Notify holds bus notify to its promise: each person gets each notification, and once,
// whatever is killed. It runs the real program beside a publisher that goes on all the
// time and a mail server, a process of its own that speaks SMTP and writes down what it
// accepts. At random moments it kills the program or the server.
//
// A mail that the server has accepted when the connection ends, before its answer is
// stored, cannot be known to have arrived: SMTP has no way to ask. Such mails may come
// twice, with the same Message-ID. The trial counts them, and holds each against what the
// outbox says of it; any other that comes twice is a fault.
//
// Usage:
//
//	go run ./contrib/trials/notify              # 200 kills, 20,000 notifications: two minutes
//	go run ./contrib/trials/notify -kills 2000
//
// It exits 1 if a notification was lost, or doubled without that reason.
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
	kills  int
	people int
	events int
}

func main() {
	if server(os.Args) {
		return
	}
	var o options
	o.Flags()
	flag.IntVar(&o.kills, "kills", 200, "how often is killed: every second time the mail server, else the program")
	flag.IntVar(&o.people, "people", 40, "people; each is told of each event")
	flag.IntVar(&o.events, "events", 500, "events")
	trial.Main("notify", 30*time.Minute, func(ctx context.Context) error { return torture(ctx, o, os.Stdout) })
}

// torture plays the one act.
func torture(ctx context.Context, o options, out io.Writer) error {
	return o.Play(ctx, out, "notify", []string{"bus"}, trial.Act{Name: "kills", Play: func(ctx context.Context, s *trial.Site) (string, error) {
		return kills(ctx, o, s)
	}})
}
