package mbox

import "io"

// A window is the part of a stream that is in memory.
type window struct {
	r     io.Reader
	buf   []byte
	start int   // of what was not consumed, in buf
	base  int64 // where in the stream that stands
	err   error // that ended the stream
}

const (
	chunk = 64 << 10
	roomy = 1 << 20 // a buffer that is larger goes once it is empty
)

// fill has n bytes in memory that were not consumed, or all there are, and says
// whether there are so many. An error of the stream is in err.
func (w *window) fill(n int) bool {
	for len(w.buf)-w.start < n && w.err == nil {
		w.more()
	}
	return len(w.buf)-w.start >= n
}

func (w *window) more() {
	// Moved only when half of it is free: so each byte is moved twice at most.
	if w.start > 0 && w.start >= len(w.buf)/2 {
		w.buf = w.buf[:copy(w.buf, w.buf[w.start:])]
		w.start = 0
		if len(w.buf) == 0 && cap(w.buf) > roomy {
			w.buf = nil
		}
	}
	if cap(w.buf)-len(w.buf) < chunk {
		grown := make([]byte, len(w.buf), max(2*cap(w.buf), len(w.buf)+chunk))
		copy(grown, w.buf)
		w.buf = grown
	}
	n, err := io.ReadAtLeast(w.r, w.buf[len(w.buf):cap(w.buf)], 1)
	w.buf = w.buf[:len(w.buf)+n]
	w.err = err
}

// rest is what is in memory and was not consumed.
func (w *window) rest() []byte { return w.buf[w.start:] }

func (w *window) consume(n int) {
	w.start += n
	w.base += int64(n)
}
