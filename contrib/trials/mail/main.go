// Mail holds mail2bus to its first two guarantees: nothing is lost, nothing
// is doubled. It runs the real program, signing: killed at random moments, on a full disk,
// with its port taken, importing while it is killed, importing 200,000 mails; and, an act each, with a real Postfix, Exim
// and Dovecot that are killed as well. Each act ends with a ledger: the numbers of the mails
// that were acknowledged against those in the journal.
//
//	go run ./contrib/trials/mail        # 10,000 mails, 200 kills: some minutes
//	go run ./contrib/trials/mail -mails 300 -kills 8
//
// It exits 1 if anything was lost or doubled. Everything happens in a temporary
// folder, on 127.0.0.1, and is cleared away. The second act mounts a small tmpfs, and
// mail systems change users: without root, these acts are skipped and that is said.
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
	mails, kills, imports int
	life                  time.Duration
	full, port            int
	waysMails, waysKills  int
	waysLife              time.Duration
	history, historyLive  int
	historyKills          int
}

func main() {
	var o options
	o.Flags()
	flag.IntVar(&o.mails, "mails", 10_000, "mails of the first act, half by Maildir, half by deliver")
	flag.IntVar(&o.kills, "kills", 200, "how often the first act kills the daemon")
	flag.DurationVar(&o.life, "life", 2*time.Second, "the longest life of a daemon in the first act")
	flag.IntVar(&o.full, "full", 200, "mails of the second act, which fills the disk")
	flag.IntVar(&o.port, "port", 500, "mails of the third act, which takes the port")
	flag.IntVar(&o.imports, "imports", 5000, "mails of the fourth act, which kills imports")
	flag.IntVar(&o.waysMails, "ways-mails", 1000, "mails of each act with a mail system")
	flag.IntVar(&o.waysKills, "ways-kills", 200, "how often each of these acts kills mail2bus or the server")
	flag.DurationVar(&o.waysLife, "ways-life", time.Second, "the longest life between two of these kills")
	flag.IntVar(&o.history, "history", 200_000, "mails of the act that imports a long mbox of all forms")
	flag.IntVar(&o.historyLive, "history-live", 10_000, "how many of these are also delivered to a running daemon")
	flag.IntVar(&o.historyKills, "history-kills", 20, "how often an import of it is killed")
	trial.Main("mail", 2*time.Hour, func(ctx context.Context) error { return torture(ctx, o, os.Stdout) })
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
	acts := []trial.Act{act("kill -9", actKill), act("full disk", actFull), act("taken port", actPort), act("import", actImport), act("history", actHistory)}
	for _, w := range ways() {
		if o.waysKills == 0 {
			break
		}
		acts = append(acts, act(w.name, w.act))
	}
	return o.Play(ctx, out, "mail", []string{"mail2bus"}, acts...)
}
