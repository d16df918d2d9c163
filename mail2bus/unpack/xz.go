package unpack

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"
	"math"

	"github.com/ulikunitz/xz/lzma"
)

// The library's own reader of this format takes as much memory as any block of the
// file asks for. So the container is read here (xz file format 1.1), and the library
// unpacks what is in a block. The index behind the blocks is passed over: each block
// has a checksum.

var xzMagic = []byte{0xfd, '7', 'z', 'X', 'Z', 0}

var errXZ = errors.New("it is damaged")

type xzReader struct {
	b     *bufio.Reader
	check byte // kind of the stream's checksums
	in    *countedBytes
	block io.Reader
	sum   hash.Hash
	err   error
}

func newXZ(b *bufio.Reader) (*xzReader, error) {
	x := &xzReader{b: b}
	return x, x.stream()
}

func (x *xzReader) Read(p []byte) (int, error) {
	for x.err == nil && len(p) > 0 {
		if x.block == nil {
			x.err = x.next()
			continue
		}
		n, err := x.block.Read(p)
		if x.sum != nil {
			x.sum.Write(p[:n])
		}
		if err == io.EOF {
			x.block, err = nil, x.endBlock()
		}
		if x.err = err; n > 0 {
			return n, nil
		}
	}
	return 0, x.err
}

// stream reads a stream's header (§2.1.1).
func (x *xzReader) stream() error {
	var h [12]byte
	if _, err := io.ReadFull(x.b, h[:]); err != nil {
		return err
	}
	if !bytes.Equal(h[:6], xzMagic) || h[6] != 0 || h[7] > 15 || crc32.ChecksumIEEE(h[6:8]) != binary.LittleEndian.Uint32(h[8:]) {
		return errXZ
	}
	x.check = h[7]
	return nil
}

// next begins the next block, or ends the stream and begins the one behind it.
func (x *xzReader) next() error {
	size, err := x.b.ReadByte()
	if err != nil {
		return noEOF(err)
	}
	if size == 0 {
		return x.endStream()
	}
	h := make([]byte, (int(size)+1)*4) // §3.1: at most 1,024
	h[0] = size
	if _, err := io.ReadFull(x.b, h[1:]); err != nil {
		return noEOF(err)
	}
	body, sum := h[:len(h)-4], binary.LittleEndian.Uint32(h[len(h)-4:])
	if crc32.ChecksumIEEE(body) != sum {
		return errXZ
	}
	window, err := blockWindow(body)
	if err != nil {
		return err
	}
	x.in = &countedBytes{b: x.b}
	x.sum = newCheck(x.check)
	x.block, err = lzma.Reader2Config{DictCap: int(window)}.NewReader2(x.in)
	return err
}

// blockWindow reads a block's header up to how large its dictionary is.
func blockWindow(h []byte) (uint64, error) {
	flags, rest := h[1], h[2:]
	if flags&0x3c != 0 {
		return 0, errXZ
	}
	size := uint64(math.MaxUint64)
	for _, has := range []byte{0x40, 0x80} { // the sizes, packed and not
		if flags&has != 0 {
			v, n := binary.Uvarint(rest)
			if n <= 0 {
				return 0, errXZ
			}
			size, rest = v, rest[n:]
		}
	}
	if flags&0x80 == 0 {
		size = math.MaxUint64
	}
	const lzma2 = 0x21
	if flags&3 != 0 || len(rest) < 3 || rest[0] != lzma2 || rest[1] != 1 {
		return 0, fmt.Errorf("%w: it is packed with filters for programs (unpack it by hand, with xz -d)", ErrRefused)
	}
	p := rest[2] // §5.3.1
	if p > 40 {
		return 0, errXZ
	}
	window := uint64(2|p&1) << (p/2 + 11)
	if window > MaxWindow {
		return 0, fmt.Errorf("%w: it needs %d MiB of memory, more than %d (unpack it by hand, with xz -d)", ErrRefused, window>>20, MaxWindow>>20)
	}
	// Memory is taken ahead: no more than the block can fill.
	return max(min(window, size), lzma.MinDictCap), nil
}

// endBlock reads the padding and the checksum (§3.3, §3.4).
func (x *xzReader) endBlock() error {
	tail := make([]byte, (4-x.in.n%4)%4+int64(checkSize(x.check)))
	if _, err := io.ReadFull(x.b, tail); err != nil {
		return noEOF(err)
	}
	if x.sum == nil {
		return nil
	}
	got := x.sum.Sum(nil)
	if x.check != sha256Check { // the others stand there with the low byte first
		for i, j := 0, len(got)-1; i < j; i, j = i+1, j-1 {
			got[i], got[j] = got[j], got[i]
		}
	}
	if !bytes.HasSuffix(tail, got) {
		return errXZ
	}
	return nil
}

// endStream reads the index (§4), the footer (§2.1.2), and what follows: nothing, or
// padding and another stream.
func (x *xzReader) endStream() error {
	in := &countedBytes{b: x.b, n: 1}
	records, err := binary.ReadUvarint(in)
	for ; err == nil && records > 0; records-- {
		for range 2 {
			if _, err = binary.ReadUvarint(in); err != nil {
				break
			}
		}
	}
	if err != nil {
		return noEOF(err)
	}
	rest := make([]byte, (4-in.n%4)%4+4+12)
	if _, err := io.ReadFull(x.b, rest); err != nil {
		return noEOF(err)
	}
	if !bytes.HasSuffix(rest, []byte("YZ")) {
		return errXZ
	}
	for {
		pad, err := x.b.Peek(4)
		switch {
		case len(pad) == 0 && err == io.EOF:
			return io.EOF
		case err != nil:
			return noEOF(err)
		case !bytes.Equal(pad, make([]byte, 4)):
			return x.stream()
		}
		_, _ = x.b.Discard(4)
	}
}

const sha256Check = 10

// checkSize is §2.1.1.2.
func checkSize(kind byte) int {
	return [16]int{0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64}[kind]
}

func newCheck(kind byte) hash.Hash {
	switch kind {
	case 1:
		return crc32.NewIEEE()
	case 4:
		return crc64.New(crc64.MakeTable(crc64.ECMA))
	case sha256Check:
		return sha256.New()
	}
	return nil
}

// countedBytes counts what a block takes. It hands out single bytes, so that no
// reader above it takes more than it uses.
type countedBytes struct {
	b *bufio.Reader
	n int64
}

func (c *countedBytes) Read(p []byte) (int, error) {
	n, err := c.b.Read(p)
	c.n += int64(n)
	return n, err
}

func (c *countedBytes) ReadByte() (byte, error) {
	v, err := c.b.ReadByte()
	if err == nil {
		c.n++
	}
	return v, err
}

func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
