package unpack

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

const (
	// MaxWindow is how many bytes that were unpacked a file may refer back to. The
	// highest levels of xz and zstd (without --ultra) stay within it.
	MaxWindow = 64 << 20
	// A file may become maxRatio times as large, from freely on. Real mails become
	// ten times smaller, a mailbox of one mail again and again some hundred times.
	maxRatio = 1000
	freely   = 256 << 20
)

// ErrRefused is wrapped where a file is whole, and not read for what it asks for.
var ErrRefused = errors.New("refused")

// A Reader gives the unpacked bytes. Close ends it; what it reads from stays open.
type Reader struct {
	io.Reader
	Form  string // "gzip", "xz", "zstd", or empty
	close func()
}

// Close lets go of the memory.
func (r *Reader) Close() error {
	if r.close != nil {
		r.close()
	}
	return nil
}

// New finds out how in is packed.
func New(in io.Reader) (*Reader, error) {
	counted := &counter{r: in}
	b := bufio.NewReaderSize(counted, 64<<10)
	start, err := b.Peek(6)
	if err != nil && err != io.EOF {
		return nil, err
	}
	r := &Reader{Reader: b}
	switch {
	case bytes.HasPrefix(start, []byte{0x1f, 0x8b}):
		r.Form = "gzip"
		r.Reader, err = gzip.NewReader(b)
	case bytes.HasPrefix(start, xzMagic):
		r.Form = "xz"
		r.Reader, err = newXZ(b)
	case bytes.HasPrefix(start, []byte{0x28, 0xb5, 0x2f, 0xfd}), len(start) >= 4 && start[0]&0xf0 == 0x50 && bytes.Equal(start[1:4], []byte{0x2a, 0x4d, 0x18}):
		r.Form = "zstd"
		var d *zstd.Decoder
		d, err = zstd.NewReader(b, zstd.WithDecoderMaxWindow(MaxWindow), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
		if err == nil {
			r.Reader, r.close = zstdReader{d}, d.Close
		}
	default:
		return r, nil
	}
	if err != nil {
		return nil, fmt.Errorf("unpacking %s: %w", r.Form, cut(err))
	}
	r.Reader = &bounded{r: r.Reader, form: r.Form, in: counted}
	return r, nil
}

type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// bounded says of each error what it was about, and ends what becomes too much.
type bounded struct {
	r    io.Reader
	form string
	in   *counter
	n    int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.n += int64(n)
	if b.n > freely && b.n/maxRatio > b.in.n {
		return 0, fmt.Errorf("unpacking %s: %w: %d bytes became more than %d (unpack it by hand if that is meant so)", b.form, ErrRefused, b.in.n, b.n)
	}
	if err != nil && err != io.EOF {
		err = fmt.Errorf("unpacking %s: %w", b.form, cut(err))
	}
	return n, err
}

// cut words the commonest error for a person.
func cut(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fmt.Errorf("it is not whole: %w", io.ErrUnexpectedEOF)
	}
	return err
}

type zstdReader struct{ d *zstd.Decoder }

func (z zstdReader) Read(p []byte) (int, error) {
	n, err := z.d.Read(p)
	if errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		err = fmt.Errorf("%w: it needs more than %d bytes of memory (unpack it by hand, with zstd -d --long=31)", ErrRefused, MaxWindow)
	}
	return n, err
}
