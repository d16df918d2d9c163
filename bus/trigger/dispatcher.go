package trigger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"busbar/bus/filter"
	"busbar/common/backoff"
	"busbar/common/child"
	"busbar/common/exit"
	"busbar/common/subscribe"
)

const (
	// window and maxHeld bound, in number and bytes, what waits for a command. Beyond
	// it nothing more is taken, of any publisher.
	window, maxHeld = 1000, 16 << 20
	// mostPassed is how many messages that nobody wants are acknowledged together.
	mostPassed = 100
)

// A source is where events come from: a subscribe.Subscriber.
type source interface {
	Next(context.Context) (*subscribe.Message, error)
	Ack(context.Context, ...*subscribe.Message) error
	Pending() int
}

// A dispatcher has a command run for each event. Of each publisher one event is in
// work at a time, and the next waits until that is handled; a pause between two tries
// holds up no other publisher.
type dispatcher struct {
	source   source
	prefix   string
	takes    filter.Filter
	gaps     bool // are events, too
	count    int  // ends after so many; 0: never
	jobs     int
	attempts int
	most     int     // bytes that may wait
	poison   *poison // nil: an event is tried until it is handled
	pauses   backoff.Times
	run      func(kill context.Context, in *input, attempt int) child.Result
	report   func(said)
	log      *slog.Logger

	kill  context.Context // ends the commands that run
	fail  context.CancelCauseFunc
	slots chan struct{} // of commands that run
	wg    sync.WaitGroup

	started  atomic.Bool  // a command could be started
	keptRow  atomic.Int64 // events that were kept since one was handled
	mu       sync.Mutex
	queues   map[string]*queue
	held     int           // bytes that wait
	released chan struct{} // something no longer waits
}

// A queue is the events of one publisher that wait.
type queue struct{ waiting []*task }

// serve runs commands until ctx ends, or so many events are dealt with. Then those
// that run are waited for, unless kill ends.
func (d *dispatcher) serve(ctx, kill context.Context) error {
	ctx, d.fail = context.WithCancelCause(ctx)
	defer d.fail(nil)
	d.kill, d.slots, d.queues, d.released = kill, make(chan struct{}, d.jobs), map[string]*queue{}, make(chan struct{}, 1)
	again, end := context.WithCancel(ctx)
	var retries sync.WaitGroup
	if d.poison != nil {
		retries.Go(func() { d.retry(again) })
	}
	err := d.take(ctx)
	if err != nil {
		d.fail(err)
	}
	d.wg.Wait()
	end()
	retries.Wait()
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return err
}

// take takes what comes, and puts it into the queues.
func (d *dispatcher) take(ctx context.Context) error {
	var passed []*subscribe.Message
	pass := func() error {
		err := d.source.Ack(context.WithoutCancel(ctx), passed...)
		passed = passed[:0]
		return err
	}
	for n := 0; d.count == 0 || n < d.count; {
		if len(passed) >= mostPassed || len(passed) > 0 && (d.source.Pending() == 0 || d.full()) {
			if err := pass(); err != nil {
				return fmt.Errorf("triggering: %w", err)
			}
		}
		if !d.room(ctx) {
			break
		}
		m, err := d.source.Next(ctx)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			return fmt.Errorf("triggering: %w", err)
		case m.Gap == nil && d.takes.Takes(d.prefix, m.Envelope), m.Gap != nil && d.gaps:
			d.put(ctx, queueOf(m), taskOf(m))
			n++
		default:
			passed = append(passed, m)
		}
		if ctx.Err() != nil {
			break
		}
	}
	return pass()
}

// queueOf names what has an order of its own.
func queueOf(m *subscribe.Message) string {
	switch {
	case m.Gap != nil && m.Gap.Publisher != "":
		return m.Gap.Publisher
	case m.Gap == nil && m.Envelope.Publisher != "":
		return m.Envelope.Publisher
	}
	return "at " + m.Endpoint // it counts nothing
}

func (d *dispatcher) full() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.held >= d.most
}

// room waits until more may be taken.
func (d *dispatcher) room(ctx context.Context) bool {
	for d.full() {
		select {
		case <-d.released:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			return false
		}
	}
	return true
}

// put puts an event behind the others of its queue.
func (d *dispatcher) put(ctx context.Context, name string, t *task) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.held += t.cost()
	l := d.queues[name]
	if l == nil {
		l = &queue{}
		d.queues[name] = l
		d.wg.Go(func() { d.work(ctx, name, l) })
	}
	l.waiting = append(l.waiting, t)
}

// work deals with the events of a queue, one after the other, until none waits.
func (d *dispatcher) work(ctx context.Context, name string, l *queue) {
	for {
		d.mu.Lock()
		if len(l.waiting) == 0 || ctx.Err() != nil {
			delete(d.queues, name)
			d.mu.Unlock()
			return
		}
		t := l.waiting[0]
		l.waiting[0], l.waiting = nil, l.waiting[1:]
		d.mu.Unlock()
		d.deal(ctx, t)
		d.mu.Lock()
		d.held -= t.cost()
		d.mu.Unlock()
		select {
		case d.released <- struct{}{}:
		default:
		}
	}
}

// deal has the command run for an event until it is handled, or kept aside, or ctx
// ends.
func (d *dispatcher) deal(ctx context.Context, t *task) {
	in, err := t.input(d.prefix)
	if err != nil {
		d.fail(err)
		return
	}
	since := time.Now()
	for failures, unable := 0, 0; ; {
		select {
		case d.slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		r := d.run(d.kill, in, failures+1)
		<-d.slots
		s := saidOf(in)
		s.Attempt, s.Seconds = failures+1, r.Took.Seconds()
		switch {
		case r.Err == nil:
			d.started.Store(true)
			d.keptRow.Store(0)
			s.Outcome = handled
			d.report(s)
			d.log.Debug("the command has handled an event", s.attrs()...)
			d.settle(ctx, t)
			return
		case d.kill.Err() != nil:
			return
		case r.Unstarted && !d.started.Load() && child.ForGood(r.Err):
			d.fail(&exit.Error{Code: exit.Config, Err: fmt.Errorf("triggering: %w", r.Err)})
			return
		case r.Unstarted: // which is not the event's fault
			unable++
			s.Outcome = unstarted
		default:
			d.started.Store(true)
			failures++
			s.Outcome = failed
		}
		s.Error = r.Err.Error()
		if failures >= d.attempts && !r.Unstarted && d.keep(t, in, r, s, since) {
			d.settle(ctx, t)
			return
		}
		d.report(s)
		pause := backoff.Spread(d.pauses.After(failures + unable))
		d.log.Log(ctx, levelOf(since), "the command failed; trying again", append(s.attrs(), "pause", pause.Round(time.Millisecond))...)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}

// settle takes note that an event is dealt with: nothing more is done for its
// publisher until that is on disk.
func (d *dispatcher) settle(ctx context.Context, t *task) {
	if t.message == nil {
		if err := d.poison.forget(t.file); err != nil {
			d.log.Error("an event that is handled may be tried once more", "file", t.file, "error", err)
		}
		return
	}
	for {
		err := d.source.Ack(context.WithoutCancel(ctx), t.message)
		if err == nil {
			return
		}
		if ctx.Err() != nil || errors.Is(err, subscribe.ErrClosed) {
			d.log.Error("an event that is handled comes again at the next start", "error", err)
			return
		}
		select {
		case <-time.After(d.pauses.First): // the subscriber has its own pauses, and says why
		case <-ctx.Done():
		}
	}
}
