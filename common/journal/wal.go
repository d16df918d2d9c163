package journal

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// Sizes of SQLite's write-ahead log (file format §4.1).
const (
	walHeaderSize = 32
	walFrameSize  = 24
	walMagic      = 0x377f0682 // the lowest bit says how checksums read their words
	maxPageSize   = 65536
)

// checkWAL finds what SQLite passes over in silence: it ends the log at the
// first frame that does not fit, as a crash leaves it, even if that frame has
// rotted and acknowledged transactions lie behind it. Each commit is on disk
// before the next one begins, so a crash leaves at most one commit there; more
// are a loss.
//
// Another process may be writing meanwhile: a fault is one that stands still.
func checkWAL(path string) error {
	var last error
	for range looks {
		before, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return explain(err)
		}
		if err = checkWALOnce(path); err == nil {
			return nil
		}
		now, serr := os.Stat(path)
		still := serr == nil && now.Size() == before.Size() && now.ModTime().Equal(before.ModTime())
		if still && last != nil && err.Error() == last.Error() || !errors.Is(err, ErrCorrupt) {
			return err
		}
		last = err
		time.Sleep(10 * time.Millisecond)
	}
	return nil
}

func checkWALOnce(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return explain(err)
	}
	defer f.Close()
	lost, err := lostCommits(bufio.NewReaderSize(f, 1<<16))
	if err != nil {
		return fmt.Errorf("%w: its write-ahead log %w; %s", ErrCorrupt, err, adviceCorrupt)
	}
	if lost > 1 {
		return fmt.Errorf("%w: its write-ahead log is damaged before %d transactions that were acknowledged; %s",
			ErrCorrupt, lost, adviceCorrupt)
	}
	return nil
}

// lostCommits counts the commits of the log's generation that stand after the
// first frame that SQLite refuses.
func lostCommits(r io.Reader) (int, error) {
	var header [walHeaderSize]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return 0, tail(err)
	}
	if header == [walHeaderSize]byte{} {
		return 0, nil // the crash came before the first write
	}
	sum, size, err := walHeader(header[:])
	if err != nil {
		// The header is on disk before the first frame is written: without a
		// whole one behind it, nothing was ever committed there.
		var frame [walFrameSize + minFile]byte
		if _, rerr := io.ReadFull(r, frame[:]); rerr != nil {
			return 0, tail(rerr)
		}
		return 0, err
	}
	frame, lost, torn := make([]byte, walFrameSize+size), 0, false
	for {
		if _, err := io.ReadFull(r, frame); err != nil {
			return lost, tail(err)
		}
		if string(frame[8:16]) != string(header[16:24]) {
			torn = true // of an older generation, or never written
			continue
		}
		if !torn {
			sum.add(frame[:8])
			sum.add(frame[walFrameSize:])
			torn = !sum.is(frame[16:24])
		}
		if torn && binary.BigEndian.Uint32(frame[4:]) != 0 {
			lost++
		}
	}
}

func walHeader(header []byte) (walSum, int, error) {
	magic := binary.BigEndian.Uint32(header)
	size := binary.BigEndian.Uint32(header[8:])
	sum := walSum{order: binary.LittleEndian}
	if magic&1 == 1 {
		sum.order = binary.BigEndian
	}
	sum.add(header[:24])
	if magic&^1 != walMagic || size < 512 || size > maxPageSize || size&(size-1) != 0 || !sum.is(header[24:32]) {
		return sum, 0, errors.New("has a damaged header")
	}
	return sum, int(size), nil
}

// tail accepts that a log ends anywhere.
func tail(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return nil
	}
	return fmt.Errorf("cannot be read: %w", err)
}

// walSum is the running checksum of file format §4.2.
type walSum struct {
	order  binary.ByteOrder
	s0, s1 uint32
}

func (w *walSum) add(b []byte) {
	for ; len(b) >= 8; b = b[8:] {
		w.s0 += w.order.Uint32(b) + w.s1
		w.s1 += w.order.Uint32(b[4:]) + w.s0
	}
}

func (w *walSum) is(b []byte) bool {
	return binary.BigEndian.Uint32(b) == w.s0 && binary.BigEndian.Uint32(b[4:]) == w.s1
}
