// Torture holds mail2bus to its first two guarantees: nothing is lost, nothing
// is doubled. It runs the real program, signing, in three acts: killed at random
// moments, on a full disk, with its port taken. Each act ends with a ledger: the
// numbers of the mails that were acknowledged against those in the journal.
//
//	go run ./contrib/torture            # 10,000 mails, 200 kills: some minutes
//	go run ./contrib/torture -mails 300 -kills 8
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
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	var o options
	flag.IntVar(&o.mails, "mails", 10_000, "mails of the first act, half by Maildir, half by deliver")
	flag.IntVar(&o.kills, "kills", 200, "how often the first act kills the daemon")
	flag.DurationVar(&o.life, "life", 2*time.Second, "the longest life of a daemon in the first act")
	flag.IntVar(&o.full, "full", 200, "mails of the second act, which fills the disk")
	flag.IntVar(&o.port, "port", 500, "mails of the third act, which takes the port")
	flag.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "seed of all that is random")
	flag.BoolVar(&o.keep, "keep", false, "keep the folder")
	limit := flag.Duration("limit", time.Hour, "give up after this time")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, *limit)
	defer cancel()
	if err := torture(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "torture:", err)
		cancel()
		os.Exit(1)
	}
}
