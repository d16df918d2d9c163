package drain

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"busbar/common/backoff"
	"busbar/common/journal"
)

// A Drain empties a journal into one sink. A journal may have several, each with
// a name, and so a cursor, of its own.
type Drain struct {
	Store Store
	Sink  Sink
	Name  string        // of the sink, and of its cursor: of few values, it is a metric's label
	Begin journal.Begin // where a sink begins that the journal does not know
	// Window is how many messages may be handed over and without an answer
	// [1024; 32 MiB at most]. Negative: as many as there are, for a sink that
	// bounds what it holds and answers late.
	Window int
	// Patience is how long all of these may be without an answer before the
	// connection is taken to be dead [1 min]. Negative: for ever.
	Patience time.Duration
	Log      *slog.Logger // nil: none
	// OnErr is called with each failure, and with nil when that is over.
	// It is called by Run, and must be quick. Nil: nobody is.
	OnErr func(error)

	// Of Run: up to here messages are handed over one by one; up to here it was
	// asked again about what was refused.
	single, asked int64
	refusing      atomic.Int64 // the last message that was refused

	mu       sync.Mutex
	status   Status
	bookmark string // of the cursor, in a store that keeps it
	opened   bool
	missed   []journal.Missed // oldest first
	failures int              // in a row
	reported bool             // OnErr was called with an error
}

const (
	batchMessages   = 256
	defaultWindow   = 1024
	maxBytes        = 32 << 20 // handed over and without an answer
	defaultPatience = time.Minute
)

// mostLater bounds for how long a far side can have itself left alone.
const mostLater = time.Hour

var pauses = backoff.Times{First: 100 * time.Millisecond, Most: 30 * time.Second}

func (d *Drain) window() int64 {
	if d.Window == 0 {
		return defaultWindow
	}
	return int64(d.Window)
}

func (d *Drain) patience() time.Duration {
	if d.Patience == 0 {
		return defaultPatience
	}
	return d.Patience
}

func (d *Drain) log() *slog.Logger {
	if d.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return d.Log
}

// Run hands messages over until ctx ends; then it closes the sink and returns nil.
// A failure is no error of Run: the journal keeps what waits, and Run tries again.
func (d *Drain) Run(ctx context.Context) error {
	for {
		began := time.Now()
		err := d.connect(ctx)
		if ctx.Err() != nil {
			if err != nil {
				d.log().Warn("a sink did not end well; what the far side may have missed is handed over again at the next start",
					"sink", d.Name, "error", err)
			}
			return nil
		}
		if err == nil {
			continue // a message was put aside
		}
		wait := backoff.Spread(pauses.After(d.failed(err, time.Since(began))))
		if later, ok := errors.AsType[*Later](err); ok {
			wait = max(wait, min(later.Wait, mostLater))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

// connect opens the sink and hands over messages until the connection ends. An
// error that is only the end of ctx is none.
func (d *Drain) connect(ctx context.Context) (err error) {
	at, err := d.open(ctx)
	if err != nil {
		return err
	}
	alive, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	link := d.newLink(fail, at)
	defer link.close()
	conn, err := d.Sink.Open(alive, link)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("opening sink %s: %w", d.Name, because(alive, err))
	}
	err = d.again(alive, link, conn)
	for err == nil {
		err = d.handOver(alive, link, conn)
	}
	switch {
	case ctx.Err() != nil:
		err = nil
	case errors.Is(err, ErrRefused):
		err = d.refused(link, err)
	default:
		err = because(alive, err)
	}
	if cerr := conn.Close(); cerr != nil {
		err = errors.Join(err, fmt.Errorf("closing sink %s: %w", d.Name, cerr))
	}
	return err
}

// because is why a connection ended, where err may be no more than that it did.
func because(alive context.Context, err error) error {
	if cause := context.Cause(alive); cause != nil && errors.Is(err, context.Canceled) {
		return cause
	}
	return err
}

// open reads where the sink stands, once.
func (d *Drain) open(ctx context.Context) (int64, error) {
	if d.opened {
		at := d.Status().Cursor
		return at, d.forget(ctx, at)
	}
	at, err := d.Store.OpenSink(ctx, d.Name, d.Begin)
	if err != nil {
		return 0, err
	}
	missed, err := d.Store.Missed(ctx, d.Name)
	if err != nil {
		return 0, err
	}
	bookmark := ""
	if m, ok := d.Store.(Bookmarker); ok {
		if bookmark, err = m.Bookmark(ctx, d.Name); err != nil {
			return 0, err
		}
	}
	d.mu.Lock()
	d.opened, d.missed, d.status.Cursor, d.bookmark = true, missed, at, bookmark
	d.mu.Unlock()
	return at, d.forget(ctx, at)
}

// handOver hands over the next batch, or waits until there may be one.
func (d *Drain) handOver(ctx context.Context, link *Link, conn Conn) error {
	changed := d.Store.Changed() // before reading, so that no wake-up is lost
	handed, out, bytes := link.at()
	if room := d.room(handed, out, bytes); room > 0 {
		batch, err := d.Store.After(ctx, handed, room)
		if err != nil {
			return fmt.Errorf("reading what is next for sink %s: %w", d.Name, err)
		}
		if len(batch) > 0 {
			if first := batch[0].Seq; first > handed+1 {
				if err := d.overtaken(link, handed+1, first-1); err != nil {
					return err
				}
			}
			return d.send(ctx, link, conn, batch)
		}
		if out == 0 {
			d.well()
		}
	}
	d.over()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-link.moved:
	case <-changed:
	}
	return nil
}

// room is how many messages may be handed over now.
func (d *Drain) room(handed, out int64, bytes int) int {
	switch window := d.window(); {
	case handed < d.single:
		return int(max(0, 1-out))
	case window < 0:
		return batchMessages
	case bytes >= maxBytes:
		return 0
	default:
		return int(min(batchMessages, window-out))
	}
}

func (d *Drain) send(ctx context.Context, link *Link, conn Conn, batch []journal.Message) error {
	link.hand(batch)
	d.mu.Lock()
	d.status.Handed = max(d.status.Handed, batch[len(batch)-1].Seq)
	d.mu.Unlock()
	if err := conn.Send(ctx, batch); err != nil {
		return fmt.Errorf("handing over messages %d to %d to sink %s: %w", batch[0].Seq, batch[len(batch)-1].Seq, d.Name, err)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}
