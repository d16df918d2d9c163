package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"busbar/common/event"
	"busbar/common/journal"
	"busbar/contrib/trials/trial"
)

// acks is where the harness writes down which mails were acknowledged: in the
// trace it stands at its place among what the programs did.
const acks = "acks"

// cuts are one recording, and the cuts of it.
type cuts struct {
	program string // mail2bus
	dir     string
	mails   int
	each    int // cuts of each model
	seed    uint64
}

// A tally is what the cuts of one model left.
type tally struct {
	model                                  string
	states, refused, lost, doubled, faults int
	firsts                                 []string
}

func (t tally) String() string {
	return fmt.Sprintf("%-20s states %d: does not start %d, lost %d, doubled %d, verify faults %d",
		t.model, t.states, t.refused, t.lost, t.doubled, t.faults)
}

func (t tally) ok() bool { return t.refused+t.lost+t.doubled+t.faults == 0 && t.states > 0 }

func (t *tally) note(format string, args ...any) {
	if len(t.firsts) < 5 {
		t.firsts = append(t.firsts, fmt.Sprintf(format, args...))
	}
}

// run records, cuts and judges.
func (t cuts) run(ctx context.Context) ([]tally, int, error) {
	ops, err := t.record(ctx)
	if err != nil {
		return nil, 0, err
	}
	rng := rand.New(rand.NewPCG(t.seed, 1))
	var all []tally
	for _, m := range models {
		sum := tally{model: m.name}
		for i := range t.each {
			n := 1 + rng.IntN(len(ops))
			root := filepath.Join(t.dir, "cut")
			d := cut(m, ops, n, rng)
			if err := d.leave(root); err != nil {
				return nil, 0, err
			}
			if err := t.judge(ctx, root, d.acked, &sum, fmt.Sprintf("cut %d after operation %d", i, n)); err != nil {
				return nil, 0, err
			}
			if err := os.RemoveAll(root); err != nil {
				return nil, 0, err
			}
		}
		all = append(all, sum)
	}
	return all, len(ops), nil
}

func (t cuts) args(root string) []string {
	return []string{"--config", "/dev/null", "--set", "bus.name=cut", "--set", "bus.journal=" + filepath.Join(root, "journal.db"),
		"--set", "sign.backend=none", "--set", "mail.spool=" + filepath.Join(root, "spool"), "--set", "mail.poll=200ms"}
}

// record runs a daemon and deliveries under strace.
func (t cuts) record(ctx context.Context) ([]op, error) {
	root, trace := filepath.Join(t.dir, "recorded"), filepath.Join(t.dir, "trace")
	if err := os.Mkdir(root, 0o700); err != nil {
		return nil, err
	}
	script := `set -e
"$@" run 2>daemon.log & daemon=$!
for i in $(seq $MAILS); do
	until [ -d spool/new ]; do sleep 0.05; done
	printf 'List-Id: <cuts.example.org>\nFrom: jane@example.org\nMessage-ID: <%s@example.org>\nSubject: cut %s\n\ntext\n' $i $i | "$@" deliver
	echo $i >>` + acks + `
	[ $((i % 4)) != 0 ] || sleep 0.3
done
until [ -z "$(ls spool/new)" ]; do sleep 0.05; done
kill $daemon
wait $daemon || true
`
	args := append([]string{"-f", "-qq", "-y", "-xx", "-s", "16777216", "-e", "trace=" + traced, "-o", trace, "sh", "-c", script, "sh", t.program}, t.args(root)...)
	cmd := exec.CommandContext(ctx, "strace", args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "MAILS="+strconv.Itoa(t.mails))
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("recording with strace: %w: %s", err, out)
	}
	ops, err := record(trace, root)
	if err != nil {
		return nil, err
	}
	acked, synced := 0, 0
	for _, o := range ops {
		switch o.what {
		case "ack":
			acked++
		case "sync":
			synced++
		}
	}
	if acked != t.mails || synced < t.mails {
		return nil, fmt.Errorf("the trace has %d acknowledgements of %d and %d syncs: it was not understood", acked, t.mails, synced)
	}
	return ops, nil
}

// judge starts the daemon on what a cut left, lets it finish, and counts.
func (t cuts) judge(ctx context.Context, root string, acked map[int]bool, sum *tally, what string) error {
	sum.states++
	if err := os.MkdirAll(filepath.Join(root, "spool"), 0o700); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(root, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	v := &trial.Victim{Program: t.program, Args: append(t.args(root), "run"), Log: log}
	if err := v.Start(); err != nil {
		return err
	}
	drained := func() bool {
		left, err := os.ReadDir(filepath.Join(root, "spool", "new"))
		_, jerr := os.Stat(filepath.Join(root, "journal.db"))
		return err == nil && jerr == nil && len(left) == 0
	}
	refused := v.Ended()
	for deadline := time.Now().Add(trial.Patience); !refused && !drained(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			return errors.Join(fmt.Errorf("%s: the daemon does not finish: %s", what, trial.LastWords(log.Name())), v.Kill())
		}
		refused = v.Ended()
	}
	if refused {
		sum.refused++
		sum.note("%s: %s", what, trial.LastWords(log.Name()))
		return nil
	}
	if err := v.Stop(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return t.count(ctx, root, acked, sum, what)
}

// count compares the journal with what was acknowledged.
func (t cuts) count(ctx context.Context, root string, acked map[int]bool, sum *tally, what string) error {
	times := map[int]int{}
	_, faults, err := trial.Verify(ctx, filepath.Join(root, "journal.db"), func(_ journal.Message, tree map[string]any) error {
		n, err := mailNumber(tree)
		times[n]++
		return err
	})
	if err != nil {
		return err
	}
	if len(faults) > 0 {
		sum.faults++
		sum.note("%s: %s", what, faults[0])
	}
	lost, doubled := trial.Compare(acked, times)
	sum.lost += len(lost)
	sum.doubled += len(doubled)
	for _, n := range lost {
		sum.note("%s: mail %d is lost", what, n)
	}
	for n, more := range doubled {
		sum.note("%s: mail %d is told %d times", what, n, more+1)
	}
	return nil
}

// mailNumber is the number in the subject; a mail without a whole subject was
// never acknowledged, and has none.
func mailNumber(tree map[string]any) (int, error) {
	msg, ok := event.View(tree).Msg.(map[string]any)
	if !ok {
		return 0, errors.New("a message without a body")
	}
	subject, _ := msg["subject"].(string)
	n, err := strconv.Atoi(strings.TrimPrefix(subject, "cut "))
	if err != nil {
		return -1, nil
	}
	return n, nil
}
