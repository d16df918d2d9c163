package journal

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"busbar/common/event"
)

// TestSealedMeanwhile: the first of a group is being signed while the second gets its
// place, and order and numbers are those of submission.
func TestSealedMeanwhile(t *testing.T) {
	t.Parallel()
	placed := make(chan struct{})
	o := options(journalPath(t))
	o.Seal = func(m *event.Encoded) error {
		select {
		case <-placed:
			m.Set("signature", "s")
			return nil
		case <-time.After(3 * time.Minute):
			return errors.New("the second never got its place")
		}
	}
	j := mustOpen(t, o)
	free, busy := make(chan struct{}), make(chan struct{})
	go j.do(context.Background(), func() error { close(busy); <-free; return nil })
	<-busy
	var stored sync.WaitGroup
	for i, key := range []string{"first", "second", "third"} {
		stored.Add(1)
		turn := func() bool {
			if i == 1 {
				close(placed)
			}
			return true
		}
		j.SubmitIf(noteRecord(key), turn, func(r Result, err error) {
			defer stored.Done()
			if err != nil || len(r.Seqs) != 1 || r.Seqs[0] != int64(i+1) {
				t.Errorf("the %s: %+v, %v", key, r, err)
			}
		})
	}
	close(free)
	stored.Wait()
	mustVerify(t, j.Reader())
}
