// Soap holds soapbus to its guarantees: at the end, what was published is
// what the tracker says, and every message of its bugs was told once. It runs the
// real program against a bug tracker that answers as SOAP::Lite does, while bugs
// change, the tracker fails, is slow, cuts its replies and is restarted, and
// soapbus is killed. Then it has the same bugs told by mail2bus and by soapbus,
// with half of the mails withheld.
//
//	go run ./contrib/trials/soap          # 5,000 bugs, 200 kills: some minutes
//	go run ./contrib/trials/soap -bugs 200 -changes 300 -kills 5
//	go run ./contrib/trials/soap -acts figures   # 1,100,000 bugs: memory, restart, sweep
//
// It exits 1 if anything was lost or doubled. Everything happens in a temporary
// folder, on 127.0.0.1, and is cleared away.
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
	bugs, changes, kills int
	both                 int // bugs told by mail and SOAP
	synthetic            int
	rate                 int
	life                 time.Duration
	patience             time.Duration // of a soapbus that follows
}

func main() {
	var o options
	o.Flags()
	flag.IntVar(&o.bugs, "bugs", 5000, "bugs that are there at the beginning")
	flag.IntVar(&o.changes, "changes", 10_000, "changes while soapbus runs")
	flag.IntVar(&o.kills, "kills", 200, "how often soapbus is killed")
	flag.IntVar(&o.both, "both", 500, "bugs that are told by mail and by SOAP")
	flag.IntVar(&o.synthetic, "synthetic", 1_100_000, "bugs for the figures")
	flag.IntVar(&o.rate, "rate", 6000, "requests a minute")
	flag.DurationVar(&o.life, "life", 3*time.Second, "the longest life of soapbus between two kills")
	flag.DurationVar(&o.patience, "patience", time.Minute, "how long a soapbus that follows waits for mail")
	trial.Main("soap", 2*time.Hour, func(ctx context.Context) error { return torture(ctx, o, os.Stdout) })
}

// torture plays the acts.
func torture(ctx context.Context, o options, out io.Writer) error {
	act := func(name string, play func(context.Context, options, *site) (string, error)) trial.Act {
		return trial.Act{Name: name, Play: func(ctx context.Context, at *trial.Site) (string, error) {
			return play(ctx, o, newSite(at, o))
		}}
	}
	return o.Play(ctx, out, "soap", []string{"soapbus", "mail2bus", "bus"}, act("undisturbed", actPlain),
		act("tracker failing, soapbus killed", actKill), act("mail and SOAP", actBoth), act("SOAP following mail", actFollow), act("figures", actFigures))
}
