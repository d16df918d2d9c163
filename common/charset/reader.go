package charset

import (
	"bytes"
	"io"
	"unicode/utf8"
)

// NewReader reads text under a label as UTF-8, by the rule of [Decode] for each
// block of some kilobytes. Charsets whose bytes depend on those before them are
// read to their end first: bound them.
func NewReader(label string, r io.Reader) io.Reader {
	c, known := Lookup(label)
	if known && !(c.kind == runs || c.kind == single || c.kind == multi) {
		return &wholeReader{r: r, c: c}
	}
	return &blockReader{r: r, label: label, block: make([]byte, 0, blockSize)}
}

const blockSize = 32 << 10

// A blockReader decodes blocks that end where a character does.
type blockReader struct {
	r     io.Reader
	label string
	block []byte // read and not decoded
	out   []byte // decoded and not given
	err   error
}

func (b *blockReader) Read(p []byte) (int, error) {
	for len(b.out) == 0 {
		if b.err != nil && len(b.block) == 0 {
			return 0, b.err
		}
		if b.err == nil {
			var n int
			n, b.err = b.r.Read(b.block[len(b.block):cap(b.block)])
			b.block = b.block[:len(b.block)+n]
		}
		end := len(b.block)
		if b.err == nil {
			end = lastEnd(b.block)
		}
		if end == 0 && len(b.block) < cap(b.block) {
			continue
		}
		if end == 0 { // nothing but bytes beyond ASCII
			end = len(b.block)
		}
		if b.out = bytes.Clone(b.block[:end]); !utf8.Valid(b.out) || b.label != "" {
			text, _ := Decode(b.label, b.block[:end])
			b.out = []byte(text)
		}
		b.block = b.block[:copy(b.block, b.block[end:])]
	}
	n := copy(p, b.out)
	b.out = b.out[n:]
	return n, nil
}

// lastEnd is where the last byte ends that is a character in every charset.
func lastEnd(b []byte) int {
	for i := len(b); i > 0; i-- {
		if b[i-1] < 0x30 {
			return i
		}
	}
	return 0
}

// A wholeReader decodes all that there is.
type wholeReader struct {
	r   io.Reader
	c   *Charset
	out io.Reader
}

func (w *wholeReader) Read(p []byte) (int, error) {
	if w.out == nil {
		all, err := io.ReadAll(w.r)
		if err != nil {
			return 0, err
		}
		text, _ := w.c.Decode(all)
		w.out = bytes.NewReader([]byte(text))
	}
	return w.out.Read(p)
}
