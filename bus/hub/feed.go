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
	takeBatch = 64
	feedRetry = time.Second
	// behind and behindBytes are how much is kept for listeners that have not sent it
	// yet; one that is further behind is cut, and comes back with its position.
	behind      = 2048
	behindBytes = 16 << 20
)

// A feed reads the archive once for all listeners. What comes is kept for a while;
// each listener takes it from there at its own pace.
type feed struct {
	archive *archive.Archive
	log     *slog.Logger

	mu        sync.Mutex
	at        int64  // the arrival up to which everything was handed out
	heads     vector // as of at
	listeners int
	recent    []delivered // the newest; empty where nobody listens
	first     int64       // the number of the first of them; they are numbered as they come
	bytes     int
	changed   chan struct{}        // closed when something came
	last      map[string]time.Time // when something of a publisher came last

	// each is called with everything that comes; nil: nobody is.
	each func(*happening)

	sent, cut atomic.Int64
}

// A listener is one client of /events that is up to date.
type listener struct {
	after int64 // what came up to here, it has
	next  int64 // the number of what it takes next; less than 0: it left
}

// A delivered is an event as it is sent, with the feed's position behind it.
type delivered struct {
	*happening
	text []byte
}

func newFeed(ctx context.Context, a *archive.Archive, log *slog.Logger) (*feed, error) {
	f := &feed{archive: a, log: log, changed: make(chan struct{}), last: map[string]time.Time{}}
	heads, err := headsOf(ctx, a) // nobody writes yet
	if err != nil {
		return nil, err
	}
	f.heads, f.at = heads, heads[sequence{arrivals, a.Epoch()}].n
	return f, nil
}

// run hands out what comes into the archive, until ctx ends.
func (f *feed) run(ctx context.Context) error {
	for {
		changed := f.archive.Changed()
		for {
			at := f.position()
			list, to, err := read(ctx, f.archive, at, feedBatch)
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
			if to <= at {
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
	own, came := sequence{arrivals, f.archive.Epoch()}, false
	for _, h := range list {
		f.heads[own] = mark{n: h.n}
		f.heads.pass(h)
		if f.each != nil && !h.message.Copy {
			f.each(h)
		}
		if h.gap == nil && !h.message.Copy {
			f.last[h.message.Publisher] = time.Now()
		}
		if f.listeners == 0 || h.n <= f.at { // nobody is there, or it is a copy that was read before
			continue
		}
		d := delivered{happening: h}
		if h.frame != nil {
			d.text = h.event(f.heads.String())
		}
		f.recent, f.bytes = append(f.recent, d), f.bytes+len(d.text)
		came = true
	}
	f.forget()
	if came {
		close(f.changed)
		f.changed = make(chan struct{})
	}
	f.at = max(f.at, to)
	f.heads[own] = mark{n: f.at}
}

// forget drops what is too much.
func (f *feed) forget() {
	n := 0
	for n < len(f.recent) && (len(f.recent)-n > behind || f.bytes > behindBytes && len(f.recent)-n > 1 || f.listeners == 0) {
		f.bytes -= len(f.recent[n].text)
		f.recent[n] = delivered{}
		n++
	}
	f.recent, f.first = f.recent[n:], f.first+int64(n)
}

// take adds to list what came since, at most 64 events. Where nothing did, changed is
// closed when something does. It is false where the listener is too far behind.
func (f *feed) take(l *listener, list []delivered) (_ []delivered, changed <-chan struct{}, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if l.next < f.first {
		f.cut.Add(1)
		return list, nil, false
	}
	come := f.recent[l.next-f.first:]
	come = come[:min(len(come), takeBatch)]
	l.next += int64(len(come))
	return append(list, come...), f.changed, true
}

// pause is how long a listener waits after it has sent something, so that what comes
// meanwhile goes with one call of the system: with many listeners these calls are what
// takes the time.
func (f *feed) pause() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	const each, most = 30 * time.Microsecond, 60 * time.Millisecond
	return min(time.Duration(f.listeners)*each, most)
}

// join makes a listener of who has read up to arrival l.after; it is false where it
// must read on itself: also where it has what came behind l.after already, which the
// feed, if that is behind too, would hand out again. One whose position is not the
// feed's is apart.
func (f *feed) join(l *listener, b *beginning) (apart, joined bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if l.after < f.at || b.has(l.after) {
		return false, false
	}
	f.listeners++
	l.next = f.first + int64(len(f.recent))
	return b.apart(f.heads), true
}

// now is where a listener begins that wants what comes from now on.
func (f *feed) now() beginning {
	f.mu.Lock()
	defer f.mu.Unlock()
	return beginning{after: f.at, at: maps.Clone(f.heads)}
}

// idle is the position of a listener that nothing waits for.
func (f *feed) idle(l *listener) (id string, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if l.next < f.first+int64(len(f.recent)) || f.at < l.after {
		return "", false
	}
	return f.heads.String(), true
}

func (f *feed) leave(l *listener) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if l.next >= 0 {
		l.next = -1
		f.listeners--
		f.forget()
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
