package subscribe

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"busbar/common/event"
	"busbar/common/recent"
	"busbar/common/replay"
	"busbar/common/wire"
)

// ErrClosed is what a closed subscriber answers.
var ErrClosed = errors.New("the subscriber is closed")

// A Subscriber hands out what all publishers say. Its methods may be called from
// several goroutines.
type Subscriber struct {
	o        Options
	store    *store
	follower *wire.Follower
	client   fetcher
	now      func() time.Time

	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
	close  func() error

	mu      sync.Mutex
	changed *sync.Cond // whatever below has changed

	streams    map[key]*stream
	publishers map[string]*publisher
	ofSigner   map[string]int
	plains     map[string]*plain
	lastID     int64

	facts   *recent.Memory[fact, struct{}]
	numbers *recent.Memory[number, fact]

	queue   []queued
	queued  int      // bytes in queue
	held    int      // bytes behind repairs
	flight  int      // handed out, and not stored as acknowledged
	unsaved []*entry // acknowledged, and not stored

	lastN     int64 // of the ids in the store
	wanted    int64 // tries to save that were asked for
	tried     int64 // tries that were made
	saveErr   error
	saveSince time.Time

	killed atomic.Bool // for tests: nothing is stored any more

	duplicates, refused int64
	gaps                map[Reason]int64
	refusedSaid         time.Time
}

// Open begins to subscribe. A publisher that is not there is no error: it is waited
// for. What cannot work is one: a malformed place to look, a position that cannot be
// read or that another process uses.
func Open(ctx context.Context, o Options) (*Subscriber, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Subscriber{
		o: o, client: o.fetch, now: time.Now,
		streams: map[key]*stream{}, publishers: map[string]*publisher{}, ofSigner: map[string]int{}, plains: map[string]*plain{},
		facts: recent.New[fact, struct{}](2 * o.Remember), numbers: recent.New[number, fact](2 * o.Remember),
		gaps: map[Reason]int64{},
	}
	if s.client == nil {
		s.client = &replay.Client{Patience: patience, Log: o.Log}
	}
	s.changed = sync.NewCond(&s.mu)
	if s.store, err = openStore(ctx, o); err != nil {
		return nil, fmt.Errorf("subscribing: %w", err)
	}
	if err := s.load(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("subscribing: reading the position: %w", explain(err)), s.store.close())
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	// The follower's own memory serves its notes alone.
	s.follower, err = wire.Follow(s.ctx, wire.FollowOptions{Endpoints: o.Publishers, Verifier: o.Verifier, Remember: 1000, Log: o.Log})
	if err != nil {
		s.cancel()
		return nil, errors.Join(err, s.store.close())
	}
	s.close = sync.OnceValue(s.closeOnce)
	s.wg.Go(s.intake)
	s.wg.Go(s.watch)
	saver := make(chan struct{})
	go func() {
		defer close(saver)
		s.saver()
	}()
	s.mu.Lock()
	s.resume()
	s.mu.Unlock()
	inner := s.close
	s.close = func() error { err := inner(); <-saver; return errors.Join(err, s.store.close()) }
	s.close = sync.OnceValue(s.close)
	return s, nil
}

// load takes up the positions that are stored.
func (s *Subscriber) load(ctx context.Context) error {
	rows, list, err := s.store.load(ctx, s.o.Remember)
	if err != nil {
		return err
	}
	for _, r := range rows {
		st := s.add(r.key, r.id)
		st.at, st.acked, st.known = r.place, r.place, r.seq
		if r.endpoint != "" {
			st.seen(r.endpoint, -1)
		}
	}
	for _, one := range list {
		s.facts.Put(one.fact, struct{}{})
		if one.stream != 0 {
			s.numbers.Put(number{one.stream, one.seq}, one.fact)
		}
		s.lastN = one.n
	}
	return nil
}

// resume asks at once for what was said meanwhile, and does not wait for the next
// message.
func (s *Subscriber) resume() {
	for _, p := range s.publishers {
		for i, st := range p.streams {
			if st.at.ended || len(s.where(st).all) == 0 {
				continue
			}
			if st.toEnd = true; i < len(p.streams)-1 {
				st.closing = true
			}
			s.repairs(st)
		}
	}
}

