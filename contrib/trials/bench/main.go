// Bench measures the whole way from a mail to a subscriber, and prints the
// machine beside the figures. Run it by `make bench`, or alone by
// `go run ./contrib/trials/bench`; nothing else should run meanwhile.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	"busbar/contrib/trials/trial"
)

// A bench is what all measurements share.
type bench struct {
	dir     string        // a temporary folder, gone at the end
	each    time.Duration // how long one rate is measured
	mails   int           // of one delivery run
	singles int           // of one latency run
}

func main() {
	b := &bench{}
	flag.DurationVar(&b.each, "time", 3*time.Second, "how long to measure one rate")
	flag.IntVar(&b.mails, "mails", 2000, "mails of one delivery run")
	flag.IntVar(&b.singles, "singles", 200, "mails of one latency run, delivered one by one")
	trial.Main("bench", time.Hour, b.run)
}

func (b *bench) run(ctx context.Context) (err error) {
	if b.dir, err = os.MkdirTemp("", "busbar-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	fmt.Println(trial.Machine())
	for _, measure := range []func(context.Context) error{b.translate, b.appends, b.deliveries} {
		if err := measure(ctx); err != nil {
			return err
		}
	}
	return nil
}

// line prints one figure.
func line(what, format string, args ...any) {
	fmt.Printf("%-58s %s\n", what, fmt.Sprintf(format, args...))
}
