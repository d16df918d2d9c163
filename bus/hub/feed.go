package hub

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"busbar/common/archive"
)

const (
	feedBatch = 256
	// waiting is how many events may wait for a listener; one that is further
	// behind is cut, and comes back with its position.
	waiting   = 256
	feedRetry = time.Second
)

// A feed reads the archive once for all listeners.
type feed struct {
	archive *archive.Archive
	log     *slog.Logger

	mu        sync.Mutex
	at        int64  // the arrival up to which everything was handed out
	heads     vector // as of at
	listeners map[*listener]bool
	last      map[string]time.Time // when something of a publisher came last

	// each is called with everything that comes; nil: nobody is.
	each func(*happening)

	sent, cut atomic.Int64
}

// A listener is one client of /events that is up to date.
type listener struct {
	filter filter
	after  int64 // what came up to here, it has
	events chan delivered
}

// A delivered is an event as it is sent with the feed's position behind it.
type delivered struct {
	*happening
	text []byte
}

func newFeed(ctx context.Context, a *archive.Archive, log *slog.Logger) (*feed, error) {
	f := &feed{archive: a, log: log, listeners: map[*listener]bool{}, last: map[string]time.Time{}}
	list, err := a.Sequences(ctx)
	if err != nil {
		return nil, err
	}
	if _, f.at, err = a.Range(ctx); err != nil {
		return nil, err
	}
	f.heads = headsOf(list, a.Epoch(), f.at)
	return f, nil
}

// run hands out what comes into the archive, until ctx ends.
func (f *feed) run(ctx context.Context) error {
	for {
		changed := f.archive.Changed()
		for {
			list, to, err := read(ctx, f.archive, f.position(), feedBatch)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				f.log.Warn("the archive cannot be read; trying again", "error", err)
				if !sleep(ctx, feedRetry) {
					return ctx.Err()
				}
				continue
			}
			f.hand(list, to)
			if len(list) == 0 {
				break
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

func (f *feed) position() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.at
}

func (f *feed) hand(list []*happening, to int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	own := sequence{arrivals, f.archive.Epoch()}
	for _, h := range list {
		f.heads[own] = h.n
		if f.each != nil {
			f.each(h)
		}
		if h.gap == nil {
			f.heads.pass(h.message)
			f.last[h.message.Publisher] = time.Now()
		}
		d := delivered{happening: h}
		for l := range f.listeners {
			if h.n <= l.after || h.frame == nil || h.gap == nil && !l.filter.takes(&h.envelope, h.about) {
				continue
			}
			if d.text == nil {
				d.text = h.event(f.heads.String())
			}
			select {
			case l.events <- d:
				f.sent.Add(1)
			default:
				f.cut.Add(1)
				f.drop(l)
			}
		}
	}
	f.at = max(f.at, to)
	f.heads[own] = f.at
}

// join makes a listener of who has read up to arrival l.after; it is false where it
// must read on itself. heads is the position behind what it will be given first.
func (f *feed) join(l *listener) (heads vector, joined bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if l.after < f.at {
		return nil, false
	}
	l.events = make(chan delivered, waiting)
	f.listeners[l] = true
	return maps.Clone(f.heads), true
}

// idle is the position of a listener that nothing waits for.
func (f *feed) idle(l *listener) (id string, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(l.events) > 0 || f.at < l.after {
		return "", false
	}
	return f.heads.String(), true
}

func (f *feed) leave(l *listener) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.drop(l)
}

// drop closes a listener's events.
func (f *feed) drop(l *listener) {
	if f.listeners[l] {
		delete(f.listeners, l)
		close(l.events)
	}
}

// lastOf is when something of a publisher came last, since the start.
func (f *feed) lastOf(publisher string) (time.Time, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t, ok := f.last[publisher]
	return t, ok
}

func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
