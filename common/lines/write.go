package lines

import (
	"bytes"
	"errors"
	"io"
	"os"

	"busbar/common/journal"
)

// write brings lines to disk, those that are not there yet.
func (c *conn) write(batch []journal.Message) error {
	var text []byte
	if c.resuming {
		var err error
		if batch, text, err = c.resume(batch); err != nil {
			return err
		}
	}
	for _, m := range batch {
		text = append(append(text, m.Wire...), '\n')
	}
	if _, err := c.file.Write(text); err != nil {
		return err // what is half there is completed by the next connection
	}
	if err := c.file.Sync(); err != nil {
		// The kernel reports that once. What it says of these bytes from now on is not
		// to be believed: they go, and are written again.
		return errors.Join(err, c.file.Truncate(c.end))
	}
	size, err := c.file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if c.end = size; c.resuming && len(text) == 0 {
		c.end = c.at // more that is there may follow
	}
	c.resuming = c.end < size
	return nil
}

// resume looks at what an earlier connection, perhaps of a process that was killed,
// left at the end of the file: lines that were not acknowledged, and a part of one.
// It gives the messages that are not there, and the rest of the first of these, to be
// written before them.
func (c *conn) resume(batch []journal.Message) (left []journal.Message, rest []byte, err error) {
	size, err := c.file.Seek(0, io.SeekEnd)
	if err != nil || size == 0 {
		return batch, nil, err
	}
	torn, err := lastLine(c.file, size)
	if err != nil {
		return nil, nil, err
	}
	if c.at < 0 {
		if c.at, err = find(c.file, torn, line(batch[0])); err != nil {
			return nil, nil, err
		}
		if c.at < 0 {
			c.at = torn
		}
		c.end = c.at
	}
	for c.at < torn && len(batch) > 0 {
		same, err := holds(c.file, c.at, line(batch[0]))
		if err != nil {
			return nil, nil, err
		}
		if !same {
			c.at = torn // other lines follow: nothing is known of ours behind them
			break
		}
		c.at += int64(len(batch[0].Wire)) + 1
		batch = batch[1:]
	}
	if torn == size || len(batch) == 0 {
		return batch, nil, nil
	}
	next := line(batch[0])
	if part := size - torn; part < int64(len(next)) {
		if same, err := holds(c.file, torn, next[:part]); err != nil || same {
			return batch[1:], next[part:], err
		}
	}
	c.sink.log().Warn("a line that was cut is removed; its message follows whole", "file", c.sink.Path, "bytes", size-torn)
	return batch, nil, c.file.Truncate(torn)
}

func line(m journal.Message) []byte { return append(append([]byte(nil), m.Wire...), '\n') }

// holds says whether the file has these bytes at an offset.
func holds(f io.ReaderAt, at int64, want []byte) (bool, error) {
	have := make([]byte, len(want))
	_, err := f.ReadAt(have, at)
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	return bytes.Equal(have, want), err
}

const (
	chunk = 1 << 20
	// lookBack is how far from the end lines are looked for that were written and
	// not acknowledged. A cursor is stored within a second.
	lookBack = 64 << 20
)

// lastLine is where the line begins that the file ends with, without its end: the
// file's size if it ends with a whole line.
func lastLine(f *os.File, size int64) (int64, error) {
	buf := make([]byte, chunk)
	for end := size; end > 0; end -= chunk {
		from := max(0, end-chunk)
		part := buf[:end-from]
		if _, err := f.ReadAt(part, from); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(part, '\n'); i >= 0 {
			return from + int64(i) + 1, nil
		}
	}
	return 0, nil
}

// find is where a line begins before end, as far as is looked; -1: it is not there.
// A whole message with its quotes stands in no other line.
func find(f *os.File, end int64, line []byte) (int64, error) {
	buf := make([]byte, chunk+len(line))
	for to := end; to > 0 && end-to < lookBack; to -= chunk {
		from := max(0, to-chunk)
		part := buf[:min(to+int64(len(line))-1, end)-from]
		if _, err := f.ReadAt(part, from); err != nil {
			return 0, err
		}
		if i := bytes.LastIndex(part, line); i >= 0 {
			return from + int64(i), nil
		}
	}
	return -1, nil
}
