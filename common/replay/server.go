package replay

import (
	"context"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"github.com/go-zeromq/zmq4"

	"busbar/common/wire/guard"
)

// A Server answers who asks. Serve is what guard.Options.Exchange wants; it may
// serve several listeners.
type Server struct {
	source Source
	log    *slog.Logger
	limits limits
	turns  *turns
	large  *room

	mu    sync.Mutex
	peers map[*peer]struct{}
	rates map[string]*rate
	stats Stats
}

// limits are the same for all servers but those of tests.
type limits struct {
	peers     int           // who may be connected
	rate      float64       // requests a second of one host
	burst     float64       // that it may send at once
	partBytes int           // of one part; a larger message goes alone
	partCount int           // messages of one part
	answered  int           // messages of an answer to a query
	idle      time.Duration // without a request
	stall     time.Duration // without credit
}

// room for messages that are larger than a part, of all peers together.
const largeBytes = 32 << 20

// New makes a server of what source has. log may be nil.
func New(source Source, log *slog.Logger) *Server {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Server{
		source: source, log: log,
		limits: limits{
			peers: 64, rate: 100, burst: 200, partBytes: 256 << 10, partCount: 256, answered: maxAnswered,
			idle: 5 * time.Minute, stall: 30 * time.Second,
		},
		// Publishing is not to wait for a processor.
		turns: newTurns(max(1, runtime.NumCPU()/2)),
		large: newRoom(largeBytes),
		peers: map[*peer]struct{}{}, rates: map[string]*rate{}, stats: newStats(),
	}
}

// A peer is one who asks.
type peer struct {
	s    *Server
	x    *guard.Exchange
	host string
	in   chan [][]byte // what it says
	err  error         // why it says no more; read after in is closed
	part part

	// Guarded by Server.mu.
	since time.Time // when it came, or its last answer ended
	busy  bool      // a request is being answered
	cut   string    // why we end it; empty: we do not
}

// Serve answers one peer until it goes, breaks the rules, or ctx ends.
func (s *Server) Serve(ctx context.Context, x *guard.Exchange) {
	p := s.enter(x)
	if p == nil {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer x.Close() // ends the reading
	defer cancel()
	wg.Go(func() { p.read(ctx) })
	err := p.answerAll(ctx)
	s.leave(p, err)
}

// read hands on what the peer says: one message ahead of what is answered.
func (p *peer) read(ctx context.Context) {
	defer close(p.in)
	for {
		frames, err := p.x.Next()
		if err != nil {
			p.err = err
			return
		}
		select {
		case p.in <- frames:
		case <-ctx.Done():
			p.err = ctx.Err()
			return
		}
	}
}

func (p *peer) answerAll(ctx context.Context) error {
	for {
		if err := p.x.Until(time.Now().Add(p.s.limits.idle)); err != nil {
			return err
		}
		frames, ok := <-p.in
		if !ok {
			return p.err
		}
		if err := p.x.Until(time.Time{}); err != nil {
			return err
		}
		if err := p.s.pace(ctx, p.host); err != nil {
			return err
		}
		p.s.work(p, true)
		err := p.answer(ctx, frames)
		p.s.work(p, false)
		if err != nil {
			return err
		}
	}
}

// answer tells the forms apart: fedmsg's has an empty frame before it, as REQ sends
// and REP expects it.
func (p *peer) answer(ctx context.Context, frames [][]byte) error {
	for i, f := range frames {
		if len(f) == 0 && i < len(frames)-1 {
			return p.answerQuery(ctx, frames[:i+1], frames[i+1:])
		}
	}
	if p.x.Kind() == zmq4.Req {
		return p.answerQuery(ctx, nil, frames)
	}
	if string(frames[0]) == wordMore {
		return nil // it came after the end of its stream
	}
	return p.answerStream(ctx, frames)
}
