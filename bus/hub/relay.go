package hub

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/go-zeromq/zmq4"

	"busbar/common/archive"
	"busbar/common/backoff"
	"busbar/common/condition"
	"busbar/common/sign"
	"busbar/common/wire/guard"
)

// A relay takes what others connect to say: fedmsg's active publishers (active=True,
// fedmsg-logger), whose PUB connects to the SUB of fedmsg-relay; and PUSH. Unlike
// fedmsg-relay it believes what its verifier does and nothing else, and passes it on as
// it came. Nobody is answered: a PUB knows no answers.
type relay struct {
	listen     []string
	verifier   *sign.Verifier // nil: nothing is verified
	store      *store
	conditions *condition.Set
	log        *slog.Logger
	now        func() time.Time
	places     int // for peers

	rate   *pace // of all messages of an address
	faults *pace // of the refused ones

	mu     sync.Mutex
	bound  []string // where it listens now
	peers  map[*sender]struct{}
	large  map[string]*room // of an address, for messages that are large
	counts relayCounts
	said   time.Time // when a refusal was logged last
}

// Limits on who relays. Nothing is known of anybody before a message is verified.
const (
	relayPeers   = 512
	relayMessage = 4 << 20
	relaySmall   = 64 << 10         // what a message may take without asking
	relayLarge   = 16 << 20         // of an address, for messages that are larger
	relayWhole   = 30 * time.Second // for a message to come, once it has begun
	relayRate    = 5000             // messages of an address, in a second
	relayFaults  = 20               // refused ones of an address, in a second
	relayPause   = time.Second      // of a peer that was refused beyond that
	relayFresh   = 24 * time.Hour   // how far a message's time may be from ours
	relayBatch   = 1 << 20
)

func newRelay(listen []string, v *sign.Verifier, to *store, conditions *condition.Set, log *slog.Logger) *relay {
	return &relay{
		listen: listen, verifier: v, store: to, conditions: conditions, log: log, now: time.Now, places: relayPeers,
		rate: newPace(relayRate, 2*relayRate), faults: newPace(relayFaults, 5*relayFaults),
		peers: map[*sender]struct{}{}, large: map[string]*room{}, counts: newRelayCounts(),
	}
}

// run listens until ctx ends; a taken port is tried again.
func (r *relay) run(ctx context.Context) error {
	for failures := 1; ; failures++ {
		err := r.serve(ctx, func() { failures = 0 })
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if failures <= 1 {
			r.log.Warn("the relay takes nothing; trying again", "error", err)
		}
		r.conditions.Note("relay", fmt.Errorf("NOTHING is taken at [hub] relay: %w", err), "")
		if !sleep(ctx, backoff.Spread(outletPauses.After(failures))) {
			return ctx.Err()
		}
	}
}

func (r *relay) serve(ctx context.Context, bound func()) error {
	l, err := guard.Listen(ctx, r.listen, guard.Options{Type: zmq4.Sub, MaxMessage: relayMessage, Inbound: r.take, Log: r.log})
	if err != nil {
		return err
	}
	defer l.Close() // ends all who are connected
	bound()
	r.conditions.Clear("relay")
	r.log.Info("the relay listens", "endpoints", l.Endpoints())
	r.mu.Lock()
	r.bound = l.Endpoints()
	r.mu.Unlock()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case err := <-l.Failed():
		return err
	}
}

// take reads what one peer sends, until it goes.
func (r *relay) take(ctx context.Context, x *guard.Exchange) {
	p := r.enter(x)
	if p == nil {
		return
	}
	var err error
	for err == nil {
		var list []archive.Incoming
		list, err = p.gather(ctx)
		if serr := r.put(ctx, list); serr != nil {
			err = serr
		}
		p.room.give(&p.held)
	}
	r.leave(p, err)
}

// put stores messages, however long it takes: meanwhile their sender waits.
func (r *relay) put(ctx context.Context, list []archive.Incoming) error {
	for len(list) > 0 {
		err := r.store.put(ctx, list, true)
		if err == nil {
			r.count("taken", len(list))
			return nil
		}
		r.log.Warn("relayed messages could not be stored; trying again", "error", err)
		if !sleep(ctx, storeRetry) {
			return ctx.Err()
		}
	}
	return nil
}

// gather reads a message, and what has come behind it.
func (p *sender) gather(ctx context.Context) (list []archive.Incoming, err error) {
	for size := 0; size < relayBatch && len(list) < batchMessages; {
		frames, err := p.x.NextSent(relayWhole, func(n int) error { return p.grow(ctx, n) })
		if err != nil {
			return list, err
		}
		for {
			wait := p.r.rate.owes(p.host, time.Now())
			if wait <= 0 {
				break
			}
			if !sleep(ctx, wait) {
				return list, ctx.Err()
			}
		}
		p.speaks()
		m, err := p.r.judge(ctx, frames)
		switch {
		case ctx.Err() != nil:
			return list, ctx.Err()
		case err != nil:
			p.r.refuse(p, err)
			if wait := p.r.faults.owes(p.host, time.Now()); wait > 0 && !sleep(ctx, max(wait, relayPause)) {
				return list, ctx.Err()
			}
		default:
			list, size = append(list, m), size+len(m.Wire)
		}
		if p.held > 0 || !p.x.Sending() {
			break
		}
	}
	return list, nil
}

// What is wrong with a message that is none.
var (
	errForm  = errors.New("it is no message")
	errStale = errors.New("its time is too far from ours")
)

// judge reads and verifies a message. One that cannot be judged now is waited with: it
// may be good, and comes once.
func (r *relay) judge(ctx context.Context, frames [][]byte) (archive.Incoming, error) {
	switch {
	case len(frames) != 2:
		return archive.Incoming{}, fmt.Errorf("%w: it has %d frames; topic and body make 2", errForm, len(frames))
	case !utf8.Valid(frames[0]):
		return archive.Incoming{}, fmt.Errorf("%w: its topic is not UTF-8", errForm)
	}
	for {
		m, err := believe(r.verifier, frames[1])
		switch {
		case errors.Is(err, errNotNow):
			r.log.Warn("relayed messages cannot be verified now; trying again", "error", err)
			if sleep(ctx, storeRetry) {
				continue
			}
			return m, ctx.Err()
		case err != nil:
			return m, err
		case m.Envelope.Topic != string(frames[0]):
			return m, fmt.Errorf("%w: its frame says topic %.200q, its body %.200q", errForm, frames[0], m.Envelope.Topic)
		}
		if off := r.now().Sub(time.Unix(m.Envelope.Timestamp, 0)); off.Abs() > relayFresh {
			return m, fmt.Errorf("%w, by %s", errStale, off.Round(time.Second))
		}
		return m, nil
	}
}
