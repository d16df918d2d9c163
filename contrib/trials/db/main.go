// Db holds dbpoll to its guarantees: no change of the build queue is
// skipped, none is told twice. It runs the real program beside a real PostgreSQL
// with concurrent writers that commit late, roll back and delete, in five acts:
// undisturbed, dbpoll killed, PostgreSQL restarted, the database restored from
// an older dump, and an account that sees no log. Each act ends with a ledger:
// the rows of the database's log against the events in the journal, by id.
//
//	go run ./contrib/trials/db           # 8 × 10,000 changes: some minutes an act
//	go run ./contrib/trials/db -changes 200 -kills 5 -restarts 2
//
// It exits 1 if anything was skipped or doubled. Everything happens in a
// temporary folder, on 127.0.0.1, and is cleared away.
//
// Not here: what subscribers get (contrib/trials/mail), and other databases
// (dbpoll/watch tests them).
package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"time"

	"busbar/contrib/trials/trial"
)

type options struct {
	trial.Options
	writers, changes int
	kills, restarts  int
	life             time.Duration
}

func main() {
	var o options
	o.Flags()
	flag.IntVar(&o.writers, "writers", 8, "concurrent writers")
	flag.IntVar(&o.changes, "changes", 10_000, "changes of each writer")
	flag.IntVar(&o.kills, "kills", 200, "how often the second act kills dbpoll")
	flag.IntVar(&o.restarts, "restarts", 20, "how often the third act restarts PostgreSQL")
	flag.DurationVar(&o.life, "life", 2*time.Second, "the longest life of a process between two kills")
	trial.Main("db", 2*time.Hour, func(ctx context.Context) error { return torture(ctx, o, os.Stdout) })
}

// torture plays the acts.
func torture(ctx context.Context, o options, out io.Writer) error {
	act := func(name, role string, restored bool, play func(context.Context, options, *site) error) trial.Act {
		return trial.Act{Name: name, Play: func(ctx context.Context, at *trial.Site) (string, error) {
			s, err := install(ctx, at, role)
			if err != nil {
				return "", err
			}
			if err := play(ctx, o, s); err != nil {
				return "", err
			}
			l, err := s.audit(ctx)
			if err != nil {
				return "", err
			}
			err = l.verdict(promise{role != "views", role == "wbadm", restored})
			states, perr := s.Present(ctx, []string{s.Path("journal.db")}, "--queue", s.pg.URL("wbadm", database))
			return s.what + "; " + l.String() + "; " + states, errors.Join(err, perr)
		}}
	}
	return o.Play(ctx, out, "db", []string{"dbpoll", "bus"},
		act("undisturbed", "wbadm", false, actPlain),
		act("dbpoll killed", "wbadm", false, actKill),
		act("PostgreSQL restarted", "wbadm", false, actRestart),
		act("database restored", "wbadm", true, actRestore),
		act("views and log", "guest", false, actPlain),
		act("views alone", "views", false, actPlain))
}
