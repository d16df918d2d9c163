// Bus holds the consumers' side to its guarantees: nobody who listens loses anything.
// Five publishers (mail2bus, dbpoll, three small programs on common/node), two hubs and
// three subscribers (bus tail --position, a listener to the hubs' /events, a program on
// common/subscribe) run as they are, and reach one another through proxies that cut,
// stall and delay. Three acts that harm:
//
//   - strain: publishers, hubs, subscribers and connections are killed and restored at
//     random; a key is rotated, a publisher moves and is found by discovery, a journal
//     is pruned, another is put back to an older copy. In the end a ledger compares
//     what each subscriber got with what was published.
//   - last: the last message before a publisher goes quiet is lost on the wire.
//   - sleeper: a subscriber sleeps while others listen.
//
// And three that measure: replay (a long journal is said again), hub (what one needs,
// idle and at work), crowd (many listen to /events, and some do not read).
//
// Usage:
//
//	go run ./contrib/trials/bus                       # some 45 minutes
//	go run ./contrib/trials/bus -acts strain -messages 2000 -harms 30 -rate 100
//
// It exits 1 if a subscriber lost, doubled or reordered anything, or if a gap has no
// name, or a wrong one. Everything happens in a temporary folder, on 127.0.0.1, and is
// cleared away.
//
// Not here: whether an adapter publishes all that its source has (the other trials).
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
	messages, harms  int
	rate             float64       // messages a second, of all publishers
	life             time.Duration // the longest pause between two harms, and the longest harm
	rounds           int           // how often the last message is lost
	beat             time.Duration // between heartbeats, in the acts but for the first
	speed            float64       // messages a second beside the sleeper
	alone, sleep     time.Duration // how long the others listen without and with a sleeper
	growth           float64       // MiB that the publisher's memory may grow by
	signed           bool          // messages beside the sleeper
	exact            bool          // times count, too
	many             int           // messages of the journal that is said again
	clients, stalled int           // of the crowd
}

func main() {
	o := options{exact: true}
	o.Flags()
	flag.IntVar(&o.messages, "messages", 100_000, "strain: how many messages are published")
	flag.IntVar(&o.harms, "harms", 300, "strain: how often something is killed, cut, stalled or delayed, at least")
	flag.Float64Var(&o.rate, "rate", 250, "strain: messages a second")
	flag.DurationVar(&o.life, "life", 2*time.Second, "strain: the longest pause between two harms, and the longest harm")
	flag.IntVar(&o.rounds, "rounds", 20, "last: how often the last message is lost")
	flag.DurationVar(&o.beat, "beat", 2*time.Second, "last, sleeper: the interval of heartbeats")
	flag.Float64Var(&o.speed, "speed", 1000, "sleeper: messages a second")
	flag.DurationVar(&o.alone, "alone", 2*time.Minute, "sleeper: how long the others listen before it sleeps; hub, crowd: for how long is measured")
	flag.DurationVar(&o.sleep, "sleep", 10*time.Minute, "sleeper: how long it sleeps")
	flag.Float64Var(&o.growth, "growth", 64, "sleeper: MiB that the publisher's memory may grow by")
	flag.IntVar(&o.many, "many", 1_000_000, "replay: messages that are said again")
	flag.IntVar(&o.clients, "clients", 2000, "crowd: how many listen")
	flag.IntVar(&o.stalled, "stalled", 50, "crowd: how many do not read")
	flag.BoolVar(&o.signed, "signed", false, "sleeper: sign and verify the messages, which takes most of a processor at 1,000 a second")
	trial.Main("bus", 2*time.Hour, func(ctx context.Context) error { return torture(ctx, o, os.Stdout) })
}

// torture plays the acts.
func torture(ctx context.Context, o options, out io.Writer) error {
	act := func(name string, play func(context.Context, options, *trial.Site) (string, error)) trial.Act {
		return trial.Act{Name: name, Play: func(ctx context.Context, at *trial.Site) (string, error) { return play(ctx, o, at) }}
	}
	return o.Play(ctx, out, "bus", []string{"mail2bus", "dbpoll", "bus", "contrib/trials/bus/part"},
		act("strain", actStrain), act("last", actLast), act("sleeper", actSleeper), act("replay", actReplay), act("hub", actHub), act("crowd", actCrowd))
}
