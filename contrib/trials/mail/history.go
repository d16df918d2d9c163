package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"syscall"
	"time"

	"busbar/common/event"
	"busbar/contrib/trials/trial"
)

// actHistory imports a long mbox with mails of all forms: at once, and killed again and
// again; and holds the ids against those of a live delivery of the same mails.
func actHistory(ctx context.Context, o options, at *trial.Site) (result, error) {
	s, err := install(at, at.Dir)
	if err != nil {
		return result{}, err
	}
	list, err := forms()
	if err != nil {
		return result{}, err
	}
	whole, first := at.Path("whole.mbox"), at.Path("first.mbox")
	if err := errors.Join(writeBox(whole, list, o.history), writeBox(first, list, o.historyLive)); err != nil {
		return result{}, err
	}
	one, err := s.importOnce(ctx, "whole.db", whole, 0)
	if err != nil {
		return result{}, err
	}
	fmt.Fprintf(at.Out, "history: %s\n", one)
	killed, peak := 0, int64(0)
	rng := rand.New(rand.NewPCG(o.Seed, 5))
	for range o.historyKills {
		// The whole takes one.took; so do these, together, and as much more to begin again.
		after := time.Duration(rng.Int64N(int64(2*one.took/time.Duration(o.historyKills)) + 1))
		r, err := s.importOnce(ctx, "killed.db", whole, max(after, time.Millisecond))
		if err != nil {
			return result{}, err
		}
		if peak = max(peak, r.peak); r.killed {
			killed++
		}
	}
	rest, err := s.importOnce(ctx, "killed.db", whole, 0)
	if err != nil {
		return result{}, err
	}
	fmt.Fprintf(at.Out, "history: killed %d times, peak memory %d MiB; then %s\n", killed, max(peak, rest.peak)>>10, rest)
	if _, err := s.importOnce(ctx, "first.db", first, 0); err != nil {
		return result{}, err
	}
	if err := s.daemon.Start(); err != nil {
		return result{}, err
	}
	for n := range o.historyLive {
		if err := s.maildir.Deliver(fmt.Sprintf("%010d.trial", n), list[n%len(list)].mail(n)); err != nil {
			return result{}, err
		}
	}
	if err := trial.Await(ctx, "the daemon to take every mail", time.Hour, s.empty); err != nil {
		return result{}, err
	}
	if err := s.daemon.Stop(); err != nil {
		return result{}, err
	}
	facts := map[string]map[string]fact{}
	for _, name := range []string{"whole.db", "killed.db", "first.db", "journal.db"} {
		if facts[name], err = factsOf(ctx, s.Path(name)); err != nil {
			return result{}, err
		}
	}
	resumed, live := compare(facts["whole.db"], facts["killed.db"]), compare(facts["first.db"], facts["journal.db"])
	r := result{what: fmt.Sprintf("mails %d of %d forms, events %d; resumed: %s; live delivery of the first %d, events %d: %s",
		o.history, len(list), len(facts["whole.db"]), resumed, o.historyLive, len(facts["journal.db"]), live)}
	for _, d := range []difference{resumed, live} {
		r.lost += d.missing
		r.strangers += d.more
		r.doubled += d.doubled
	}
	return r, nil
}

// An imported is a run of `mail2bus import`.
type imported struct {
	took, cpu time.Duration
	peak      int64 // KiB
	killed    bool
	said      string
}

func (i imported) String() string {
	return fmt.Sprintf("%.1f s, processor time %.1f s, peak memory %d MiB: %s", i.took.Seconds(), i.cpu.Seconds(), i.peak>>10, i.said)
}

// importOnce imports a file into a journal of its own, and is killed after a while; 0: it
// is not.
func (s *site) importOnce(ctx context.Context, journal, file string, kill time.Duration) (imported, error) {
	cmd := s.Command(ctx, "mail2bus", "import", "--json", "--set", "bus.journal="+s.Path(journal), file)
	var out bytes.Buffer
	cmd.Stdout = &out
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return imported{}, err
	}
	if kill > 0 {
		timer := time.AfterFunc(kill, func() { _ = cmd.Process.Kill() })
		defer timer.Stop()
	}
	err := cmd.Wait()
	state := cmd.ProcessState
	i := imported{took: time.Since(began), cpu: state.UserTime() + state.SystemTime(), said: string(bytes.TrimSpace(out.Bytes()))}
	if usage, ok := state.SysUsage().(*syscall.Rusage); ok {
		i.peak = usage.Maxrss
	}
	var exit *exec.ExitError
	if kill > 0 && errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL {
		i.killed, err = true, nil
	}
	if err != nil {
		err = fmt.Errorf("importing %s: %w", file, err)
	}
	return i, err
}

// A fact is a message but for when and by which way it came.
type fact struct {
	digest [sha256.Size]byte
	times  int
}

func factsOf(ctx context.Context, path string) (map[string]fact, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	facts := map[string]fact{}
	var bad error
	err := trial.Messages(ctx, path, func(id string, e event.Envelope) {
		body, err := json.Marshal([]any{e.Topic, e.Msg})
		bad = errors.Join(bad, err)
		facts[id] = fact{sha256.Sum256(body), facts[id].times + 1}
	})
	return facts, errors.Join(err, bad)
}

// A difference is what one journal has that the other has not.
type difference struct{ missing, more, doubled, otherwise int }

func (d difference) String() string {
	return fmt.Sprintf("missing %d, more %d, doubled %d, told in other words %d", d.missing, d.more, d.doubled, d.otherwise)
}

func compare(want, got map[string]fact) (d difference) {
	for id, f := range want {
		switch g, there := got[id]; {
		case !there:
			d.missing++
		case g.digest != f.digest:
			d.otherwise++
		}
	}
	for id, g := range got {
		if _, there := want[id]; !there {
			d.more++
		}
		d.doubled += g.times - 1
	}
	return d
}
