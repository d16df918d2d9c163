package wire

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

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
	Seal     func(tree map[string]any) error // signs heartbeats; nil: unsigned
	Listen   PubOptions
	Sink     string        // name of the cursor
	Every    time.Duration // heartbeat interval; zero: none
	// Settle is how long subscribers of an earlier run get to reconnect
	// before the first message is sent.
	Settle time.Duration
	Log    *slog.Logger
	// State, if set, is told what an operator should know: an error while
	// nothing can be published, nil once it works.
	State func(pub *Pub, err error)
}

const (
	batchSize   = 256
	firstRetry  = 500 * time.Millisecond
	lastRetry   = 15 * time.Second
	cursorEvery = time.Second
)

// Run publishes until ctx ends. A taken port or a dead listener is told to
// State and the log, and tried again: the journal keeps what is waiting, and
// the source of the messages never notices.
func (p *Publisher) Run(ctx context.Context) error {
	wait := firstRetry
	for {
		pub, err := Listen(ctx, p.Listen)
		if err == nil {
			p.State(pub, nil)
			began := time.Now()
			err = p.feed(ctx, pub)
			if time.Since(began) > lastRetry {
				wait = firstRetry
			}
		}
		if ctx.Err() != nil {
			return nil
		}
		p.State(nil, err)
		p.Log.Error("nothing is published now; the journal keeps all and publishing is tried again", "error", err, "retry", wait)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
		wait = min(2*wait, lastRetry)
	}
}

// feed sends what the journal holds, then what it gets, and closes pub.
func (p *Publisher) feed(ctx context.Context, pub *Pub) (err error) {
	sent, saved := int64(0), int64(0)
	defer func() {
		// Close lingers until the subscribers have what was sent; only then
		// may the cursor pass it.
		if cerr := pub.Close(); cerr != nil && err == nil {
			err = cerr
		}
		if err == nil && sent > saved {
			err = p.Journal.SetCursor(context.WithoutCancel(ctx), p.Sink, sent)
		}
	}()
	cursors, err := p.Journal.Reader().Cursors(ctx)
	if err != nil {
		return fmt.Errorf("reading the publisher's cursor: %w", err)
	}
	sent, saved = cursors[p.Sink], cursors[p.Sink]
	if err := pause(ctx, p.Settle); err != nil {
		return nil
	}
	beat, stop := ticker(p.Every)
	defer stop()
	save := time.NewTicker(cursorEvery)
	defer save.Stop()
	for ctx.Err() == nil {
		changed := p.Journal.Changed() // before reading, so that no wake-up is lost
		batch, err := p.Journal.Reader().After(ctx, sent, batchSize)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("reading the journal: %w", err)
		}
		for _, m := range batch {
			if err := pub.Send(m.Topic, m.Wire); err != nil {
				return fmt.Errorf("publishing message %d: %w", m.Seq, err)
			}
			sent = m.Seq
		}
		if len(batch) > 0 {
			continue
		}
		select {
		case <-ctx.Done():
		case err := <-pub.Err():
			return err
		case <-changed:
		case <-beat:
			if err := p.beat(pub, sent); err != nil {
				return err
			}
		case <-save.C:
			// Messages still queued for a subscriber would die with this
			// process: a later run sends them again, and ids sort it out.
			if sent > saved && pub.Stats().QueuedBytes == 0 {
				if err := p.Journal.SetCursor(ctx, p.Sink, sent); err != nil && ctx.Err() == nil {
					return fmt.Errorf("keeping the publisher's cursor: %w", err)
				}
				saved = sent
			}
		}
	}
	return nil
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
		Msg: map[string]any{"newest": newest, "interval": int64(p.Every / time.Second)},
	}
	tree := e.Tree()
	if p.Seal != nil {
		if err := p.Seal(tree); err != nil {
			return fmt.Errorf("signing a heartbeat: %w", err)
		}
	}
	body, err := event.Canonical(tree)
	if err != nil {
		return err
	}
	return pub.Send(e.Topic, body)
}

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
