package maildir

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// still is a box whose channel waits for hints alone. It is opened outside of the
// bubble of a test with a clock of its own: that clock stands still while the channel
// waits for a hint, and moves where the channel pauses.
func still(t *testing.T) *box {
	b := newBox(t)
	b.arrive("0.m", "what is there")
	b.open(Options{Spool: true})
	b.expect("0.m", "what is there")
	if b.ch.took <= 0 {
		t.Error("nothing is known of how long a look at new/ takes")
	}
	return b
}

// TestFirstHint: where a look costs nothing, each hint is acted on at once, by a look
// of its own.
func TestFirstHint(t *testing.T) {
	b := still(t)
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		b.ch.took = 0
		for i := range 5 {
			name := fmt.Sprint(i+1, ".m")
			b.arrive(name, "alone")
			b.expect(name, "alone")
			if n := len(b.ch.queue); n > 0 {
				t.Errorf("the look that found %s found %d more", name, n)
			}
		}
		if paused := time.Since(began); paused > 0 {
			t.Errorf("before five looks there were pauses of %s", paused)
		}
	})
}

// TestGathered: where a look takes its time, what comes after the first hint is found
// by the same look as what came with it. The pause is in proportion, and bounded.
func TestGathered(t *testing.T) {
	for took, want := range map[time.Duration]time.Duration{
		100 * time.Microsecond: gather * 100 * time.Microsecond, time.Hour: longestWait,
	} {
		t.Run(took.String(), func(t *testing.T) {
			b := still(t)
			synctest.Test(t, func(t *testing.T) {
				const mails = 10
				began := time.Now()
				b.ch.took = took
				found := make(chan int, 1)
				go func() {
					defer close(found)
					b.expect("1.m", "gathered")
					found <- 1 + len(b.ch.queue)
				}()
				b.arrive("1.m", "gathered")
				synctest.Wait() // the hint came, and the channel pauses
				for i := 2; i <= mails; i++ {
					b.arrive(fmt.Sprint(i, ".m"), "gathered")
				}
				n := <-found
				if paused := time.Since(began); paused != want {
					t.Errorf("after the first hint there was a pause of %s, want %s", paused, want)
				}
				if n != mails {
					t.Errorf("one look found %d mails, want all %d", n, mails)
				}
			})
		})
	}
}
