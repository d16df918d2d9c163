// Notify holds bus notify to its promise: each person gets each notification, and once,
// whatever is killed. It runs the real program beside a publisher that goes on all the
// time and a mail server, a process of its own that speaks SMTP and writes down what it
// accepts. At random moments it kills the program or the server (the act kills); or a real
// ngircd, and servers in the form of a webhook's receiver, ntfy and Matrix (servers). It
// measures how long an event takes until its mail is accepted, by that mail server and by a
// Postfix (latency), and what a storm of events makes of people's limits (storm).
//
// A mail that the server has accepted when the connection ends, before its answer is
// stored, cannot be known to have arrived: SMTP has no way to ask. Such mails may come
// twice, with the same Message-ID. The trial counts them, and holds each against what the
// outbox says of it; any other that comes twice is a fault.
//
// Usage:
//
//	go run ./contrib/trials/notify              # all acts, as large as they are by default
//	go run ./contrib/trials/notify -acts kills  # 200 kills, 20,000 notifications
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

	crowd   int     // people of the acts that measure
	rate    float64 // latency: events a second
	seconds float64
	storm   int // events
	minute  float64
	limit   bound
	summary bool // of the default limit, too, the first is waited for

	said      int // servers: events
	addresses int // of each kind
}

func main() {
	if server(os.Args) || receiver(os.Args) {
		return
	}
	o := options{limit: bound{notes: 10, within: time.Minute}, summary: true}
	o.Flags()
	flag.IntVar(&o.kills, "kills", 200, "how often is killed: every second time the mail server, else the program; of servers, any of them")
	flag.IntVar(&o.people, "people", 40, "people of kills; each is told of each event")
	flag.IntVar(&o.events, "events", 500, "events of kills")
	flag.IntVar(&o.crowd, "crowd", 1000, "people of latency and storm")
	flag.Float64Var(&o.rate, "rate", 100, "events a second of latency")
	flag.Float64Var(&o.seconds, "seconds", 60, "how long latency lasts")
	flag.IntVar(&o.storm, "storm", 50_000, "events of storm; each person wants each")
	flag.Float64Var(&o.minute, "minute", 60, "in how many seconds they come")
	flag.IntVar(&o.said, "said", 550, "events of servers")
	flag.IntVar(&o.addresses, "addresses", 4, "addresses of each kind in servers; each is told of each event")
	trial.Main("notify", time.Hour, func(ctx context.Context) error { return torture(ctx, o, os.Stdout) })
}

// torture plays the acts.
func torture(ctx context.Context, o options, out io.Writer) error {
	act := func(name string, play func(context.Context, options, *trial.Site) (string, error)) trial.Act {
		return trial.Act{Name: name, Play: func(ctx context.Context, s *trial.Site) (string, error) { return play(ctx, o, s) }}
	}
	return o.Play(ctx, out, "notify", []string{"bus"},
		act("kills", kills),
		act("servers", servers),
		act("latency", func(ctx context.Context, o options, s *trial.Site) (string, error) { return latency(ctx, o, s, false) }),
		act("latency, Postfix", func(ctx context.Context, o options, s *trial.Site) (string, error) { return latency(ctx, o, s, true) }),
		act("storm", func(ctx context.Context, o options, s *trial.Site) (string, error) { return storm(ctx, o, s, o.limit) }),
		act("storm, no limit set", func(ctx context.Context, o options, s *trial.Site) (string, error) {
			return storm(ctx, o, s, defaultLimit)
		}),
	)
}
