package intake

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	"busbar/common/translate"
	"busbar/mail2bus/queue"
)

// Options say where imports come, and what they may do.
type Options struct {
	Socket string // its file
	// Listen listens there. It is the caller's, since names of sockets are short.
	Listen func(socket string) (*net.UnixListener, error)
	Limit  int64 // bytes of a mail
	// Behind says how many messages wait to be sent; nil: none do. An import waits
	// while they are many, for whoever listens should not wait behind it.
	Behind func(context.Context) (int64, error)
	Log    *slog.Logger
}

// A Channel hands out the mails of imports. Next is for one goroutine; the done
// functions may be called from any.
type Channel struct {
	o     Options
	items *queue.Queue[item]
	end   context.CancelFunc
	wg    sync.WaitGroup
	paced int // items since the last look at Behind
}

// An item is a mail and the import that it came from.
type item struct {
	mail Mail
	from *peer
}

// Open listens until Close.
func Open(o Options) *Channel {
	ctx, end := context.WithCancel(context.Background())
	c := &Channel{o: o, items: queue.New(func(it item) { it.from.stored() }), end: end}
	c.wg.Go(func() { c.listen(ctx) })
	return c
}

// Close ends the channel. Imports end, too; what was handed out may still be stored.
func (c *Channel) Close() error {
	c.end()
	c.wg.Wait()
	return nil
}

// Next waits for a mail.
func (c *Channel) Next(ctx context.Context) (translate.Item[any], []byte, func(error), error) {
	if !c.items.Refused() {
		if err := c.pace(ctx); err != nil {
			return translate.Item[any]{}, nil, nil, err
		}
	}
	it, done, err := c.items.Next(ctx)
	if err != nil {
		return translate.Item[any]{}, nil, nil, err
	}
	m := it.mail
	return translate.Item[any]{Source: m.Source, Origin: m.Origin, Raw: m.Raw, Received: m.Received, Recovered: true}, m.Position, done, nil
}

// How many messages may wait to be sent while an import goes on, after how many
// mails that is looked at, and how long it waits for them at most: where nothing can
// be sent, live messages wait in the journal, too, and an import need not.
const (
	fewBehind = 500
	paceEvery = 100
	paceStep  = 20 * time.Millisecond
	paceMost  = 5 * time.Second
)

func (c *Channel) pace(ctx context.Context) error {
	if c.paced++; c.o.Behind == nil || c.paced%paceEvery != 0 {
		return nil
	}
	for began := time.Now(); time.Since(began) < paceMost; {
		if n, err := c.o.Behind(ctx); err != nil || n < fewBehind {
			return ctx.Err()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(paceStep):
		}
	}
	return nil
}

const listenAgain = 5 * time.Second

// listen takes one import after the other.
func (c *Channel) listen(ctx context.Context) {
	for ctx.Err() == nil {
		if err := c.accept(ctx); err != nil && ctx.Err() == nil {
			c.o.Log.Warn("imports cannot reach the daemon; trying again", "socket", c.o.Socket, "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(listenAgain):
		}
	}
}

func (c *Channel) accept(ctx context.Context) error {
	// The journal's lock is ours, so who made it is dead.
	if err := os.Remove(c.o.Socket); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	l, err := c.o.Listen(c.o.Socket)
	if err != nil {
		return err
	}
	defer l.Close()
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	if err := os.Chmod(c.o.Socket, 0o600); err != nil { // who may come may make events
		return err
	}
	for {
		conn, err := l.AcceptUnix()
		if err != nil {
			return err
		}
		c.serve(ctx, conn)
	}
}

// serve takes the mails of one import.
func (c *Channel) serve(ctx context.Context, conn *net.UnixConn) {
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	p := &peer{conn: conn, more: make(chan struct{}, 1), ended: make(chan struct{})}
	var answers sync.WaitGroup
	answers.Go(p.answer)
	defer answers.Wait()
	defer close(p.ended)
	r := bufio.NewReaderSize(conn, 256<<10)
	for n := 0; ; n++ {
		// An import may be unpacking for long; one that has died is noticed anyway.
		it := item{from: p}
		err := it.mail.read(r, c.o.Limit+1)
		if err != nil {
			if n > 0 {
				c.o.Log.Info("import ended", "mails", n, "source", p.source)
			}
			return
		}
		p.source = it.mail.Source
		if c.items.Put(ctx, it) != nil {
			return
		}
	}
}

// A peer is an import at the other end of the socket.
type peer struct {
	conn   *net.UnixConn
	source string
	more   chan struct{}
	ended  chan struct{}

	mu sync.Mutex
	n  int64
}

func (p *peer) stored() {
	p.mu.Lock()
	p.n++
	p.mu.Unlock()
	select {
	case p.more <- struct{}{}:
	default:
	}
}

// answer tells the import how many of its mails are on disk.
func (p *peer) answer() {
	text := hello + "\n"
	for {
		_ = p.conn.SetWriteDeadline(time.Now().Add(patience))
		if _, err := p.conn.Write([]byte(text)); err != nil {
			p.conn.Close()
			return
		}
		select {
		case <-p.more:
		case <-p.ended:
			return
		}
		p.mu.Lock()
		text = fmt.Sprintf("%d\n", p.n)
		p.mu.Unlock()
	}
}
