package hub

import (
	"sync"
	"time"

	"busbar/common/recent"
	"busbar/common/subscribe"
)

// Beats are publishers' heartbeats on their way to who follows the hub. Each waits
// until all that it tells of is in the archive and was sent: else who gets it would
// ask here for what is not here yet. Of each sequence the newest is kept.
type beats struct {
	came chan struct{} // something is there

	mu      sync.Mutex
	known   *recent.Memory[string, struct{}] // ids that came: two hubs that follow each other tell each once
	waiting map[sequence]pending
}

type pending struct {
	subscribe.Heartbeat
	at time.Time
}

const (
	// beatWaits is how long a heartbeat may wait: soon after, nobody believes it.
	beatWaits  = time.Minute
	beatsKnown = 10_000
)

func newBeats() *beats {
	return &beats{came: make(chan struct{}, 1), known: recent.New[string, struct{}](beatsKnown), waiting: map[sequence]pending{}}
}

// hear takes a heartbeat. It never waits.
func (b *beats) hear(one subscribe.Heartbeat) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, again := b.known.Get(one.ID); again {
		return
	}
	b.known.Put(one.ID, struct{}{})
	b.waiting[sequence{one.Publisher, one.Epoch}] = pending{one, time.Now()}
	select {
	case b.came <- struct{}{}:
	default:
	}
}

// due takes those that need wait no longer, as reached says of a sequence's number.
func (b *beats) due(now time.Time, reached func(s sequence, n int64) bool) (list []subscribe.Heartbeat) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for s, one := range b.waiting {
		switch {
		case reached(s, one.Newest):
			list = append(list, one.Heartbeat)
			delete(b.waiting, s)
		case now.Sub(one.at) > beatWaits:
			delete(b.waiting, s)
		}
	}
	return list
}
