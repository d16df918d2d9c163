package guard

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/go-zeromq/zmq4"
)

// maxRequest is the limit of one message to who answers requests, and maxParts of
// its frames.
const (
	maxRequest = 64 << 10
	maxParts   = 64
)

// sendBuffer is what the system may hold for one peer that does not read: by itself
// it would hold megabytes, and hide that.
const sendBuffer = 256 << 10

// ErrOtherSocket says that a peer is there and has another socket than the one that
// was looked for.
var ErrOtherSocket = errors.New("the peer has another socket")

// An Exchange is a connection for requests and answers, read and written without
// zmq4, whose DEALER copies to every peer. Its handshake is done, its frames are
// checked, PINGs are answered. One goroutine may read while another writes.
type Exchange struct {
	conn    net.Conn
	r       *bufio.Reader
	kind    zmq4.SocketType
	limit   int           // bytes of one frame, or of one message
	patient time.Duration // for the peer to take the next 64 KiB
	buf     []byte

	writing sync.Mutex
}

func newExchange(conn net.Conn, r *bufio.Reader, kind zmq4.SocketType, o Options) *Exchange {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(sendBuffer) // a hint; the deadlines bound the rest
	}
	return &Exchange{conn: conn, r: r, kind: kind, limit: o.MaxMessage, patient: o.WriteTimeout}
}

// Kind is the peer's socket: zmq4.Req, zmq4.Dealer or zmq4.Router; where it sends to a
// relay, zmq4.Pub, zmq4.XPub or zmq4.Push.
func (x *Exchange) Kind() zmq4.SocketType { return x.kind }

// Remote is the peer's address, and Host that without its port.
func (x *Exchange) Remote() string { return x.conn.RemoteAddr().String() }
func (x *Exchange) Host() string   { return hostOf(x.conn) }

// Until sets when reading fails, also for a call that waits; zero: never.
func (x *Exchange) Until(deadline time.Time) error { return x.conn.SetReadDeadline(deadline) }

// Close ends the connection at once.
func (x *Exchange) Close() error { return x.conn.Close() }

// Next reads a whole message of at most 64 frames and the limit in bytes. The
// frames are the caller's.
func (x *Exchange) Next() ([][]byte, error) {
	var frames [][]byte
	for size := 0; ; {
		body, more, err := x.Frame()
		if err != nil {
			return nil, err
		}
		if size += len(body); size > x.limit || len(frames) == maxParts {
			return nil, faultf("too-large", "a message of more than %d bytes or %d frames", x.limit, maxParts)
		}
		if frames = append(frames, slices.Clone(body)); !more {
			return frames, nil
		}
	}
}

// Frame reads the next frame, and says if the message has more. It is valid until
// the next call.
func (x *Exchange) Frame() (body []byte, more bool, err error) {
	for {
		if cap(x.buf) > 1<<20 {
			x.buf = nil // a large frame is not kept until the next one
		}
		buf, h, err := readFrame(x.r, x.buf[:0], x.limit+maxHeader)
		x.buf = buf
		if err != nil {
			return nil, false, err
		}
		if body = buf[h.length:]; !h.command() {
			return body, h.more(), nil
		}
		if err := x.command(body); err != nil {
			return nil, false, err
		}
	}
}

func (x *Exchange) command(body []byte) error {
	name, data, err := parseCommand(body)
	if err != nil {
		return err
	}
	switch name {
	case zmq4.CmdPing:
		pong, err := pongTo(data)
		if err != nil {
			return err
		}
		// Whoever is being written to sees that we live.
		if x.writing.TryLock() {
			defer x.writing.Unlock()
			return x.write(pong)
		}
	case zmq4.CmdError:
		return faultf("refused", "the peer reports an error: %.100q", data)
	}
	return nil
}

// Write sends whole frames, as AppendFrame makes them. It fails when the peer takes
// less than 64 KiB in the time that it has; then the connection is of no use.
func (x *Exchange) Write(frames []byte) error {
	x.writing.Lock()
	defer x.writing.Unlock()
	return x.write(frames)
}

func (x *Exchange) write(frames []byte) error {
	for chunk := range slices.Chunk(frames, 2*chunkSize) {
		if err := x.conn.SetWriteDeadline(time.Now().Add(x.patient)); err != nil {
			return fmt.Errorf("setting the write deadline: %w", err)
		}
		if _, err := x.conn.Write(chunk); err != nil {
			var timeout net.Error
			if errors.As(err, &timeout) && timeout.Timeout() {
				return &fault{reason: "write-timeout", err: fmt.Errorf("the peer took nothing for too long: %w", err)}
			}
			return fmt.Errorf("writing: %w", err)
		}
	}
	return nil
}

// AppendFrame adds one frame of a message to dst; more says that others follow.
func AppendFrame(dst []byte, more bool, body []byte) []byte {
	if more {
		return appendFrame(dst, flagMore, body)
	}
	return appendFrame(dst, 0, body)
}

// Reason is a short fixed word for why a connection ended, to count.
func Reason(err error) string { return reasonOf(err) }

// DialExchange connects a DEALER to whoever answers requests as ROUTER. It tries
// once; the context bounds all of it. ErrOtherSocket is wrapped where a peer of
// ZeroMQ is there and answers none, or speaks an old form of the protocol.
func DialExchange(ctx context.Context, endpoint string, o Options) (*Exchange, error) {
	o.Type = zmq4.Dealer
	o, err := o.limits()
	if err != nil {
		return nil, err
	}
	conn, e, err := dialTCP(ctx, endpoint)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	r := bufio.NewReaderSize(conn, o.readBuffer())
	kind, err := shake(conn, r, dialled(zmq4.Dealer, zmq4.Router), handshakeEnd(ctx, o))
	if err != nil {
		conn.Close()
		if reason := reasonOf(err); reason == "socket-type" || reason == "version" {
			err = fmt.Errorf("%w: %w", ErrOtherSocket, err)
		}
		return nil, fmt.Errorf("connecting to %s: %w", e, err)
	}
	return newExchange(conn, r, kind, o), nil
}

// answer gives a peer that asks to who answers, and returns when that is over.
func (l *Listener) answer(conn net.Conn, r *bufio.Reader, kind zmq4.SocketType) {
	stop := context.AfterFunc(l.ctx, func() { conn.Close() })
	defer stop()
	defer conn.Close()
	o := l.peers.o
	o.MaxMessage = maxRequest
	l.peers.o.Exchange(l.ctx, newExchange(conn, r, kind, o))
}