// Next waits for the next message or gap. Of one publisher they come in order, and
// none comes before what is missing ahead of it has been asked for. While Window
// messages are not acknowledged, it waits. Its error is ctx's, or ErrClosed.
func (s *Subscriber) Next(ctx context.Context) (*Message, error) {
	s.mu.Lock()
	for s.ctx.Err() == nil && (len(s.queue) == 0 || s.flight >= s.o.Window) {
		if err := s.wait(ctx); err != nil {
			s.mu.Unlock()
			return nil, err
		}
	}
	if s.ctx.Err() != nil {
		s.mu.Unlock()
		return nil, ErrClosed
	}
	q := s.queue[0]
	s.queue[0] = queued{}
	s.queue = s.queue[1:]
	s.queued -= q.cost()
	s.flight++
	s.changed.Broadcast()
	s.mu.Unlock()
	m := &Message{Topic: q.topic, Body: q.body, Signer: q.signer, Endpoint: q.endpoint, Replayed: q.replayed, Live: q.st == nil, Gap: q.gap, entry: q.entry}
	if m.Gap == nil { // it was read before, and is not kept twice while it waits
		var err error
		if m.Tree, m.Envelope, err = event.ParseMessage(m.Body); err != nil {
			return nil, fmt.Errorf("handing out a message: %w", err)
		}
	}
	return m, nil
}

// Pending says how many messages could be handed out at once.
func (s *Subscriber) Pending() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return min(len(s.queue), s.o.Window-s.flight)
}

// Ack says that these messages are done with, and returns when the position that
// follows from it is on disk. They may be acknowledged in any order: the position of
// a publisher moves to before the first that is not. After an error, which says that
// the position could not be written, the same may be acknowledged again; it is also
// tried again without that.
func (s *Subscriber) Ack(ctx context.Context, messages ...*Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range messages {
		e := m.entry
		if e.acked {
			continue
		}
		e.acked = true
		if e.recorded {
			s.settled(e)
		} else {
			s.unsaved = append(s.unsaved, e)
		}
		if e.st != nil {
			e.st.settle()
			s.moved(e.st)
		}
	}
	if s.clean() {
		s.changed.Broadcast()
		return nil
	}
	s.wanted++
	mine := s.wanted
	s.changed.Broadcast()
	for s.tried < mine {
		if err := s.wait(ctx); err != nil {
			return err
		}
	}
	if s.saveErr != nil && !s.clean() {
		return fmt.Errorf("writing the position: %w", explain(s.saveErr))
	}
	return nil
}

func (s *Subscriber) settled(e *entry) {
	if !e.settled {
		e.settled = true
		s.flight--
	}
}

// Record writes into a transaction of the caller's that these messages are done
// with: where the database is Options.DB, so that the messages' effects and the
// position are stored together or not at all. After the commit, Ack them; after a
// rollback, they are as before.
func (s *Subscriber) Record(ctx context.Context, tx Tx, messages ...*Message) error {
	if s.store.own {
		return errors.New("recording messages: the position is in a file of its own (set Options.DB)")
	}
	s.mu.Lock()
	b := s.as(messages)
	s.mu.Unlock()
	if err := s.store.write(ctx, tx, b); err != nil {
		return fmt.Errorf("recording messages: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range messages {
		m.entry.recorded = true
	}
	return nil
}

// as is what is to be stored if these messages were acknowledged.
func (s *Subscriber) as(messages []*Message) batch {
	var b batch
	mine := map[*entry]bool{}
	touched := map[*stream]bool{}
	for _, m := range messages {
		mine[m.entry] = true
		if m.entry.st != nil {
			touched[m.entry.st] = true
		}
		if m.entry.hasFact {
			b.seen = append(b.seen, s.seenOf(m.entry))
		}
	}
	for st := range touched {
		at := st.acked
		for _, e := range st.flight {
			if !e.acked && !mine[e] {
				break
			}
			at = e.after
		}
		if at != st.acked || st.dirty {
			b.rows = append(b.rows, rowOf(st, at))
		}
	}
	b.drop = s.drop(b.seen)
	return b
}

func rowOf(st *stream, at place) row {
	return row{id: st.id, key: st.key, endpoint: st.endpoint(), place: at}
}

func (s *Subscriber) seenOf(e *entry) seen {
	s.lastN++
	one := seen{n: s.lastN, fact: e.fact, seq: e.seq}
	if e.st != nil {
		one.stream = e.st.id
	}
	return one
}

// drop says now and then which ids are forgotten.
func (s *Subscriber) drop(list []seen) int64 {
	for _, one := range list {
		if one.n%1000 == 0 {
			return one.n - int64(s.o.Remember)
		}
	}
	return 0
}

// Close ends the subscriber. What was acknowledged is stored; what was not will be
// handed out again.
func (s *Subscriber) Close() error { return s.close() }

func (s *Subscriber) closeOnce() error {
	s.cancel()
	s.mu.Lock()
	s.changed.Broadcast()
	s.mu.Unlock()
	err := s.follower.Close()
	s.wg.Wait()
	return err
}
