// Forward holds bus forward to its promise: in the stream is each message once, and of
// each publisher in order, whatever is killed. It runs the real program and Debian's
// nats-server, beside publishers that go on all the time, and kills at random moments
// the program, a single server, and one of a cluster of three.
//
// Usage:
//
//	go run ./contrib/trials/forward              # 100,000 messages, 200 kills: ten minutes
//	go run ./contrib/trials/forward -acts rate   # how fast it is, beside nats.go alone
//
// It exits 1 if a message was lost, doubled, changed, or came out of order. Rates are
// printed, and never decide.
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
	messages   int
	kills      int
	publishers int
	rated      int
}

func main() {
	var o options
	o.Flags()
	flag.IntVar(&o.messages, "messages", 100_000, "how many are published, in both acts with kills")
	flag.IntVar(&o.kills, "kills", 200, "how often is killed: a third of them each the program, a single server, one of a cluster")
	flag.IntVar(&o.publishers, "publishers", 3, "publishers")
	flag.IntVar(&o.rated, "rated", 100_000, "how many messages the rates are measured with")
	trial.Main("forward", time.Hour, func(ctx context.Context) error { return torture(ctx, o, os.Stdout) })
}

// torture plays the acts.
func torture(ctx context.Context, o options, out io.Writer) error {
	return o.Play(ctx, out, "forward", []string{"bus"},
		trial.Act{Name: "one server", Play: func(ctx context.Context, s *trial.Site) (string, error) {
			return kills(ctx, o, s, 1, o.kills/2)
		}},
		trial.Act{Name: "cluster", Play: func(ctx context.Context, s *trial.Site) (string, error) {
			return kills(ctx, o, s, 3, o.kills-o.kills/2)
		}},
		trial.Act{Name: "rate", Play: func(ctx context.Context, s *trial.Site) (string, error) { return rate(ctx, o, s) }},
	)
}
