package wire

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/go-zeromq/zmq4"

	"busbar/common/backoff"
	"busbar/common/discovery"
	"busbar/common/wire/guard"
)

const (
	dialTimeout = 5 * time.Second
	redialMin   = 50 * time.Millisecond
	// redialMax is well under what a publisher waits for its subscribers
	// before it sends (Publisher.Settle), lest a patient dialler miss what
	// a restarted publisher sends again.
	redialMax = time.Second
)

// SubOptions say whom to listen to. A zero takes the default in brackets.
type SubOptions struct {
	Endpoints  []string     // to connect to: tcp://HOST:PORT, or where they are found (common/discovery)
	Topics     []string     // prefixes, compared byte by byte; empty: every topic
	MaxMessage int          // bytes of one message; a larger one ends its connection [16 MiB]
	Log        *slog.Logger // [silent]
}

// A Frame is one message as it came.
type Frame struct {
	Endpoint string // as given in SubOptions
	Conn     int64  // which connection it came by: another one may be to a publisher that was restarted
	Topic    string
	Body     []byte
	Frames   int   // 2 in a message of fedmsg
	Err      error // the message is malformed; Topic and Body hold what there is of them
}

// A Sub receives from any number of publishers, each by a zmq4 SUB socket of
// its own that it redials for ever. What a publisher says while it is not
// connected is lost to it; messages of one connection keep their order.
type Sub struct {
	frames chan Frame
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
	log    *slog.Logger
	finder *discovery.Finder
	conns  atomic.Int64 // so far

	mu        sync.Mutex
	connected map[string]bool
}

// Subscribe starts to receive. A malformed endpoint is an error; a publisher
// that is not there is not: it is dialled until it is. The subscription ends
// with the context or with Close.
func Subscribe(ctx context.Context, o SubOptions) (*Sub, error) {
	if len(o.Endpoints) == 0 {
		return nil, errors.New("subscribing: no endpoint is given, such as tcp://127.0.0.1:9940")
	}
	s := &Sub{frames: make(chan Frame), log: o.Log, connected: map[string]bool{}}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	topics := o.Topics
	if len(topics) == 0 {
		topics = []string{""}
	}
	s.ctx, s.cancel = context.WithCancel(ctx)
	finder, err := discovery.Start(s.ctx, o.Endpoints, discovery.Options{Log: o.Log})
	if err != nil {
		s.cancel()
		return nil, fmt.Errorf("subscribing: %w", err)
	}
	s.finder = finder
	guarded := guard.Options{Type: zmq4.Sub, MaxMessage: o.MaxMessage, Log: o.Log}
	running := map[string]context.CancelFunc{}
	changed := finder.Changed()
	s.update(running, topics, guarded)
	s.wg.Go(func() {
		for {
			select {
			case <-changed:
				changed = finder.Changed()
				s.update(running, topics, guarded)
			case <-s.ctx.Done():
				return
			}
		}
	})
	return s, nil
}

// update follows the publishers that there are now, and no others.
func (s *Sub) update(running map[string]context.CancelFunc, topics []string, o guard.Options) {
	found := map[string]bool{}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.finder.Endpoints() {
		found[e.Address] = true
		if running[e.Address] == nil {
			ctx, cancel := context.WithCancel(s.ctx)
			running[e.Address], s.connected[e.Address] = cancel, false
			s.wg.Go(func() { s.follow(ctx, e.Address, topics, o) })
		}
	}
	for address, stop := range running {
		if !found[address] {
			stop()
			delete(running, address)
			delete(s.connected, address)
		}
	}
}

// Found is where publishers are now.
func (s *Sub) Found() []discovery.Endpoint { return s.finder.Endpoints() }

// Sources tells of each place where publishers are looked for what it says.
func (s *Sub) Sources() []discovery.Status { return s.finder.Status() }

// Next waits for the next message. Its error is the context's, or ErrClosed.
func (s *Sub) Next(ctx context.Context) (Frame, error) {
	select {
	case f := <-s.frames:
		return f, nil
	case <-ctx.Done():
		return Frame{}, ctx.Err()
	case <-s.ctx.Done():
		return Frame{}, ErrClosed
	}
}

// Connected reports for each endpoint whether its publisher is there now.
func (s *Sub) Connected() map[string]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.connected)
}

// Close ends the subscription and returns when all its goroutines are gone.
func (s *Sub) Close() error {
	s.cancel()
	s.wg.Wait()
	s.finder.Close()
	return nil
}

// follow keeps one publisher connected until the end.
func (s *Sub) follow(ctx context.Context, endpoint string, topics []string, o guard.Options) {
	failures := 0
	level := slog.LevelInfo // once for each absence; the tries after it are noise
	for {
		start := time.Now()
		came, err := s.receive(ctx, endpoint, topics, o)
		if ctx.Err() != nil {
			return
		}
		if came {
			level = slog.LevelInfo
		}
		if time.Since(start) > redialMax {
			failures = 0 // it held for a while, so this is a new failure
		}
		failures++
		wait := backoff.Spread(backoff.Times{First: redialMin, Most: redialMax}.After(failures))
		s.log.Log(ctx, level, "publisher away, dialling until it is back", "endpoint", endpoint, "error", err, "wait", wait)
		level = slog.LevelDebug
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// receive passes on what one connection brings, until it ends; it says whether
// there was one.
func (s *Sub) receive(ctx context.Context, endpoint string, topics []string, o guard.Options) (bool, error) {
	dial, cancel := context.WithTimeout(ctx, dialTimeout)
	conn, err := guard.Dial(dial, endpoint, o)
	cancel()
	if err != nil {
		return false, err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	socket, err := guard.NewSub(conn, topics)
	if err != nil {
		return false, err
	}
	s.set(endpoint, true)
	s.log.Debug("publisher connected", "endpoint", endpoint)
	defer s.set(endpoint, false)
	number := s.conns.Add(1)
	for {
		msg, err := socket.Recv()
		if err != nil {
			// Its reading goroutine has nothing more to hand over: it ends.
			socket.Close()
			return true, conn.Err()
		}
		conn.Took(msg.Frames)
		frame := newFrame(endpoint, msg.Frames)
		frame.Conn = number
		select {
		case s.frames <- frame:
		case <-ctx.Done(): // go on until Recv fails, lest zmq4's reader waits for ever
		}
	}
}

func (s *Sub) set(endpoint string, connected bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, followed := s.connected[endpoint]; followed {
		s.connected[endpoint] = connected
	}
}

func newFrame(endpoint string, frames [][]byte) Frame {
	f := Frame{Endpoint: endpoint, Frames: len(frames)}
	if len(frames) > 0 {
		f.Topic = string(frames[0])
	}
	if len(frames) > 1 {
		f.Body = frames[1]
	}
	switch {
	case len(frames) != 2:
		f.Err = fmt.Errorf("a message from %s has %d frames; topic and body make 2", endpoint, len(frames))
	case !utf8.ValidString(f.Topic):
		f.Err = fmt.Errorf("a message from %s: the topic %.80q is not UTF-8", endpoint, f.Topic)
	}
	return f
}
