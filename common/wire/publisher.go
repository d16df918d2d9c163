package wire

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"busbar/common/drain"
	"busbar/common/event"
	"busbar/common/journal"
)

// HeartbeatTopic is the end of a heartbeat's topic, after prefix and
// environment. fedmsg-tail hides topics that hold "_heartbeat".
const HeartbeatTopic = "busbar._heartbeat"

// A Publisher is the way out (drain.Sink) to subscribers: it sends them a
// journal's messages from its cursor on, and tells them the newest sequence number
// now and then, so that even the loss of the last message is noticed.
type Publisher struct {
	Journal  *journal.Journal
	Identity journal.Identity
	Seal     func(m *event.Encoded) error // signs heartbeats; nil: unsigned
	Listen   PubOptions
	Sink     string        // name of the cursor
	Every    time.Duration // heartbeat interval; zero: none
	// Settle is how long subscribers of an earlier run get to reconnect
	// before the first message is sent.
	Settle time.Duration
	Log    *slog.Logger // nil: silent
	// State, if set, is told what an operator should know: an error while
	// nothing can be published, nil once it works.
	State func(pub *Pub, err error)

	pace *pace         // for tests; nil: as Listen says
	look time.Duration // for tests: how often the cursor may move [1 s]

	newest atomic.Int64 // see Newest
}

// Newest is the number of the newest message that was sent, or is being sent:
// what subscribers may have seen. The journal's cursor comes later.
func (p *Publisher) Newest() int64 { return p.newest.Load() }

const cursorEvery = time.Second

// Run publishes until ctx ends. A taken port, a dead listener or a journal that
// cannot be read is told to State and the log, and tried again: the journal
// keeps what is waiting, and the source of the messages never notices.
func (p *Publisher) Run(ctx context.Context) error { return p.Drain().Run(ctx) }

// Drain is the loop that empties the journal into p. Nobody is waited for: queues
// are bounded, and the cursor has rules of its own (see cursor).
func (p *Publisher) Drain() *drain.Drain {
	return &drain.Drain{
		Store: p.Journal, Sink: p, Name: p.Sink, Window: -1, Patience: -1, Log: p.Log,
		OnErr: func(err error) {
			if err != nil {
				p.state(nil, err)
			}
		},
	}
}

func (p *Publisher) state(pub *Pub, err error) {
	if p.State != nil {
		p.State(pub, err)
	}
}

// Open listens, and waits for the subscribers of an earlier run.
func (p *Publisher) Open(ctx context.Context, link *drain.Link) (drain.Conn, error) {
	pub, err := Listen(ctx, p.Listen)
	if err != nil {
		return nil, err
	}
	p.state(pub, nil)
	c := &published{p: p, pub: pub, link: link, pace: newPace(p.Listen), cursor: newCursor(pub, link), done: make(chan struct{})}
	if p.pace != nil {
		c.pace = *p.pace
	}
	p.newest.Store(c.cursor.sent)
	if err := pause(ctx, p.Settle); err != nil {
		return nil, errors.Join(err, pub.Close())
	}
	c.wg.Go(c.tend)
	return c, nil
}

// published is a publisher that listens.
type published struct {
	p    *Publisher
	pub  *Pub
	link *drain.Link
	pace pace
	done chan struct{} // closed by Close
	wg   sync.WaitGroup

	mu     sync.Mutex
	cursor *cursor
}

// Send gives messages to the queues of the subscribers.
func (c *published) Send(ctx context.Context, batch []journal.Message) error {
	for _, m := range batch {
		if err := c.send(m); err != nil {
			return err
		}
		c.pace.sent(ctx, c.pub, len(m.Wire))
	}
	return nil
}

