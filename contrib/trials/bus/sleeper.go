package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"
	"os"
	"sync"
	"syscall"
	"time"

	"busbar/common/event"
	"busbar/common/sqlfile"
	"busbar/common/subscribe"
	"busbar/contrib/trials/trial"
)

// actSleeper is the third act: two subscribers listen; then a third sleeps with its
// connection open, as a stopped process does, and wakes up.
func actSleeper(ctx context.Context, o options, at *trial.Site) (string, error) {
	s, err := newSite(at, o, o.signed)
	if err != nil {
		return "", err
	}
	if err := s.feeder("feed", o.speed, o.beat); err != nil {
		return "", err
	}
	p := s.publishers[0]
	if err := p.source.want(math.MaxInt32); err != nil {
		return "", err
	}
	if err := p.start(); err != nil {
		return "", err
	}
	others, err := s.listenOthers(ctx, p, 2)
	if err != nil {
		return "", err
	}
	defer others.close()
	// A publisher that has just begun waits for two seconds before it sends.
	if err := others.hear(ctx, int64(3*o.speed)); err != nil {
		return "", err
	}
	watch := func(while time.Duration) (trial.Times, float64, error) {
		others.take()
		most, err := peak(ctx, p.PID(), while)
		return others.take(), most, err
	}
	alone, before, err := watch(o.alone)
	if err != nil {
		return "", err
	}
	sleeper, err := s.follower("sleeper", "part", "listen", "", "--out", s.Path("sleeper.db"))
	if err != nil {
		return "", err
	}
	// Without a proxy, whose buffers would be the sleeper's.
	if err := os.WriteFile(s.Path("sleeper.d/feed.toml"), fmt.Appendf(nil, "[endpoints]\nfeed = [%q]\n", "tcp://"+p.address), 0o600); err != nil {
		return "", err
	}
	if err := sleeper.start(); err != nil {
		return "", err
	}
	// It is live before it sleeps.
	if err := s.reaches(ctx, p, 0); err != nil {
		return "", err
	}
	if err := syscall.Kill(sleeper.PID(), syscall.SIGSTOP); err != nil {
		return "", err
	}
	from, err := trial.Stored(ctx, p.journal)
	if err != nil {
		return "", err
	}
	beside, during, err := watch(o.sleep)
	if err != nil {
		return "", err
	}
	to, err := s.quiet(ctx, o, p)
	if err != nil {
		return "", err
	}
	began := time.Now()
	if err := syscall.Kill(sleeper.PID(), syscall.SIGCONT); err != nil {
		return "", err
	}
	awake := make(chan float64, 1)
	replaying, stop := context.WithCancel(ctx)
	go func() {
		most, _ := peak(replaying, p.PID(), time.Hour)
		awake <- most
	}()
	err = s.reaches(ctx, p, to)
	took := time.Since(began)
	stop()
	replayed := <-awake
	if err != nil {
		return "", err
	}
	if err := others.hear(ctx, to); err != nil {
		return "", err
	}
	bad, err := s.sequence(ctx, to)
	if err != nil {
		return "", err
	}
	growth := during - before
	missed := to - from
	text := fmt.Sprintf("%.0f messages a second; others without a sleeper: %s; with one, which slept %s and missed %d: %s; the publisher's memory at most %.1f MiB before, %.1f MiB while it slept (%.1f MiB more), %.1f MiB while it asked for the rest; the sleeper had all %.1f s after it woke up (%.0f/s), lost, doubled or reordered %d",
		o.speed, alone, o.sleep, missed, beside, before, during, growth, replayed, took.Seconds(), float64(missed)/took.Seconds(), bad)
	heavy := 0
	if growth > o.growth {
		heavy = 1
	}
	return text, trial.Verdict([]trial.Count{{N: bad, What: "lost, doubled or reordered by the sleeper"}, {N: others.bad(), What: "lost, doubled or reordered by the others"}, {N: heavy, What: fmt.Sprintf("memory grew by more than %.0f MiB", o.growth)}})
}

// peak is the most memory that a process has within a while.
func peak(ctx context.Context, pid int, while time.Duration) (most float64, err error) {
	for end := time.Now().Add(while); ; {
		now, err := trial.Resident(pid)
		if err != nil {
			return most, err
		}
		most = max(most, now)
		if !time.Now().Before(end) {
			return most, nil
		}
		if err := trial.Pause(ctx, min(200*time.Millisecond, while)); err != nil {
			return most, err
		}
	}
}

