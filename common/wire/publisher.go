package wire

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"busbar/common/backoff"
	"busbar/common/event"
	"busbar/common/journal"
)

// HeartbeatTopic is the end of a heartbeat's topic, after prefix and
// environment. fedmsg-tail hides topics that hold "_heartbeat".
const HeartbeatTopic = "busbar._heartbeat"

// A Publisher carries a journal's messages to subscribers, from the cursor that
// the journal keeps for it, and tells them the newest sequence number now and
// then, so that even the loss of the last message is noticed.
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

	pace *pace // for tests; nil: as Listen says

	newest atomic.Int64 // see Newest
}

// Newest is the number of the newest message that was sent, or is being sent:
// what subscribers may have seen. The journal's cursor comes later.
func (p *Publisher) Newest() int64 { return p.newest.Load() }

const (
	batchSize   = 256
	firstRetry  = 500 * time.Millisecond
	lastRetry   = 15 * time.Second
	cursorEvery = time.Second
	// cursorHeld is how long one slow subscriber may hold back the cursor,
	// and with it the journal's retention.
	cursorHeld = time.Minute
)

// Run publishes until ctx ends. A taken port, a dead listener or a journal that
// cannot be read is told to State and the log, and tried again: the journal
// keeps what is waiting, and the source of the messages never notices.
func (p *Publisher) Run(ctx context.Context) error {
	log := p.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	state := p.State
	if state == nil {
		state = func(*Pub, error) {}
	}
	failures := 0
	for {
		pub, err := Listen(ctx, p.Listen)
		if err == nil {
			state(pub, nil)
			began := time.Now()
			err = p.feed(ctx, pub, log)
			if time.Since(began) > lastRetry {
				failures = 0 // it held for a while, so this is a new trouble
			}
		}
		if ctx.Err() != nil {
			if err != nil {
				log.Warn("publisher did not end cleanly; what subscribers may have missed is sent again at the next start", "error", err)
			}
			return nil
		}
		state(nil, err)
		failures++
		wait := backoff.Times{First: firstRetry, Most: lastRetry}.After(failures)
		log.Warn("nothing is published; the journal keeps all; trying again", "error", err, "retry", wait)
		if pause(ctx, wait) != nil {
			return nil
		}
	}
}

// feed sends what the journal holds, then what it gets, and closes pub.
func (p *Publisher) feed(ctx context.Context, pub *Pub, log *slog.Logger) (err error) {
	cursor := cursor{p: p, pub: pub}
	defer func() {
		// Close lingers until the subscribers have what was sent; only then
		// may the cursor pass it.
		if cerr := pub.Close(); cerr != nil {
			err = errors.Join(err, cerr)
			return
		}
		err = errors.Join(err, cursor.set(context.WithoutCancel(ctx), cursor.sent))
	}()
	if err := cursor.read(ctx); err != nil {
		return err
	}
	p.newest.Store(cursor.sent)
	if pause(ctx, p.Settle) != nil {
		return nil
	}
	beat, stop := ticker(p.Every)
	defer stop()
	save, stopSave := ticker(cursorEvery)
	defer stopSave()
	pace := newPace(p.Listen)
	if p.pace != nil {
		pace = *p.pace
	}
	noWait := make(chan struct{})
	close(noWait)
	for ctx.Err() == nil {
		changed := p.Journal.Changed() // before reading, so that no wake-up is lost
		batch, err := p.Journal.Reader().After(ctx, cursor.sent, batchSize)
		if err != nil {
			return quiet(ctx, fmt.Errorf("reading the journal: %w", err))
		}
		for _, m := range batch {
			p.newest.Store(m.Seq)
			if err := publish(pub, m, log); err != nil {
				return err
			}
			cursor.sent = m.Seq
			pace.sent(ctx, pub, len(m.Wire))
		}
		if len(batch) > 0 {
			changed = noWait // there may be more; look at the clock in passing
		}
		select {
		case <-ctx.Done():
		case err := <-pub.Err():
			return err
		case <-save:
			if err := cursor.save(ctx, time.Now()); err != nil {
				return quiet(ctx, err)
			}
		case <-beat:
			if err := p.beat(pub, cursor.sent); err != nil {
				return err
			}
		case <-changed:
		}
	}
	return nil
}

// publish sends one message. One that no subscriber could take is passed over,
// lest it hold up all that follow; subscribers notice the gap.
func publish(pub *Pub, m journal.Message, log *slog.Logger) error {
	err := pub.Send(m.Topic, m.Wire)
	if err == nil {
		log.Debug("message published", "seq", m.Seq, "topic", m.Topic, "id", m.ID)
		return nil
	}
	if pub.ended() {
		return fmt.Errorf("publishing message %d: %w", m.Seq, err)
	}
	log.Error("message cannot be sent; passed over, and the journal keeps it", "seq", m.Seq, "id", m.ID, "error", err)
	return nil
}

// ended says that nothing can be sent any more, whatever the message.
func (p *Pub) ended() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dead != nil
}

// quiet drops an error that is only the end of ctx.
func quiet(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// beat sends one heartbeat. It is not in the journal and has no sequence number
// of its own.
func (p *Publisher) beat(pub *Pub, newest int64) error {
	now := time.Now()
	e := event.Envelope{
		Topic:     event.JoinTopic(p.Identity.Prefix, p.Identity.Environment, HeartbeatTopic),
		MsgID:     event.FormatID(now, uuid.New()),
		I:         newest,
		Timestamp: now.Unix(), Username: p.Identity.Username,
		Publisher: p.Identity.Name, Epoch: p.Journal.Epoch(),
		Msg: map[string]any{"newest": newest, "interval": int64((p.Every + time.Second - 1) / time.Second)},
	}
	m, err := event.Encode(e.Tree())
	if err == nil && p.Seal != nil {
		err = p.Seal(m)
	}
	if err != nil {
		return fmt.Errorf("signing a heartbeat: %w", err)
	}
	return pub.Send(e.Topic, m.Bytes())
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
