package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"busbar/common/archive"
	"busbar/contrib/trials/trial"
)

const (
	// slow is how many ask without a pause, each for as long as a question may take.
	slow = 4
	// longestLog is what the archive's log may come to, and a batch beside it.
	longestLog = 300 << 20
)

// log stores messages while readers never end: at each moment one of them reads.
func (b *bench) log(ctx context.Context, s *trial.Site) (string, error) {
	a, err := archive.Open(ctx, archive.Options{Path: s.Path("archive.db"), States: b.present})
	if err != nil {
		return "", err
	}
	defer a.Close()
	if _, err := b.store(ctx, a, perBatch, nil); err != nil {
		return "", err
	}
	reading, end := context.WithCancel(ctx)
	defer end()
	var wg sync.WaitGroup
	asked := make([]int, slow)
	for i := range slow {
		wg.Go(func() {
			_ = trial.Pause(reading, time.Duration(i)*500*time.Millisecond)
			for reading.Err() == nil {
				_, _ = a.Find(reading, archive.Query{Check: func(archive.Message) bool { time.Sleep(5 * time.Millisecond); return false }})
				asked[i]++
			}
		})
	}
	var longest int64
	var waits trial.Times
	last := time.Now()
	stored := int64(perBatch)
	for stored < b.o.more && err == nil {
		var n int64
		n, err = b.store(ctx, a, min(b.o.more, stored+perBatch), nil)
		stored += n
		_, size := a.Sizes()
		longest = max(longest, size)
		waits = append(waits, time.Since(last))
		last = time.Now()
	}
	end()
	wg.Wait()
	if err != nil {
		return "", err
	}
	text := fmt.Sprintf("%d messages stored beside %d that read %d times for as long as they may; the log was at most %d MiB; batches of %d: %s",
		stored, slow, sum(asked), longest>>20, perBatch, waits)
	if longest > longestLog {
		err = trial.Broken(errors.New("the log grew without a bound"))
	}
	return text, err
}

func sum(list []int) (n int) {
	for _, x := range list {
		n += x
	}
	return n
}
