package mbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"
)

// A Dialect says where mails end, and which lines of theirs were changed. The empty
// one is found out: see the package.
type Dialect string

// The dialects. A file found out to be in one with lengths is read as mboxcl, any
// other as mboxrd, which differs from mboxo in lines ">>From " alone.
const (
	Auto Dialect = ""
	O    Dialect = "mboxo"
	RD   Dialect = "mboxrd"
	CL   Dialect = "mboxcl"
	CL2  Dialect = "mboxcl2"
)

// Dialects are the names that a person may give.
func Dialects() []string { return []string{string(O), string(RD), string(CL), string(CL2)} }

func (d Dialect) lengths() bool { return d == CL || d == CL2 }

// ErrNotMbox says that a file holds something else.
var ErrNotMbox = errors.New("it is no mbox: it does not begin with a line such as \"From jane@example.org Thu Jan  1 00:00:00 2026\"")

// A Mail is one mail of the file.
type Mail struct {
	// Raw is the mail as it was put in; of one that is longer than the reader's
	// limit, the first limit+1 bytes. It is the caller's.
	Raw []byte
	// Stamp is when it came into the mailbox, as the mailbox says; its zone is
	// seldom known.
	Stamp time.Time
	// Offset is where the mail's separating line begins, End where the next mail's
	// does: bytes of the file, unpacked.
	Offset, End int64
}

// A Reader reads the mails of one file.
type Reader struct {
	w       window
	limit   int
	dialect Dialect
}

// NewReader reads the mails of an mbox in turn. r stands at the beginning of the
// file, or at offset, where a mail ended (Mail.End). limit is how many bytes of a
// mail are kept, at least one.
func NewReader(r io.Reader, limit, offset int64, d Dialect) *Reader {
	return &Reader{w: window{r: r, base: offset}, limit: int(limit), dialect: d}
}

// Dialect is the one that is read; before the first mail, the one that was asked
// for. Who goes on at an offset gives what was found.
func (r *Reader) Dialect() Dialect { return r.dialect }

// Next is the next mail; io.EOF: there is none. Any other error is the stream's, or
// ErrNotMbox, and nothing follows.
func (r *Reader) Next() (Mail, error) {
	for {
		if !r.w.fill(1) {
			return Mail{}, r.w.err
		}
		line, n := firstLine(r.line())
		if len(line) > 0 {
			break
		}
		r.w.consume(n) // a blank line between two mails, or before the first
	}
	m := Mail{Offset: r.w.base}
	line, n := firstLine(r.line())
	var ok bool
	if m.Stamp, ok = Stamp(string(line)); !ok {
		return m, fmt.Errorf("at byte %d: %w", r.w.base, ErrNotMbox)
	}
	r.w.consume(n)
	header, length := r.header()
	if r.dialect == Auto {
		r.dialect = RD
		if length >= 0 && r.endsAt(header+length) {
			r.dialect = CL
		}
	}
	var raw []byte
	switch size := header + length; {
	case r.dialect.lengths() && length >= 0 && r.endsAt(size):
		raw = r.restore(r.w.rest()[:size], header)
		r.w.consume(size)
	default:
		if raw = r.scan(header); r.w.err != nil && r.w.err != io.EOF {
			break
		}
		raw = r.restore(raw, min(header, len(raw)))
	}
	if r.w.err != nil && r.w.err != io.EOF && len(r.w.rest()) == 0 {
		return m, r.w.err // the mail may not be whole
	}
	m.Raw, m.End = raw, r.w.base
	return m, nil
}

// line has a line in memory, as far as it is of use.
func (r *Reader) line() []byte {
	for n := 256; ; n *= 2 {
		if !r.w.fill(n) || n >= maxLine || bytes.IndexByte(r.w.rest(), '\n') >= 0 {
			return r.w.rest()
		}
	}
}

// header gives the length of the header with the blank line at its end, and the
// Content-Length in it; less than 0: there is none that could be used.
func (r *Reader) header() (header, length int) {
	length = -1
	for pos := 0; pos <= r.limit; {
		for size := maxLine; r.w.fill(pos+size) && size < r.limit && bytes.IndexByte(r.w.rest()[pos:], '\n') < 0; size *= 2 {
		}
		line, n := firstLine(r.w.rest()[min(pos, len(r.w.rest())):])
		if n == 0 {
			return pos, -1
		}
		if bytes.HasPrefix(line, from) {
			if _, ok := Stamp(string(line)); ok { // the next mail: this one has no body
				return pos, -1
			}
		}
		if pos += n; len(line) == 0 {
			return pos, length
		}
		if name, value, ok := bytes.Cut(line, []byte(":")); ok && length < 0 && bytes.EqualFold(name, []byte("Content-Length")) {
			length = number(bytes.TrimSpace(value), r.limit)
		}
	}
	return r.limit, -1
}

// number is a decimal number up to most, else -1.
func number(digits []byte, most int) int {
	n := 0
	for _, c := range digits {
		if c < '0' || c > '9' || n > most {
			return -1
		}
		n = 10*n + int(c-'0')
	}
	if len(digits) == 0 || n > most {
		return -1
	}
	return n
}

// endsAt reports whether a mail of so many bytes ends where the next one begins, or
// the file does. One or two blank lines may stand between them.
func (r *Reader) endsAt(size int) bool {
	if size > r.limit {
		return false
	}
	r.w.fill(size + maxLine)
	if len(r.w.rest()) < size {
		return false
	}
	rest := r.w.rest()[size:]
	for range 2 {
		if line, n := firstLine(rest); n > 0 && len(line) == 0 {
			rest = rest[n:]
		}
	}
	if len(rest) == 0 {
		return r.w.err == io.EOF
	}
	line, _ := firstLine(rest)
	_, ok := Stamp(string(line))
	return ok
}
