// Badges holds bus badges to its promise: the awards follow from the messages alone,
// whatever the order in which they come, however often they are read, and whatever is
// killed.
//
// It makes two archives of the same events, in which publishers have said them in
// different orders, some of them twice and with another time. The real program reads the
// first one while it is killed at random moments; then the second one comes into its
// place, so that all of it is read again, and it is killed again. Then a fresh file is
// made of the second one, without a pause. Each time the awards must be those that a
// plain look at all events gives, with the same messages; and the journal must say each
// award once.
//
// Usage:
//
//	go run ./contrib/trials/badges                   # 1,000,000 events: a quarter of an hour
//	go run ./contrib/trials/badges -events 100000
//
// It exits 1 if an award is missing, too many, or another.
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
	events int
	people int
	kills  int
}

func main() {
	var o options
	o.Flags()
	flag.IntVar(&o.events, "events", 1_000_000, "events")
	flag.IntVar(&o.people, "people", 3000, "people who do something")
	flag.IntVar(&o.kills, "kills", 20, "how often the program is killed in each of two readings")
	trial.Main("badges", 2*time.Hour, func(ctx context.Context) error { return torture(ctx, o, os.Stdout) })
}

// torture plays the one act.
func torture(ctx context.Context, o options, out io.Writer) error {
	return o.Play(ctx, out, "badges", []string{"bus"}, trial.Act{Name: "badges", Play: func(ctx context.Context, s *trial.Site) (string, error) {
		return play(ctx, o, s)
	}})
}
