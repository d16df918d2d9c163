package follow

import (
	"context"
	"time"

	"busbar/common/subscribe"
)

// catchUp waits until what was said meanwhile is known. Of a publisher without a position
// nothing was missed.
func (f Follower) catchUp(ctx context.Context, bus *subscribe.Subscriber) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !caughtUp(bus.Status()) {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
	f.Received()
}

func caughtUp(st subscribe.Status) bool {
	for _, one := range st.Streams {
		if !one.Ended && (one.Repairing || one.Position < one.Newest) {
			return false
		}
	}
	return st.Queued == 0 && st.InFlight == 0
}