// send sends one message. One that no subscriber could take is passed over, lest
// it hold up all that follow; subscribers notice the gap.
func (c *published) send(m journal.Message) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m.Seq <= c.cursor.sent { // asked for again
		c.cursor.sent, c.cursor.before, c.cursor.held = m.Seq-1, m.Seq-1, 0
	}
	c.p.newest.Store(max(m.Seq, c.p.newest.Load()))
	if err := c.pub.Send(m.Topic, m.Wire); err != nil {
		if c.pub.Ended() {
			return fmt.Errorf("publishing message %d: %w", m.Seq, err)
		}
		if err := c.link.Refuse(m.Seq, err); err != nil {
			return err
		}
	} else if c.p.Log != nil {
		c.p.Log.Debug("message published", "seq", m.Seq, "topic", m.Topic, "id", m.ID)
	}
	c.cursor.sent = m.Seq
	return nil
}

// tend tells the newest number, moves the cursor, and notices a dead listener.
func (c *published) tend() {
	beat, stop := ticker(c.p.Every)
	defer stop()
	save, stopSave := ticker(cmp.Or(c.p.look, cursorEvery))
	defer stopSave()
	// Who came before is told, too.
	came, soon := c.pub.pub.Subscribed(), time.After(comerWaits)
	if c.p.Every <= comerWaits { // the next heartbeat is soon enough, or there are none
		came, soon = nil, nil
	}
	for {
		next := came
		if soon != nil {
			next = nil
		}
		tells := func(comer bool) bool {
			c.mu.Lock()
			err := c.p.beat(c.pub, c.p.newest.Load(), comer)
			c.mu.Unlock()
			if err != nil {
				c.link.Fail(err)
			}
			return err == nil
		}
		select {
		case <-c.done:
			return
		case <-next:
			came, soon = c.pub.pub.Subscribed(), time.After(comerWaits)
		case <-soon:
			if soon = nil; !tells(true) {
				return
			}
		case err := <-c.pub.Err():
			c.link.Fail(err)
			return
		case <-save:
			c.mu.Lock()
			c.cursor.save(time.Now())
			c.mu.Unlock()
		case <-beat:
			if !tells(false) {
				return
			}
		}
	}
}

// Close lingers until the subscribers have what was sent; only then may the cursor
// pass it.
func (c *published) Close() error {
	close(c.done)
	c.wg.Wait()
	if err := c.pub.Close(); err != nil {
		return err
	}
	c.link.Ack(c.cursor.sent)
	return nil
}

// Ended says that nothing can be sent any more, whatever the message.
func (p *Pub) Ended() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dead != nil
}

// comerWaits is how long who has just subscribed waits for a heartbeat: others who come
// meanwhile have the same one.
const comerWaits = time.Second

// beat sends one heartbeat. It is not in the journal and has no sequence number
// of its own. One for who has just come is besides the others: it says so.
func (p *Publisher) beat(pub *Pub, newest int64, comer bool) error {
	e, body, err := Heartbeat(p.Identity, p.Journal.Epoch(), newest, p.Every, comer, p.Seal)
	if err != nil {
		return err
	}
	return pub.Send(e.Topic, body)
}

// Heartbeat makes one: what the newest number is, and when the next one comes. One that
// is extra does not count among those. seal signs it; nil: nobody does.
func Heartbeat(id journal.Identity, epoch string, newest int64, every time.Duration, extra bool, seal func(m *event.Encoded) error) (event.Envelope, []byte, error) {
	now := time.Now()
	e := event.Envelope{
		Topic:     event.JoinTopic(id.Prefix, id.Environment, HeartbeatTopic),
		MsgID:     event.FormatID(now, uuid.New()),
		I:         newest,
		Timestamp: now.Unix(), Username: id.Username,
		Publisher: id.Name, Epoch: epoch,
		Msg: map[string]any{"newest": newest, "interval": int64((every + time.Second - 1) / time.Second)},
	}
	if extra {
		e.Msg.(map[string]any)["extra"] = true
	}
	m, err := event.Encode(e.Tree())
	if err == nil && seal != nil {
		err = seal(m)
	}
	if err != nil {
		return e, nil, fmt.Errorf("signing a heartbeat: %w", err)
	}
	return e, m.Bytes(), nil
}

// pause waits, and says if ctx ended meanwhile.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// ticker is a ticker that an interval of zero switches off.
func ticker(every time.Duration) (<-chan time.Time, func()) {
	if every <= 0 {
		return nil, func() {}
	}
	t := time.NewTicker(every)
	return t.C, t.Stop
}
