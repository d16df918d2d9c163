package stored

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"busbar/mail2bus/mbox"
	"busbar/mail2bus/unpack"
)

// headSize is by how many bytes a file is known again.
const headSize = 4096

// A file is an mbox, or a single mail.
type file struct {
	path     string
	closer   io.Closer
	size     int64
	modified time.Time
	o        Options

	read     *counter // bytes of the file
	unpacked *unpack.Reader
	text     *bufio.Reader
	head     []byte
	pos      position
	box      *mbox.Reader // nil: a single mail
	ended    bool
}

func newFile(path string, in io.ReadCloser, size int64, modified time.Time, o Options) (*file, error) {
	f := &file{path: path, closer: in, size: size, modified: modified, o: o, read: &counter{r: in}}
	var err error
	if f.unpacked, err = unpack.New(f.read); err != nil {
		return f, err
	}
	f.text = bufio.NewReaderSize(f.unpacked, 64<<10)
	if f.head, err = f.text.Peek(headSize); err != nil && err != io.EOF {
		return f, err
	}
	f.head = bytes.Clone(f.head)
	if known, ok := readPosition(o.Position); ok && known.Offset > 0 && f.begins(known) {
		if n, err := io.CopyN(io.Discard, f.text, known.Offset); err == io.EOF && n < known.Offset {
			return f, fmt.Errorf("it is shorter than when it was read: %d bytes, not %d", n, known.Offset)
		} else if err != nil {
			return f, err
		}
		f.pos = known
	}
	dialect := o.Dialect
	if f.pos.Offset > 0 {
		dialect = f.pos.Dialect
	}
	switch start := bytes.TrimLeft(f.head, "\r\n"); {
	case stamped(start):
		f.box = mbox.NewReader(f.text, o.Limit, f.pos.Offset, dialect)
	case o.Strict && len(start) > 0 && !looksLikeMail(start):
		return f, errors.New("it is neither an mbox nor a mail")
	}
	f.ended = f.box == nil && (f.pos.Offset > 0 || len(f.head) == 0)
	return f, nil
}

// stamped reports whether a text begins as an mbox does.
func stamped(text []byte) bool {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	_, ok := mbox.Stamp(string(bytes.TrimSuffix(line, []byte("\r"))))
	return ok
}

// looksLikeMail reports whether a text begins with a header's field, behind a line
// that some programs put before it.
func looksLikeMail(text []byte) bool {
	line, rest, _ := bytes.Cut(text, []byte("\n"))
	if bytes.HasPrefix(line, []byte("From ")) {
		line, _, _ = bytes.Cut(rest, []byte("\n"))
	}
	name, _, ok := bytes.Cut(line, []byte(":"))
	return ok && len(name) > 0 && len(name) < 80 && bytes.IndexFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}

// begins reports whether the file is the one of a position.
func (f *file) begins(p position) bool {
	return p.Of <= int64(len(f.head)) && digest(f.head[:max(p.Of, 0)]) == p.Head
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// taken moves the position to where a mail ended. A file may grow while it is read:
// the first bytes are those that were there at the start.
func (f *file) taken(end int64) {
	f.pos.Mails++
	f.pos.Offset = end
	if n := min(int64(len(f.head)), end); n != f.pos.Of {
		f.pos.Of, f.pos.Head = n, digest(f.head[:n])
	}
}

// Next is the next mail.
func (f *file) Next() (Mail, error) {
	if f.ended {
		return Mail{}, io.EOF
	}
	if f.box == nil {
		return f.single()
	}
	m, err := f.box.Next()
	if err != nil {
		f.ended = true
		if err != io.EOF {
			err = fmt.Errorf("reading mails of %s, behind %d: %w", f.path, f.pos.Mails, err)
		}
		return Mail{}, err
	}
	f.taken(m.End)
	f.pos.Dialect = f.box.Dialect()
	position, err := f.pos.bytes()
	return Mail{Origin: fmt.Sprintf("%s mail %d at byte %d", f.path, f.pos.Mails, m.Offset), Raw: m.Raw, Arrived: m.Stamp, Position: position}, err
}

func (f *file) single() (Mail, error) {
	f.ended = true
	raw, err := io.ReadAll(io.LimitReader(f.text, f.o.Limit+1))
	if err != nil {
		return Mail{}, fmt.Errorf("reading a mail of %s: %w", f.path, err)
	}
	f.taken(int64(len(raw)))
	position, err := f.pos.bytes()
	return Mail{Origin: f.path, Raw: raw, Arrived: f.modified, Position: position}, err
}

// Progress is in bytes of the file as it lies there.
func (f *file) Progress() (done, all int64) { return f.read.n.Load(), f.size }

// Close closes the file.
func (f *file) Close() error {
	if f.unpacked != nil {
		f.unpacked.Close()
	}
	return f.closer.Close()
}

// A counter counts what is read, for another goroutine.
type counter struct {
	r io.Reader
	n atomic.Int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}
