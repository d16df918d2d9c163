// Package verify is `bus verify`: it checks a journal.
package verify

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"busbar/bus/config"
	"busbar/common/exit"
	"busbar/common/journal"
	"busbar/common/program"
	"busbar/common/progress"
	"busbar/common/show"
)

// Command is `bus verify`.
type Command struct {
	Verify verify `cmd:"" help:"Check a journal: sequence, chain, signatures."`
}

type verify struct {
	Journal string `arg:"" help:"The journal's file; the daemon may be running." type:"path"`
	config.Trust
}

// Run walks the whole journal and fails if anything in it does not hold.
func (c *verify) Run(p *program.Env, g *program.Globals) error {
	cfg, err := config.Load(p, g)
	if err != nil {
		return err
	}
	cfg.Sign.Both = true // what is replayed must hold for fedmsg's programs, too
	verifier, err := c.Verifier(p, cfg.Sign)
	if err != nil {
		return err
	}
	ctx := context.Background()
	// First: SQLite recreates what is missing of the files.
	files := journal.CheckFiles(c.Journal)
	r, err := journal.OpenReader(ctx, c.Journal)
	if err != nil {
		return err
	}
	defer r.Close()
	// At the time at which the journal took the message: it outlives the
	// certificate that signed it.
	var at atomic.Int64
	check := func(m journal.Message, tree map[string]any) error {
		at.Store(m.Seq)
		if verifier == nil {
			return nil
		}
		if v := verifier.VerifyAt(tree, m.Time); !v.OK {
			return errors.New(v.Reason)
		}
		return nil
	}
	if verifier == nil {
		show.Fprintln(p.Stderr, "bus: nothing is verified of who signed: no authority is known (give --ca and --crl, or --keyring, or set [sign] ca or keyring)")
	}
	stop := p.Progress(look(ctx, r, &at))
	report, err := r.Verify(ctx, check)
	stop()
	if err != nil {
		return err
	}
	for _, f := range report.Faults {
		show.Fprintf(p.Stdout, "fault: message %d: %s\n", f.Seq, f.What)
	}
	faults := int64(len(report.Faults)) + report.More
	if files != nil {
		show.Fprintf(p.Stdout, "fault: the files: %v\n", files)
		faults++
	}
	signatures := "signatures not checked"
	if verifier != nil {
		signatures = "signatures checked"
	}
	show.Fprintf(p.Stdout, "%d messages, numbers %d to %d, %s, %d faults\n", report.Messages, report.First, report.Last, signatures, faults)
	if faults > 0 {
		return &exit.Error{Code: exit.Data, Err: fmt.Errorf("verifying %s: %d faults", c.Journal, faults)}
	}
	return nil
}

// look says how far the look at the messages is. at is the number of the last one.
func look(ctx context.Context, r *journal.Reader, at *atomic.Int64) func(ended bool) progress.State {
	oldest, newest, err := r.Span(ctx) // where it is unknown, nothing is said of it
	begun := false
	return func(ended bool) progress.State {
		done := at.Load()
		if err != nil || done < oldest || ended && !begun {
			return progress.State{}
		}
		begun = true
		return progress.State{Text: fmt.Sprintf("message %d of %d", done, newest), Done: done - oldest + 1, All: max(newest-oldest+1, done-oldest+1)}
	}
}