// quiet has the publisher stop saying anything; newest is its last number.
func (s *site) quiet(ctx context.Context, o options, p *publisher) (newest int64, err error) {
	if newest, err = trial.Stored(ctx, p.journal); err != nil {
		return 0, err
	}
	last := int(newest) + int(2*o.speed) // a little later, so that it is not past that
	if err := p.source.want(last); err != nil {
		return 0, err
	}
	err = s.await(ctx, "the publisher to be quiet", patience, func() (bool, error) {
		if newest, err = trial.Stored(ctx, p.journal); err != nil {
			return false, err
		}
		said, err := p.source.said(ctx, p)
		return said >= last && int64(said) == newest, err
	})
	return newest, err
}

// reaches waits until the sleeper has a number; with 0, until it is live.
func (s *site) reaches(ctx context.Context, p *publisher, to int64) error {
	db, err := sqlfile.Open(s.Path("sleeper.db"), 1, url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(60000)"}})
	if err != nil {
		return err
	}
	defer db.Close()
	return s.await(ctx, "the sleeper to have all", time.Hour, func() (bool, error) {
		newest, err := trial.Stored(ctx, p.journal)
		if err != nil {
			return false, err
		}
		var has int64
		if err := db.QueryRowContext(ctx, "SELECT COALESCE(max(seq), 0) FROM got").Scan(&has); err != nil {
			return false, ctx.Err() // it has only just begun
		}
		if to == 0 {
			return has > newest-live, nil
		}
		return has >= to, nil
	})
}

// live is how many messages behind the journal a subscriber may be that is live.
const live = 500

// sequence is how many of the sleeper's rows do not follow the one before them, from 1
// to the last, and how many are gaps.
func (s *site) sequence(ctx context.Context, to int64) (bad int, err error) {
	db, err := sqlfile.Open(s.Path("sleeper.db"), 1, url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(60000)"}})
	if err != nil {
		return 0, err
	}
	defer db.Close()
	var rows, last int64
	err = db.QueryRowContext(ctx, "SELECT count(*), max(seq), (SELECT count(*) FROM (SELECT seq - LAG(seq, 1, 0) OVER (ORDER BY n) AS step, gap FROM got) WHERE step <> 1 OR gap IS NOT NULL) FROM got").Scan(&rows, &last, &bad)
	if err == nil && (rows != to || last != to) {
		bad++
	}
	return bad, err
}

// others are subscribers within the trial's own process: they time each message.
type others struct {
	stop func()
	wg   sync.WaitGroup

	mu    sync.Mutex
	times trial.Times
	last  []int64
	wrong int
	err   error
}

func (s *site) listenOthers(ctx context.Context, p *publisher, n int) (*others, error) {
	o := &others{last: make([]int64, n)}
	ctx, o.stop = context.WithCancel(ctx)
	for i := range n {
		sub, err := subscribe.Open(ctx, subscribe.Options{Publishers: []string{"tcp://" + p.address}, Verifier: s.verifier, File: s.Path(fmt.Sprintf("other.%d.position", i)), From: subscribe.Start()})
		if err != nil {
			o.close()
			return nil, err
		}
		o.wg.Go(func() {
			err := errors.Join(o.listen(ctx, sub, i), sub.Close())
			if ctx.Err() == nil {
				o.mu.Lock()
				o.err = errors.Join(o.err, err)
				o.mu.Unlock()
			}
		})
	}
	return o, nil
}

func (o *others) listen(ctx context.Context, sub *subscribe.Subscriber, i int) error {
	var list []*subscribe.Message
	for {
		m, err := sub.Next(ctx)
		if err != nil {
			return err
		}
		o.took(i, m)
		if list = append(list, m); len(list) < 100 && sub.Pending() > 0 {
			continue
		}
		if err := sub.Ack(ctx, list...); err != nil {
			return err
		}
		list = nil
	}
}

func (o *others) took(i int, m *subscribe.Message) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if m.Gap != nil || m.Envelope.Seq != o.last[i]+1 {
		o.wrong++
		return
	}
	o.last[i] = m.Envelope.Seq
	msg, _ := m.Envelope.Msg.(map[string]any)
	o.times = append(o.times, time.Since(time.Unix(0, event.Integer(msg["nanos"]))))
}

// take takes the times so far.
func (o *others) take() trial.Times {
	o.mu.Lock()
	defer o.mu.Unlock()
	times := o.times
	o.times = nil
	return times
}

func (o *others) bad() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.wrong
}

// hear waits until all have a number.
func (o *others) hear(ctx context.Context, to int64) error {
	return trial.Await(ctx, "the others to have all", patience, func() (bool, error) {
		o.mu.Lock()
		defer o.mu.Unlock()
		for _, n := range o.last {
			if n < to {
				return false, o.err
			}
		}
		return true, o.err
	})
}

func (o *others) close() {
	o.stop()
	o.wg.Wait()
}
