package hub

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"busbar/common/archive"
	"busbar/common/event"
	"busbar/common/wire"
)

// An intake brings messages to the archive. store returns once a batch is on disk;
// where it fails, the same batch is brought again.
type intake interface {
	run(ctx context.Context, store func(context.Context, archive.Batch) error) error
	status() intakeStatus
}

// An intakeStatus is what an intake says of itself.
type intakeStatus struct {
	Kind      string          `json:"kind"` // how messages come in
	Connected map[string]bool `json:"connected"`
	Refused   int64           `json:"refused"` // messages that were not to be believed
	Error     string          `json:"error,omitempty"`

	beats []beatSaid
}

// A beatSaid is the newest heartbeat of a sequence.
type beatSaid struct {
	publisher, epoch string
	newest           int64
	at               time.Time
}

// A live intake follows publishers as they speak. What was said while it did not
// listen is a gap, with a name.
type live struct {
	follower *wire.Follower
	log      *slog.Logger
	now      func() time.Time

	mu      sync.Mutex
	heads   map[sequence]int64
	beats   map[sequence]beatSaid
	refused int64
	err     error
}

// newLive goes on from what the archive has.
func newLive(ctx context.Context, a *archive.Archive, f *wire.Follower, log *slog.Logger) (*live, error) {
	l := &live{follower: f, log: log, now: time.Now, heads: map[sequence]int64{}, beats: map[sequence]beatSaid{}}
	list, err := a.Sequences(ctx)
	for _, s := range list {
		l.heads[sequence{s.Publisher, s.Epoch}] = s.Head
	}
	return l, err
}

const (
	batchMessages = 256
	batchBytes    = 4 << 20
	storeRetry    = 2 * time.Second
	maxBeats      = 10_000
)

func (l *live) run(ctx context.Context, store func(context.Context, archive.Batch) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	deliveries, ended := make(chan wire.Delivery), make(chan error, 1)
	go func() {
		for {
			d, err := l.follower.Next(ctx)
			if err != nil {
				ended <- err
				return
			}
			select {
			case deliveries <- d:
			case <-ctx.Done():
				ended <- ctx.Err()
				return
			}
		}
	}()
	for {
		var b archive.Batch
		select {
		case err := <-ended:
			return err
		case d := <-deliveries:
			l.gather(ctx, d, deliveries, &b)
		}
		for {
			err := store(ctx, b)
			l.set(err)
			if err == nil {
				break
			}
			l.log.Warn("messages could not be stored; trying again", "error", err)
			if !sleep(ctx, storeRetry) {
				return ctx.Err()
			}
		}
	}
}

// gather takes first, and what comes with it, up to a bound.
func (l *live) gather(ctx context.Context, first wire.Delivery, more <-chan wire.Delivery, b *archive.Batch) {
	const together = 20 * time.Millisecond // messages of one moment share an fsync
	end := time.NewTimer(together)
	defer end.Stop()
	size := len(first.Body)
	l.take(first, b)
	for len(b.Messages) < batchMessages && size < batchBytes {
		select {
		case d := <-more:
			l.take(d, b)
			size += len(d.Body)
		case <-end.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// take adds a delivery to a batch.
func (l *live) take(d wire.Delivery, b *archive.Batch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, key := d.Envelope, sequence{d.Envelope.Publisher, d.Envelope.Epoch}
	switch {
	case d.Err != nil:
		l.refused++
		l.log.Warn("message refused", "endpoint", d.Endpoint, "topic", d.Topic, "error", d.Err)
		return
	case d.Heartbeat:
		body, _ := e.Msg.(map[string]any)
		if e.Publisher != "" && len(l.beats) < maxBeats {
			l.beats[key] = beatSaid{e.Publisher, e.Epoch, event.Integer(body["newest"]), l.now().UTC()}
		}
		return
	}
	if e.Seq > 0 && e.Publisher != "" && e.Epoch != "" {
		head := l.heads[key]
		if head > 0 && e.Seq > head+1 {
			b.Gaps = append(b.Gaps, archive.Gap{
				Publisher: e.Publisher, Epoch: e.Epoch, First: head + 1, Last: e.Seq - 1, Time: l.now().UTC(),
				Reason: "it never came to this hub",
			})
		}
		if e.Seq > head {
			l.heads[key] = e.Seq
			b.Positions = append(b.Positions, archive.Position{Publisher: e.Publisher, Epoch: e.Epoch, Seq: e.Seq})
		}
	}
	b.Messages = append(b.Messages, archive.Incoming{Envelope: e, Wire: d.Body})
}

func (l *live) set(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
}

func (l *live) status() intakeStatus {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := intakeStatus{Kind: "live", Connected: l.follower.Connected(), Refused: l.refused}
	for _, b := range l.beats {
		s.beats = append(s.beats, b)
	}
	if l.err != nil {
		s.Error = fmt.Sprintf("messages cannot be stored: %v", l.err)
	}
	return s
}
