package guard

import (
	"bufio"
	"context"
	"net"
	"slices"
	"time"

	"github.com/go-zeromq/zmq4"
)

// NextSent waits for as long as it takes until the peer begins a message, and then
// reads the whole of it within a time. room is asked before the body of each frame is
// read, and may wait for memory; its error ends the connection. The frames are the
// caller's.
func (x *Exchange) NextSent(within time.Duration, room func(bytes int) error) ([][]byte, error) {
	var frames [][]byte
	for size := 0; ; {
		if len(frames) == 0 {
			if err := x.Until(time.Time{}); err != nil {
				return nil, err
			}
		}
		raw, err := x.r.Peek(2)
		if err == nil && len(frames) == 0 {
			err = x.Until(time.Now().Add(within))
		}
		if err == nil && raw[0]&flagLong != 0 {
			raw, err = x.r.Peek(maxHeader)
		}
		if err != nil {
			return nil, err
		}
		h, _ := parseHeader(raw)
		if h.size > uint64(x.limit-size) || len(frames) == maxParts {
			return nil, faultf("too-large", "a message of more than %d bytes or %d frames", x.limit, maxParts)
		}
		if err := room(size + int(h.size)); err != nil {
			return nil, err
		}
		buf, h, err := readFrame(x.r, x.buf[:0], x.limit+maxHeader)
		if x.buf = buf; cap(x.buf) > believed {
			x.buf = nil
		}
		if err != nil {
			return nil, err
		}
		body := buf[h.length:]
		if h.command() {
			if err := x.command(body); err != nil {
				return nil, err
			}
			continue
		}
		size += len(body)
		if frames = append(frames, slices.Clone(body)); !h.more() {
			return frames, nil
		}
	}
}

// Sending says that more of what the peer sent has come already.
func (x *Exchange) Sending() bool { return x.r.Buffered() > 0 }

// take gives a peer that sends to who takes it, and returns when that is over.
func (l *Listener) take(conn net.Conn, r *bufio.Reader, kind zmq4.SocketType) {
	stop := context.AfterFunc(l.ctx, func() { conn.Close() })
	defer stop()
	defer conn.Close()
	x := newExchange(conn, r, kind, l.peers.o)
	if kind != zmq4.Push { // a subscription to everything, in the form of RFC 23
		if err := x.Write(AppendFrame(nil, false, []byte{1})); err != nil {
			return
		}
	}
	l.peers.o.Inbound(l.ctx, x)
}
