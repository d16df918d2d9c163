package drain_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"busbar/common/drain"
	"busbar/common/drain/draintest"
	"busbar/common/journal"
)

// A memory is the far side of a sink that keeps messages in this process.
type memory struct {
	// late answers batches from another goroutine, when the next one has come.
	late bool

	mu  sync.Mutex
	got [][]byte
}

func (m *memory) Open(_ context.Context, link *drain.Link) (drain.Conn, error) {
	return &memoryConn{m: m, link: link}, nil
}

func (m *memory) take(batch []journal.Message) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, one := range batch {
		m.got = append(m.got, one.Wire)
	}
}

func (m *memory) messages() [][]byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.got)
}

type memoryConn struct {
	m    *memory
	link *drain.Link
	wg   sync.WaitGroup
}

func (c *memoryConn) Send(ctx context.Context, batch []journal.Message) error {
	c.m.take(batch)
	if !c.m.late {
		c.link.Ack(batch[len(batch)-1].Seq)
		return nil
	}
	c.wg.Go(func() { // out of order, and each for itself
		for _, one := range batch {
			c.link.Ack(one.Seq)
		}
	})
	return nil
}

func (c *memoryConn) Close() error { c.wg.Wait(); return nil }

func TestMemory(t *testing.T) {
	for _, late := range []bool{false, true} {
		t.Run(map[bool]string{false: "at_once", true: "late"}[late], func(t *testing.T) {
			draintest.Run(t, func(t *testing.T) draintest.Far {
				m := &memory{late: late}
				return draintest.Far{Drain: func() *drain.Drain { return &drain.Drain{Sink: m} }, Got: m.messages}
			})
		})
	}
}
