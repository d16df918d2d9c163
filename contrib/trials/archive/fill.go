package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"time"

	"busbar/common/archive"
	"busbar/contrib/trials/trial"
)

const (
	// perBatch is how many messages one transaction stores: as many as a hub takes at
	// once while it catches up.
	perBatch = 1024
	// step is after how many messages a fill says how fast it is.
	step = 100_000
	// thinking is the pause of who searches meanwhile.
	thinking = 100 * time.Millisecond
)

// fill stores messages until the archive has as many as are wanted, while two search.
func (b *bench) fill(ctx context.Context, s *trial.Site) (string, error) {
	a, err := archive.Open(ctx, archive.Options{Path: b.path, States: b.present})
	if err != nil {
		return "", err
	}
	var meanwhile trial.Times
	var mu sync.Mutex
	var wg sync.WaitGroup
	searching, end := context.WithCancel(ctx)
	failed := make(chan error, 2)
	for i := range cap(failed) {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(b.o.Seed, uint64(i)))
			for searching.Err() == nil {
				q := asked[r.IntN(len(asked))].draw(b.speaker.draw(r))
				began := time.Now()
				if _, err := a.Find(searching, q); err != nil && searching.Err() == nil {
					failed <- err
					return
				}
				mu.Lock()
				meanwhile = append(meanwhile, time.Since(began))
				mu.Unlock()
				_ = trial.Pause(searching, thinking)
			}
		})
	}
	began, cpu := time.Now(), usedCPU()
	stored, err := b.store(ctx, a, b.o.messages, func(n, each int64, since, cpu time.Duration) {
		fmt.Fprintf(s.Out, "  %d messages: %.0f a second, %d µs of processor time each\n", n, float64(each)/since.Seconds(), cpu.Microseconds()/each)
	})
	took, used := time.Since(began), usedCPU()-cpu
	end()
	wg.Wait()
	close(failed)
	for f := range failed {
		err = errors.Join(err, fmt.Errorf("searching meanwhile: %w", f))
	}
	if err = errors.Join(err, a.Close()); err != nil {
		return "", err
	}
	info, err := os.Stat(b.path)
	if err != nil {
		return "", err
	}
	text := fmt.Sprintf("%d messages of %d bytes each on disk", b.o.messages, info.Size()/b.o.messages)
	if stored > 0 {
		text += fmt.Sprintf("; %d stored, %.0f a second, %d µs of processor time each (of which %d make and read it); searching meanwhile: %s; memory at most %s",
			stored, float64(stored)/took.Seconds(), used.Microseconds()/stored, b.speaker.cost().Microseconds(), meanwhile, trial.Peak(os.Getpid()))
	}
	return text, nil
}

// store stores messages up to a number, going on where the archive stands, and says how
// many. After each step it calls told.
func (b *bench) store(ctx context.Context, a *archive.Archive, upTo int64, told func(n, each int64, since, cpu time.Duration)) (int64, error) {
	first, err := b.speaker.resume(ctx, a.Reader)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	began, used, n, from := time.Now(), usedCPU(), first, first
	for batch := range b.speaker.stream(ctx, a, first, upTo) {
		if batch.err != nil {
			return 0, batch.err
		}
		r, err := a.Append(ctx, archive.Batch{Messages: batch.list})
		if err != nil {
			return 0, err
		}
		if r.Stored != len(batch.list) {
			return 0, fmt.Errorf("of %d new messages %d were stored", len(batch.list), r.Stored)
		}
		n += int64(r.Stored)
		if n-from >= step && told != nil {
			now, cpu := time.Now(), usedCPU()
			told(n, n-from, now.Sub(began), cpu-used)
			began, used, from = now, cpu, n
		}
	}
	return n - first, ctx.Err()
}

// A made is a batch, or why there is none.
type made struct {
	list []archive.Incoming
	err  error
}

// stream makes messages while others are stored.
func (s *speaker) stream(ctx context.Context, a *archive.Archive, n, upTo int64) <-chan made {
	out := make(chan made)
	go func() {
		defer close(out)
		for n < upTo && ctx.Err() == nil {
			list, err := s.messages(n, int(min(perBatch, upTo-n)))
			a.Prepare(list)
			n += int64(len(list))
			select {
			case out <- made{list, err}:
			case <-ctx.Done():
			}
			if err != nil {
				return
			}
		}
	}()
	return out
}

// resume is the number of the newest message that the archive has; the publishers go on
// from where they were.
func (s *speaker) resume(ctx context.Context, r *archive.Reader) (int64, error) {
	_, newest, err := r.Range(ctx)
	if err != nil {
		return 0, err
	}
	list, err := r.Sequences(ctx)
	for _, q := range list {
		publisher, _, _ := strings.Cut(q.Publisher, ".")
		s.seqs[publisher] = q.Head
	}
	return newest, err
}

// cost is the processor time that making and reading a message takes.
func (s *speaker) cost() time.Duration {
	const some = 5000
	seqs := s.seqs
	defer func() { s.seqs = seqs }()
	s.seqs = map[string]int64{}
	before := usedCPU()
	if _, err := s.messages(0, some); err != nil {
		return 0
	}
	return (usedCPU() - before) / some
}
