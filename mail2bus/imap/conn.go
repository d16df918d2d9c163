package imap

import (
	"errors"
	"net"
	"sync/atomic"
	"time"
)

const (
	quiet    = 10 * time.Minute // without a word while nothing is asked: IDLE is renewed before
	patience = 60 * time.Second // for an answer to go on
)

// A watched connection ends where nothing comes, or too much.
type watched struct {
	net.Conn
	left atomic.Int64 // bytes that may come until the next command
}

var errTooMuch = errors.New("the server sends more than was asked for")

// Read reads what was asked for.
func (w *watched) Read(p []byte) (int, error) {
	if w.left.Load() <= 0 {
		w.Conn.Close()
		return 0, errTooMuch
	}
	n, err := w.Conn.Read(p)
	w.left.Add(-int64(n))
	return n, err
}

// SetReadDeadline never lets a read wait for ever, as the library would.
func (w *watched) SetReadDeadline(t time.Time) error {
	if most := time.Now().Add(quiet); t.IsZero() || t.After(most) {
		t = most
	}
	return w.Conn.SetReadDeadline(t)
}

// SetWriteDeadline is the same for writes.
func (w *watched) SetWriteDeadline(t time.Time) error {
	if most := time.Now().Add(patience); t.IsZero() || t.After(most) {
		t = most
	}
	return w.Conn.SetWriteDeadline(t)
}
