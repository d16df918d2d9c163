// Mail holds mail2bus to its first two guarantees: nothing is lost, nothing
// is doubled. It runs the real program, signing, in three acts: killed at random
// moments, on a full disk, with its port taken. Each act ends with a ledger: the
// numbers of the mails that were acknowledged against those in the journal.
//
//	go run ./contrib/trials/mail        # 10,000 mails, 200 kills: some minutes
//	go run ./contrib/trials/mail -mails 300 -kills 8
//
// It exits 1 if anything was lost or doubled. Everything happens in a temporary
// folder, on 127.0.0.1, and is cleared away. The second act mounts a small tmpfs
// and so needs root; without, it is skipped and that is said.
//
// Not here: the power failing under the disk (journal's own tests cut files),
// and subscribers repairing what a killed publisher could not send.
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
	mails, kills int
	life         time.Duration
	full, port   int
}

func main() {
	var o options
	o.Flags()
	flag.IntVar(&o.mails, "mails", 10_000, "mails of the first act, half by Maildir, half by deliver")
	flag.IntVar(&o.kills, "kills", 200, "how often the first act kills the daemon")
	flag.DurationVar(&o.life, "life", 2*time.Second, "the longest life of a daemon in the first act")
	flag.IntVar(&o.full, "full", 200, "mails of the second act, which fills the disk")
	flag.IntVar(&o.port, "port", 500, "mails of the third act, which takes the port")
	trial.Main("mail", time.Hour, func(ctx context.Context) error { return torture(ctx, o, os.Stdout) })
}

// torture plays the acts.
func torture(ctx context.Context, o options, out io.Writer) error {
	act := func(name string, play func(context.Context, options, *trial.Site) (result, error)) trial.Act {
		return trial.Act{Name: name, Play: func(ctx context.Context, s *trial.Site) (string, error) {
			r, err := play(ctx, o, s)
			if err != nil {
				return "", err
			}
			return r.String(), r.verdict()
		}}
	}
	return o.Play(ctx, out, "mail", []string{"mail2bus"}, act("kill -9", actKill), act("full disk", actFull), act("taken port", actPort))
}
