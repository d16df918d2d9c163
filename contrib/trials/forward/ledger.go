package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"busbar/common/event"
	"busbar/common/journal"
	"busbar/contrib/trials/trial"
)

// A ledger is what is in the stream, held against what was said.
type ledger struct {
	said map[place][sha256.Size]byte
	next map[string]int64 // of each publisher, the number that comes next
	had  map[place]bool

	messages, doubled, disorder, changed, foreign int
	where                                         []string
}

// A place is a number of a publisher.
type place struct {
	publisher string
	seq       int64
}

func newLedger() *ledger {
	return &ledger{said: map[place][sha256.Size]byte{}, next: map[string]int64{}, had: map[place]bool{}}
}

// say takes up what a journal says.
func (l *ledger) say(ctx context.Context, publisher, path string) error {
	r, err := journal.OpenReader(ctx, path)
	if err != nil {
		return err
	}
	defer r.Close()
	for seq := int64(0); ; {
		part, err := r.After(ctx, seq, 1000)
		if err != nil || len(part) == 0 {
			return err
		}
		for _, m := range part {
			seq = m.Seq
			l.said[place{publisher, seq}] = sum(m.Wire)
		}
	}
}

// take takes up a message of the stream.
func (l *ledger) take(subject, id string, body []byte) {
	l.messages++
	_, e, err := event.ParseMessage(body)
	at := place{e.Publisher, e.Seq}
	want, known := l.said[at]
	switch {
	case err != nil || !known:
		l.wrong(&l.foreign, "message %d of the stream was never said", l.messages)
		return
	case sum(body) != want || subject != e.Topic || id != e.MsgID:
		l.wrong(&l.changed, "%s %d is not as it was said", at.publisher, at.seq)
	case l.had[at]:
		l.wrong(&l.doubled, "%s %d is there twice", at.publisher, at.seq)
	case e.Seq != l.next[at.publisher]+1:
		l.wrong(&l.disorder, "%s %d comes after %d", at.publisher, at.seq, l.next[at.publisher])
	}
	l.had[at] = true
	l.next[at.publisher] = e.Seq
}

func (l *ledger) wrong(count *int, format string, args ...any) {
	*count++
	l.where = append(l.where, fmt.Sprintf(format, args...))
}

func (l *ledger) lost() int { return len(l.said) - len(l.had) }

func (l *ledger) verdict() error {
	return trial.Verdict([]trial.Count{
		{N: l.lost(), What: "lost"}, {N: l.doubled, What: "doubled"}, {N: l.disorder, What: "out of order"}, {N: l.changed, What: "changed"}, {N: l.foreign, What: "never said"},
	}, l.where...)
}

func (l *ledger) String() string {
	return fmt.Sprintf("in the stream %d, lost %d, doubled %d, out of order %d, changed %d", l.messages, l.lost(), l.doubled, l.disorder, l.changed)
}

// account waits until the stream has so many messages, and a little longer, and reads
// it from its beginning, with nats.go alone.
func (p *play) account(ctx context.Context, total int64) (*ledger, error) {
	l := newLedger()
	for _, one := range p.publishers {
		if err := l.say(ctx, one.Name, one.File); err != nil {
			return nil, err
		}
	}
	if int64(len(l.said)) != total {
		return nil, fmt.Errorf("the journals have %d messages, not %d", len(l.said), total)
	}
	nc, stream, err := p.open(ctx)
	if err != nil {
		return nil, err
	}
	defer nc.Close()
	info := stream.CachedInfo()
	err = trial.Await(ctx, "all to be in the stream", patience, func() (bool, error) {
		if now, err := stream.Info(ctx); err == nil { // one of its servers may just begin to lead
			info = now
		}
		return info.State.LastSeq >= uint64(total), nil
	})
	if err != nil && ctx.Err() != nil {
		return nil, err
	}
	// What comes twice comes now. If all did not come, the ledger says what is missing.
	if err := trial.Pause(ctx, 2*time.Second); err != nil {
		return nil, err
	}
	if info, err = stream.Info(ctx); err != nil {
		return nil, err
	}
	return l, read(ctx, stream, info.State.LastSeq, l)
}

// open finds the stream.
func (p *play) open(ctx context.Context) (*nats.Conn, jetstream.Stream, error) {
	url := ""
	for _, n := range p.nodes {
		url += n.URL() + ","
	}
	nc, err := nats.Connect(url[:len(url)-1], nats.MaxReconnects(-1), nats.Timeout(trial.Patience))
	if err != nil {
		return nil, nil, err
	}
	js, err := jetstream.New(nc)
	if err != nil {
		nc.Close()
		return nil, nil, err
	}
	var stream jetstream.Stream
	err = trial.Await(ctx, "the stream", patience, func() (bool, error) {
		stream, err = js.Stream(ctx, streamName)
		return err == nil, nil
	})
	if err != nil {
		nc.Close()
	}
	return nc, stream, err
}

// read reads the stream up to a number.
func read(ctx context.Context, stream jetstream.Stream, last uint64, l *ledger) error {
	consumer, err := stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{})
	if err != nil {
		return err
	}
	it, err := consumer.Messages()
	if err != nil {
		return err
	}
	defer it.Stop()
	for at := uint64(0); at < last; {
		m, err := it.Next(jetstream.NextMaxWait(time.Minute))
		if err != nil {
			return fmt.Errorf("reading the stream behind %d: %w", at, err)
		}
		meta, err := m.Metadata()
		if err != nil {
			return err
		}
		if meta.Sequence.Stream != at+1 {
			return errors.New("the stream has holes, though nothing was deleted")
		}
		at = meta.Sequence.Stream
		l.take(m.Subject(), m.Headers().Get("Nats-Msg-Id"), m.Data())
	}
	return nil
}

func sum(body []byte) [sha256.Size]byte { return sha256.Sum256(body) }
