// Scm holds scmhook to its promises: a push never notices, and no push is
// lost. It runs the real program with real git, in acts:
//
//   - times: how long the hook takes, as a whole process, with the daemon dead
//     and alive and on a full disk, beside /bin/true and, where it is installed,
//     kgb-client;
//   - kills: pushes while hook and daemon are killed at random, the hook is taken
//     out for a while, and the spool is wiped once. Then what was told of each
//     ref is held against what was pushed;
//   - big: one push of many commits, until all is durable;
//   - webhooks: genuine pushes, the same again, forged ones, too long ones, and
//     senders who never end, against scmhook serve.
//
// Usage:
//
//	go run ./contrib/trials/scm              # 2,000 pushes, 500 kills: some minutes
//	go run ./contrib/trials/scm -acts kills -pushes 200 -kills 50
//	go run ./contrib/trials/scm -acts times -runs 100
//
// It exits 1 if a push failed, or anything was lost or doubled. Times never
// decide. Everything happens in a temporary folder and is cleared away. The full
// disk is a small tmpfs and needs root; without, it is skipped and that is said.
//
// Not here: svn and hg, and the power failing under the disk.
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
	runs          int
	most          int
	pushes, kills int
	commits       int
	hooks         int
}

func main() {
	var o options
	o.Flags()
	flag.IntVar(&o.runs, "runs", 1000, "hook runs of each measurement")
	flag.IntVar(&o.most, "refs", 100_000, "the most refs of one push in the measurements")
	flag.IntVar(&o.pushes, "pushes", 2000, "pushes of the second act")
	flag.IntVar(&o.kills, "kills", 500, "how often the second act kills: every second time the hook, else the daemon")
	flag.IntVar(&o.commits, "commits", 10_000, "commits of the one push of the third act")
	flag.IntVar(&o.hooks, "hooks", 1000, "webhooks of each sort in the fourth act")
	trial.Main("scm", time.Hour, func(ctx context.Context) error { return torture(ctx, o, os.Stdout) })
}

// torture plays the acts.
func torture(ctx context.Context, o options, out io.Writer) error {
	act := func(name string, play func(context.Context, options, *site) (string, error)) trial.Act {
		return trial.Act{Name: name, Play: func(ctx context.Context, at *trial.Site) (string, error) {
			s, err := install(at)
			if err != nil {
				return "", err
			}
			return play(ctx, o, s)
		}}
	}
	return o.Play(ctx, out, "scm", []string{"scmhook"}, act("times", actTimes), act("kills", actKills), act("big", actBig), act("webhooks", actWebhooks))
}
