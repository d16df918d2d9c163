package guard

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
)

// Flags of a frame (ZMTP 3.1 §3.3, RFC 37 of the ZeroMQ project).
const (
	flagMore    = 1 << 0
	flagLong    = 1 << 1
	flagCommand = 1 << 2

	maxHeader = 9    // a long frame's: flags and eight bytes of length
	maxFrames = 1024 // of one message: an empty frame is cheap to send and dear to keep
)

// A fault is why a peer was refused or cut off: the reason is a short fixed
// word that is counted, the rest is for the log.
type fault struct {
	reason string
	err    error
}

func (f *fault) Error() string { return f.reason + ": " + f.err.Error() }
func (f *fault) Unwrap() error { return f.err }

func faultf(reason, format string, args ...any) error {
	return &fault{reason: reason, err: fmt.Errorf(format, args...)}
}

type header struct {
	flags  byte
	size   uint64 // of the body
	length int    // of the header itself
}

func (h header) more() bool    { return h.flags&flagMore != 0 }
func (h header) command() bool { return h.flags&flagCommand != 0 }

// parseHeader reads the frame header at the start of b; ok is false while b
// is too short to hold it.
func parseHeader(b []byte) (h header, ok bool) {
	if len(b) < 2 {
		return header{}, false
	}
	h.flags = b[0]
	if h.flags&flagLong == 0 {
		h.size, h.length = uint64(b[1]), 2
		return h, true
	}
	if len(b) < maxHeader {
		return header{}, false
	}
	h.size, h.length = binary.BigEndian.Uint64(b[1:maxHeader]), maxHeader
	return h, true
}

// check refuses what no well-behaved peer sends.
func (h header) check() error {
	switch {
	case h.flags&^(flagMore|flagLong|flagCommand) != 0:
		return faultf("bad-frame", "flags %#02x have reserved bits", h.flags)
	case h.command() && h.more():
		return faultf("bad-frame", "flags %#02x: a command has one frame", h.flags)
	}
	return nil
}

// appendFrame adds one frame in its shortest form.
func appendFrame(dst []byte, flags byte, body []byte) []byte {
	if len(body) <= 255 {
		dst = append(dst, flags, byte(len(body)))
	} else {
		dst = append(dst, flags|flagLong)
		dst = binary.BigEndian.AppendUint64(dst, uint64(len(body)))
	}
	return append(dst, body...)
}

// readFrame appends the next frame, header and all, to buf, which never
// grows beyond limit bytes. Memory is taken as bytes arrive, not as the
// header promises them.
func readFrame(r *bufio.Reader, buf []byte, limit int) ([]byte, header, error) {
	var raw [maxHeader]byte
	want := 2
	if _, err := io.ReadFull(r, raw[:want]); err != nil {
		return buf, header{}, err
	}
	if raw[0]&flagLong != 0 {
		want = maxHeader
		if _, err := io.ReadFull(r, raw[2:want]); err != nil {
			return buf, header{}, err
		}
	}
	h, _ := parseHeader(raw[:want])
	if err := h.check(); err != nil {
		return buf, h, err
	}
	room := limit - len(buf) - h.length
	if room < 0 || h.size > uint64(room) {
		return buf, h, faultf("too-large", "a frame of %d bytes makes the message larger than %d bytes", h.size, limit)
	}
	buf = append(buf, raw[:want]...)
	buf, err := readBody(r, buf, int(h.size))
	return buf, h, err
}

// believed is how much of a body must have come before memory is taken for all
// that its header promises.
const believed = 1 << 20

func readBody(r *bufio.Reader, buf []byte, size int) ([]byte, error) {
	step := 64 << 10
	for size > 0 {
		n := min(size, step)
		at := len(buf)
		switch room := cap(buf) - at; {
		case room >= n:
			buf = buf[:at+n]
		case step >= believed:
			buf = append(make([]byte, 0, at+size), buf...)[:at+n]
		default:
			buf = slices.Grow(buf, n)[:at+n]
		}
		if _, err := io.ReadFull(r, buf[at:]); err != nil {
			return buf[:at], err
		}
		size -= n
		step *= 2
	}
	return buf, nil
}

// wholeMessages counts the messages that are complete in b, commands not counted.
func wholeMessages(b []byte) int {
	count := 0
	for {
		h, ok := parseHeader(b)
		if !ok || uint64(len(b)-h.length) < h.size {
			return count
		}
		b = b[h.length+int(h.size):]
		if !h.more() && !h.command() {
			count++
		}
	}
}

// A cutter finds the messages in the bytes that zmq4 writes. Its greeting
// and its commands are left out: the guard has spoken for it already.
type cutter struct {
	greeted bool
	part    []byte // the message under way
	off     int    // how far part has been looked at
}

// feed calls whole with every message that p completes; the bytes are valid
// during the call only.
func (k *cutter) feed(p []byte, whole func(message []byte)) {
	k.part = append(k.part, p...)
	if !k.greeted {
		if len(k.part) < greetingSize {
			return
		}
		k.greeted = true
		k.part = k.part[:copy(k.part, k.part[greetingSize:])]
	}
	for {
		h, ok := parseHeader(k.part[k.off:])
		if !ok || uint64(len(k.part)-k.off-h.length) < h.size {
			return
		}
		k.off += h.length + int(h.size)
		if h.more() {
			continue
		}
		if !h.command() {
			whole(k.part[:k.off])
		}
		k.part = k.part[:copy(k.part, k.part[k.off:])]
		k.off = 0
		if len(k.part) == 0 && cap(k.part) > chunkSize {
			k.part = nil
		}
	}
}
