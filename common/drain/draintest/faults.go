package draintest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"busbar/common/drain"
	"busbar/common/journal"
)

// faulty is a sink that spoils what the one under test does.
type faulty struct {
	drain.Sink
	// send, if set, is called in place of Send; it may call the true one.
	send func(ctx context.Context, c *faultyConn, batch []journal.Message) error
	// out is how many messages were handed over.
	out atomic.Int64
}

// faultyConn is one connection of it.
type faultyConn struct {
	drain.Conn
	f    *faulty
	link *drain.Link
}

// with puts f around the sink under test.
func (f *faulty) with(d *drain.Drain) { f.Sink, d.Sink = d.Sink, f }

func (f *faulty) Open(ctx context.Context, link *drain.Link) (drain.Conn, error) {
	c, err := f.Sink.Open(ctx, link)
	if err != nil {
		return nil, err
	}
	return &faultyConn{c, f, link}, nil
}

func (c *faultyConn) Send(ctx context.Context, batch []journal.Message) error {
	c.f.out.Add(int64(len(batch)))
	if c.f.send == nil {
		return c.Conn.Send(ctx, batch)
	}
	return c.f.send(ctx, c, batch)
}

// A gate holds up whoever comes until it is opened.
type gate struct {
	once sync.Once
	open chan struct{}
}

func newGate() *gate { return &gate{open: make(chan struct{})} }

func (g *gate) lift() { g.once.Do(func() { close(g.open) }) }

func (g *gate) wait(ctx context.Context) error {
	select {
	case <-g.open:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

var errCut = errors.New("the test cut the connection")
