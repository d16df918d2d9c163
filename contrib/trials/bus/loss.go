package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"sync"
	"time"
)

// A loss takes one message off the wire, when it is armed, and counts the heartbeats
// after it.
type loss struct {
	mu    sync.Mutex
	armed bool
	at    time.Time // when it was lost; zero: it is not
	beats int       // since then
}

func (l *loss) arm() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.armed, l.at, l.beats = true, time.Time{}, 0
}

func (l *loss) state() (at time.Time, beats int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.at, l.beats
}

// passes says whether a message may pass. What is asked for again has no topic at its
// beginning.
func (l *loss) passes(first []byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case !bytes.HasPrefix(first, []byte("org.debian.")):
	case bytes.HasSuffix(first, []byte("._heartbeat")):
		l.beats++
	case l.armed:
		l.armed, l.at, l.beats = false, time.Now(), 0
		return false
	}
	return true
}

// filter reads what a publisher sends (ZMTP 3.0, rfc.zeromq.org/spec/23), and hands on
// what passes.
func (l *loss) filter(from io.Reader) io.Reader {
	out, in := io.Pipe()
	go func() { _ = in.CloseWithError(l.carry(in, bufio.NewReader(from))) }()
	return out
}

const (
	greeting = 64 // bytes before the first frame
	moreFlag = 1
	longFlag = 2
	command  = 4
	maxFrame = 32 << 20
)

func (l *loss) carry(to io.Writer, from *bufio.Reader) error {
	if _, err := io.CopyN(to, from, greeting); err != nil {
		return err
	}
	for {
		var message, first []byte
		for part := 0; ; part++ {
			flags, head, body, err := frame(from)
			if err != nil {
				return err
			}
			if part == 0 && flags&command == 0 {
				first = body
			}
			message = append(append(message, head...), body...)
			if flags&moreFlag == 0 {
				break
			}
		}
		if !l.passes(first) {
			continue
		}
		if _, err := to.Write(message); err != nil {
			return err
		}
	}
}

func frame(from *bufio.Reader) (flags byte, head, body []byte, err error) {
	if flags, err = from.ReadByte(); err != nil {
		return 0, nil, nil, err
	}
	length := 1
	if flags&longFlag != 0 {
		length = 8
	}
	head = make([]byte, 1+length)
	head[0] = flags
	if _, err := io.ReadFull(from, head[1:]); err != nil {
		return 0, nil, nil, err
	}
	var wide [8]byte
	copy(wide[8-length:], head[1:])
	size := binary.BigEndian.Uint64(wide[:])
	if size > maxFrame {
		return 0, nil, nil, fmt.Errorf("a frame of %d bytes", size)
	}
	body = make([]byte, size)
	_, err = io.ReadFull(from, body)
	return flags, head, body, err
}
