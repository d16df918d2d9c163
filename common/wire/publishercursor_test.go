package wire

import (
	"testing"
	"time"
)

// stalled publishes to a subscriber that reads nothing until much is queued.
func stalled(t *testing.T) *Pub {
	t.Helper()
	p := listen(t, PubOptions{WriteTimeout: patience, Linger: -1})
	stall(t, p.Endpoints()[0])
	if err := p.WaitSubscriber(soon(t), "anything"); err != nil {
		t.Fatal(err)
	}
	for range 5000 { // far more than the kernel takes
		send(t, p, "anything", make([]byte, 2000))
	}
	eventually(t, "something is queued", func() bool { return p.Stats().QueuedBytes > 0 })
	return p
}

// TestCursorWaitsForTheQueues: it does not pass what is not written, but one
// slow subscriber cannot hold it for ever.
func TestCursorWaitsForTheQueues(t *testing.T) {
	now, saved := time.Now(), int64(0)
	c := cursor{pub: stalled(t), ack: func(seq int64) { saved = max(saved, seq) }}
	for _, step := range []struct {
		after time.Duration
		sent  int64
		saved int64
	}{
		{0, 10, 0},
		{time.Second, 11, 0},
		{cursorHeld - time.Second, 20, 0},
		{cursorHeld, 21, 10}, // what was sent when it was first seen waiting
		{cursorHeld + time.Second, 22, 10},
		{2 * cursorHeld, 30, 21},
	} {
		c.sent = step.sent
		c.save(now.Add(step.after))
		if saved != step.saved {
			t.Errorf("after %s with %d sent, the cursor is at %d, not %d", step.after, step.sent, saved, step.saved)
		}
	}
	// Nobody is behind: what was sent at the last look is surely written.
	c.pub = listen(t, PubOptions{})
	for _, want := range []int64{30, 30} {
		if c.save(now); saved != want || c.held != 0 {
			t.Errorf("with empty queues: %d, held %d", saved, c.held)
		}
	}
}

// TestCursorStaysBehindWhatWasLost: the end comes while a subscriber has not
// taken everything; the next run tells it all again.
func TestCursorStaysBehindWhatWasLost(t *testing.T) {
	const count = 200
	j := testJournal(t)
	write(t, j, 1, count, 100_000) // far more than the kernel takes
	large := PubOptions{WriteTimeout: patience, Linger: -1, QueueBytes: 64 << 20}
	r := start(t, j, &Publisher{Listen: large})
	pub := r.listening()
	stall(t, pub.Endpoints()[0])
	if err := pub.WaitSubscriber(soon(t), noteTopic); err != nil {
		t.Fatal(err)
	}
	r.goOn()
	eventually(t, "all is sent", func() bool { return pub.Stats().Published == count && pub.Stats().QueuedBytes > 0 })
	r.stop()
	write(t, j, count+1, count+1, 0)
	if got := savedCursor(t, j); got >= count {
		t.Fatalf("the cursor is at %d although messages were lost", got)
	}
	large.Linger = 0
	r = start(t, j, &Publisher{Listen: large})
	f := follow(t, r.listening(), testVerifier(t, nil))
	r.goOn()
	expectNotes(t, f, savedCursor(t, j)+1, count+1)
	r.stop()
}
