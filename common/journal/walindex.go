package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// Sizes of the wal-index's header, which stands twice at the beginning of the
// -shm file ("The Wal-Index File Format" §2.1).
const (
	indexHeaderSize = 48
	indexVersion    = 3007000
)

// A walEnd is where the wal-index says that the log ends: what every process that
// opens the journal must find there.
type walEnd struct {
	page     int64     // bytes
	frames   int64     // 0: nothing is in the log
	checksum [2]uint32 // of the last frame
	salt     [8]byte   // of the log's generation
}

var errInMotion = errors.New("the wal-index is being written")

// readWALEnd reads the wal-index. Its numbers are the machine's own.
func readWALEnd(shm io.ReaderAt) (walEnd, error) {
	var b [2 * indexHeaderSize]byte
	if _, err := shm.ReadAt(b[:], 0); err != nil {
		return walEnd{}, fmt.Errorf("the wal-index (-shm) cannot be read: %w", err)
	}
	h := b[:indexHeaderSize]
	if string(h) != string(b[indexHeaderSize:]) {
		return walEnd{}, errInMotion
	}
	u32 := func(at int) uint32 { return binary.NativeEndian.Uint32(h[at:]) }
	sum := walSum{order: binary.NativeEndian}
	sum.add(h[:40])
	if u32(0) != indexVersion || h[12] != 1 || sum.s0 != u32(40) || sum.s1 != u32(44) {
		return walEnd{}, errors.New("the wal-index (-shm) is damaged")
	}
	size := int64(binary.NativeEndian.Uint16(h[14:]))
	size = size&0xfe00 | size&1<<16
	return walEnd{page: size, frames: int64(u32(16)), checksum: [2]uint32{u32(24), u32(28)}, salt: [8]byte(h[32:40])}, nil
}

// check finds the last commit in the log at path, where the index says that it
// is.
func (e walEnd) check(path string) error {
	if e.frames == 0 {
		return nil
	}
	f, err := os.Open(path) // SQLite holds no locks on the log that closing it could drop
	if err != nil {
		return fmt.Errorf("the write-ahead log cannot be read: %w", err)
	}
	defer f.Close()
	var head [walFrameSize]byte
	at := walHeaderSize + (e.frames-1)*(walFrameSize+e.page)
	if _, err := f.ReadAt(head[:], at); err != nil {
		return fmt.Errorf("the write-ahead log was cut: its last commit should be at byte %d: %w", at, err)
	}
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("the write-ahead log cannot be read: %w", err)
	}
	switch {
	case info.Size() < at+walFrameSize+e.page:
		return fmt.Errorf("the write-ahead log was cut: it has %d bytes, and should have %d", info.Size(), at+walFrameSize+e.page)
	case [8]byte(head[8:16]) != e.salt, binary.BigEndian.Uint32(head[16:]) != e.checksum[0], binary.BigEndian.Uint32(head[20:]) != e.checksum[1],
		binary.BigEndian.Uint32(head[4:]) == 0:
		return errors.New("the write-ahead log does not hold what was stored last")
	}
	return nil
}

// looks is how often a file is looked at that another process is writing.
const looks = 5

// CheckFiles looks at the journal's files as its writer does, for a process that
// has not opened it: what the writer would refuse is named here, too.
func CheckFiles(path string) error {
	if err := checkFile(path); err != nil {
		return err
	}
	if err := checkWAL(real(path) + "-wal"); err != nil || !InUse(path) {
		return err
	}
	shm, err := os.Open(real(path) + "-shm")
	if err != nil {
		return fmt.Errorf("%w: a process writes it, and its wal-index cannot be read: %w", ErrCorrupt, err)
	}
	defer shm.Close()
	var before walEnd
	for range looks { // until nothing has moved meanwhile
		end, err := readWALEnd(shm)
		if err == nil {
			if err = end.check(real(path) + "-wal"); err == nil {
				return nil
			}
		}
		if !errors.Is(err, errInMotion) && end == before {
			return fmt.Errorf("%w: a process writes it, and %w; its last commits may live in that process alone; %s", ErrCorrupt, err, adviceCorrupt)
		}
		before = end
		time.Sleep(20 * time.Millisecond)
	}
	return nil // it is written to all the time: nothing stands still that could be damaged
}
