package wire

import (
	"context"
	"testing"
	"time"
)

// TestPublisherWaitsForReaders: a burst of many times the queue reaches a
// subscriber that reads.
func TestPublisherWaitsForReaders(t *testing.T) {
	const count = 200
	j := testJournal(t)
	write(t, j, 1, count, 50_000)
	r := start(t, j, &Publisher{
		Listen: PubOptions{QueueBytes: 4 << 20},
		pace:   &pace{high: 64 << 10, each: patience, still: patience},
	})
	pub := r.listening()
	f := follow(t, pub, testVerifier(t, nil))
	r.goOn()
	expectNotes(t, f, 1, count)
	if s := pub.Stats(); s.Dropped != 0 {
		t.Errorf("%d messages were dropped", s.Dropped)
	}
	r.stop()
}

// TestPaceDoesNotWaitForTheStalled: one who reads nothing costs the others a
// moment for each batch, and never more than each message pays.
func TestPaceDoesNotWaitForTheStalled(t *testing.T) {
	p := stalled(t)
	for _, c := range []struct {
		what string
		pace pace
		n    int
	}{
		{"nothing moves", pace{each: time.Hour, still: time.Millisecond}, 1},
		{"one message pays little", pace{each: time.Millisecond, still: time.Hour}, 1},
		{"there is room", pace{high: 1 << 30, each: time.Hour, still: time.Hour}, 1},
	} {
		done := make(chan struct{})
		go func() { c.pace.wait(context.Background(), p, c.n); close(done) }()
		select {
		case <-done:
		case <-time.After(patience):
			t.Fatalf("%s, and it waits", c.what)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	(&pace{each: time.Hour, still: time.Hour}).wait(ctx, p, 1) // returns
}

func TestPaceFollowsTheQueue(t *testing.T) {
	if got := newPace(PubOptions{}); got.high != defaultQueue/4 || got.each != paceEach || got.still != paceStill {
		t.Errorf("default: %+v", got)
	}
	if got := newPace(PubOptions{QueueBytes: 100}); got.high != 25 {
		t.Errorf("of 100 bytes: %+v", got)
	}
}
