package wire

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/go-zeromq/zmq4"

	"busbar/common/wire/guard"
)

// ErrClosed is what a closed Pub or Sub answers.
var ErrClosed = errors.New("the socket is closed")

// defaultLinger is how long Close waits for slow subscribers.
const defaultLinger = 5 * time.Second

// PubOptions say where to publish and what one subscriber may cost. A zero
// takes the default in brackets.
type PubOptions struct {
	Endpoints    []string      // to bind: tcp://HOST:PORT; * is every interface, port 0 any free one
	QueueBytes   int           // bytes that may wait for one subscriber; beyond it loses messages [8 MiB]
	Linger       time.Duration // how long Close waits until everything is written [5 s]; negative: not at all
	WriteTimeout time.Duration // for a subscriber to take 32 KiB, else it is disconnected [10 s]
	MaxPeers     int           // connections [1024]
	Log          *slog.Logger  // [silent]
	// Exchange answers the REQ and DEALER peers that come to the same endpoints, such
	// as replay.Server.Serve [they are refused]. They take no subscriber's place.
	Exchange func(ctx context.Context, x *guard.Exchange)
}

// Stats counts what a publisher's connections went through.
type Stats struct {
	Subscribers int              // connected now
	Published   int64            // calls of Send that succeeded
	Sent        int64            // messages handed to the system, once for each subscriber
	Dropped     int64            // messages a subscriber missed: too slow, or gone
	QueuedBytes int64            // waiting now
	Connects    int64            // since the start
	Rejected    map[string]int64 // connections refused, by reason
	Lost        map[string]int64 // connections ended, by reason
}

// A Pub publishes messages of two frames, topic and body, as fedmsg's PUB
// does. Its methods may be called from several goroutines.
type Pub struct {
	pub       *guard.Pub
	listener  *guard.Listener
	endpoints []string
	linger    time.Duration
	errs      chan error
	done      chan struct{}

	mu        sync.Mutex
	dead      error
	published int64
	close     func() error
}

// Listen binds every endpoint, or none: a taken port is an error that names
// the endpoint and says how to find who holds it. The context bounds this
// call alone; Close ends the publisher.
func Listen(ctx context.Context, o PubOptions) (*Pub, error) {
	if len(o.Endpoints) == 0 {
		return nil, errors.New("publishing: no endpoint is given, such as tcp://127.0.0.1:9940")
	}
	p, err := newPub(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("publishing: %w", err)
	}
	go p.watch(p.listener.Failed(), nil)
	return p, nil
}

// DialPub connects a publisher to a subscriber that listens, as fedmsg's
// active mode does with a relay. It fails when nobody listens within the
// timeout, and when the peer is no SUB. Once the peer is gone, Send fails.
func DialPub(ctx context.Context, endpoint string, timeout time.Duration) (*Pub, error) {
	p, err := newPub(ctx, PubOptions{})
	if err != nil {
		return nil, fmt.Errorf("publishing: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	conn, err := p.listener.Dial(ctx, endpoint)
	if err != nil {
		p.Close()
		return nil, fmt.Errorf("publishing: %w", err)
	}
	p.endpoints = []string{endpoint}
	go p.watch(nil, conn)
	return p, nil
}

func newPub(ctx context.Context, o PubOptions) (*Pub, error) {
	l, err := guard.Listen(ctx, o.Endpoints, guard.Options{
		Type:         zmq4.Pub,
		QueueBytes:   o.QueueBytes,
		MaxPeers:     o.MaxPeers,
		WriteTimeout: o.WriteTimeout,
		Log:          o.Log,
		Exchange:     o.Exchange,
	})
	if err != nil {
		return nil, err
	}
	pub, err := guard.NewPub(l)
	if err != nil {
		return nil, err
	}
	p := &Pub{
		pub:       pub,
		listener:  l,
		endpoints: l.Endpoints(),
		linger:    o.Linger,
		errs:      make(chan error, 1),
		done:      make(chan struct{}),
	}
	if p.linger == 0 {
		p.linger = defaultLinger
	}
	p.close = sync.OnceValue(p.closeOnce)
	return p, nil
}

// watch makes the end of what the publisher stands on an error of it.
func (p *Pub) watch(failed <-chan error, conn *guard.Conn) {
	var gone <-chan struct{}
	if conn != nil {
		gone = conn.Done()
	}
	var err error
	select {
	case err = <-failed:
	case <-gone:
		err = fmt.Errorf("the connection to %s has ended: %w", p.endpoints[0], conn.Err())
	case <-p.done:
		return
	}
	p.mu.Lock()
	if p.dead == nil {
		p.dead = err
	}
	p.mu.Unlock()
	p.errs <- err
}

// Endpoints gives the real addresses: port 0 has become the port it got.
func (p *Pub) Endpoints() []string { return append([]string(nil), p.endpoints...) }

// Send publishes one message. It never waits for a subscriber, and nil says
// only that the message was queued for those that there are: the journal,
// not the socket, is what keeps it. The body must not be changed afterwards.
func (p *Pub) Send(topic string, body []byte) error {
	switch {
	case topic == "" || !utf8.ValidString(topic):
		return fmt.Errorf("publishing: the topic %.80q is empty or not UTF-8", topic)
	case len(topic)+len(body) > guard.MaxMessage-64:
		return fmt.Errorf("publishing %.80q: %d bytes are more than a subscriber takes (%d)", topic, len(body), guard.MaxMessage)
	}
	p.mu.Lock()
	dead := p.dead
	p.mu.Unlock()
	if dead != nil {
		return fmt.Errorf("publishing %.80q: %w", topic, dead)
	}
	if err := p.pub.Send([]byte(topic), body); err != nil {
		return fmt.Errorf("publishing %.80q: %w", topic, ErrClosed)
	}
	p.mu.Lock()
	p.published++
	p.mu.Unlock()
	return nil
}

// Err yields the error that ended the publisher's service: a listener that
// accepts no more, or DialPub's peer gone. It yields nothing after a Close.
func (p *Pub) Err() <-chan error { return p.errs }

// Done is closed by Close.
func (p *Pub) Done() <-chan struct{} { return p.done }

// WaitSubscriber returns once a message with this topic would go to
// somebody, or with the context's error.
func (p *Pub) WaitSubscriber(ctx context.Context, topic string) error {
	if err := p.pub.WaitSubscriber(ctx, topic); err != nil {
		return fmt.Errorf("waiting for a subscriber to %.80q: %w", topic, err)
	}
	return nil
}

// Stats is a snapshot.
func (p *Pub) Stats() Stats {
	g := p.pub.Stats()
	p.mu.Lock()
	defer p.mu.Unlock()
	return Stats{
		Subscribers: g.Peers,
		Published:   p.published,
		Sent:        g.Sent,
		Dropped:     g.Dropped,
		QueuedBytes: g.Queued,
		Connects:    g.Connects,
		Rejected:    g.Rejects,
		Lost:        g.Disconnects,
	}
}

// Close frees the ports, writes what is queued until the linger time is
// over, and disconnects everybody. It is an error when messages were left.
func (p *Pub) Close() error { return p.close() }

func (p *Pub) closeOnce() error {
	close(p.done)
	p.mu.Lock()
	if p.dead == nil {
		p.dead = ErrClosed
	}
	p.mu.Unlock()
	before := p.pub.Stats().Dropped
	if err := p.pub.Close(p.linger); err != nil {
		return fmt.Errorf("closing the publisher: %w", err)
	}
	if left := p.pub.Stats().Dropped - before; left > 0 {
		return fmt.Errorf("closing the publisher: %d messages were not written within %s", left, p.linger)
	}
	return nil
}
