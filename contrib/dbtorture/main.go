// Dbtorture holds dbpoll to its guarantees: no change of the build queue is
// skipped, none is told twice. It runs the real program beside a real PostgreSQL
// with concurrent writers that commit late, roll back and delete, in five acts:
// undisturbed, dbpoll killed, PostgreSQL restarted, the database restored from
// an older dump, and an account that sees no log. Each act ends with a ledger:
// the rows of the database's log against the events in the journal, by id.
//
//	go run ./contrib/dbtorture           # 8 × 10,000 changes: some minutes an act
//	go run ./contrib/dbtorture -changes 200 -kills 5 -restarts 2
//
// It exits 1 if anything was skipped or doubled. Everything happens in a
// temporary folder, on 127.0.0.1, and is cleared away.
//
// Not here: what subscribers get (contrib/torture), and other databases
// (dbpoll/watch tests them).
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

type options struct {
	writers, changes int
	kills, restarts  int
	life             time.Duration
	seed             uint64
	keep             bool
	acts             string
}

func main() {
	var o options
	flag.IntVar(&o.writers, "writers", 8, "concurrent writers")
	flag.IntVar(&o.changes, "changes", 10_000, "changes of each writer")
	flag.IntVar(&o.kills, "kills", 200, "how often the second act kills dbpoll")
	flag.IntVar(&o.restarts, "restarts", 20, "how often the third act restarts PostgreSQL")
	flag.DurationVar(&o.life, "life", 2*time.Second, "the longest life of a process between two kills")
	flag.StringVar(&o.acts, "acts", "", "play only the acts whose names hold this")
	flag.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "seed of all that is random")
	flag.BoolVar(&o.keep, "keep", false, "keep the folder")
	limit := flag.Duration("limit", 2*time.Hour, "give up after this time")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, *limit)
	defer cancel()
	if err := torture(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "dbtorture:", err)
		cancel()
		os.Exit(1)
	}
}
