// Package lines is a way out (drain.Sink) into a file: each message is a line, its
// bytes as they are published. Whatever reads lines of JSON can read it, with no
// library and no network.
//
// A line is acknowledged when it is on disk. After a kill the sink looks at the end
// of the file, completes a line that was cut, and writes no line again that is
// there. Another program may rename the file at any time: the next line goes into a
// new one. docs/guarantees.md says what is promised.
//
// Not here: removing old files (logrotate), and the journal, which has the messages.
package lines

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"

	"busbar/common/drain"
	"busbar/common/durable"
	"busbar/common/journal"
)

// A Sink appends messages to a file, which it makes if it is missing. It must be
// the only one that does.
type Sink struct {
	Path string
	Log  *slog.Logger // nil: none
}

func (s *Sink) log() *slog.Logger {
	if s.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.Log
}

// Open opens the file. An error may pass: a missing directory may come, and a full
// disk have room again.
func (s *Sink) Open(_ context.Context, link *drain.Link) (drain.Conn, error) {
	c := &conn{sink: s, link: link}
	if err := c.open(); err != nil {
		return nil, err
	}
	return c, nil
}

// Check says whether the file can be written, and changes nothing.
func (s *Sink) Check() error {
	err := regular(s.Path)
	if errors.Is(err, fs.ErrNotExist) {
		probe, err := os.CreateTemp(filepath.Dir(s.Path), ".check-*")
		if err != nil {
			return fmt.Errorf("%s is not there and cannot be made: %w", s.Path, err)
		}
		return errors.Join(probe.Close(), os.Remove(probe.Name()))
	}
	if err != nil {
		return err
	}
	f, err := os.OpenFile(s.Path, os.O_RDWR|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	return errors.Join(begins(f), f.Close())
}

// regular is an error for what is no file: a pipe or a terminal keeps nothing.
func regular(path string) error {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file, and keeps no lines", path)
	}
	return err
}

// begins looks whether a file holds lines of JSON objects, or nothing.
func begins(f *os.File) error {
	var first [1]byte
	if n, _ := f.ReadAt(first[:], 0); n == 1 && first[0] != '{' {
		return fmt.Errorf("%s holds something else than lines of JSON: it is left alone", f.Name())
	}
	return nil
}

// A conn is the open file.
type conn struct {
	sink *Sink
	link *drain.Link
	file *os.File
	end  int64 // up to here it is known and on disk
	// resuming: behind at, or not looked for yet if that is -1, the file may have
	// lines that were not acknowledged.
	resuming bool
	at       int64
}

func (c *conn) open() error {
	path := c.sink.Path
	if err := regular(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o640)
	if err != nil {
		return err
	}
	if err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) {
		err = fmt.Errorf("another program writes %s: each needs a file of its own", path)
	}
	if err == nil {
		err = begins(f)
	}
	if err == nil {
		err = durable.SyncDir(filepath.Dir(path))
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	c.file, c.end, c.resuming, c.at = f, 0, true, -1
	return nil
}

// Close closes the file.
func (c *conn) Close() error {
	if c.file == nil {
		return nil
	}
	return c.file.Close()
}

// rotations is how often the file may be renamed during one batch.
const rotations = 5

// Send writes the lines, brings them to disk, and acknowledges them if they are in
// the file that has the name then: whoever renamed it meanwhile may have read it
// without them, so they are written again.
func (c *conn) Send(ctx context.Context, batch []journal.Message) error {
	batch, err := c.fit(batch)
	if err != nil || len(batch) == 0 {
		return err
	}
	for range rotations {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := c.current(); err != nil {
			return err
		}
		if err := c.write(batch); err != nil {
			return fmt.Errorf("writing %s: %w", c.sink.Path, err)
		}
		if c.there() {
			c.link.Ack(batch[len(batch)-1].Seq)
			return nil
		}
		c.sink.log().Warn("the file was renamed or cut while lines were written; they are written again",
			"file", c.sink.Path, "first", batch[0].Seq, "last", batch[len(batch)-1].Seq)
	}
	return fmt.Errorf("writing %s: it was renamed or cut %d times during one write", c.sink.Path, rotations)
}

// fit leaves out what is not one line.
func (c *conn) fit(batch []journal.Message) ([]journal.Message, error) {
	var lines []journal.Message
	for _, m := range batch {
		if bytes.IndexByte(m.Wire, '\n') < 0 {
			lines = append(lines, m)
		} else if err := c.link.Refuse(m.Seq, errors.New("its form has several lines")); err != nil {
			return nil, err
		}
	}
	return lines, nil
}

// current takes the file that has the name now.
func (c *conn) current() error {
	if c.file != nil {
		if c.named() {
			if info, err := c.file.Stat(); err != nil || info.Size() >= c.end {
				return err
			}
			c.sink.log().Error("the file was cut by another program: lines that it had not read are lost to it, and only the journal has them (let logrotate rename, not copytruncate)",
				"file", c.sink.Path)
		}
		err := c.file.Close()
		if c.file = nil; err != nil {
			return err
		}
	}
	return c.open()
}

// named says that the open file is the one that has the name.
func (c *conn) named() bool {
	open, err := c.file.Stat()
	named, nerr := os.Stat(c.sink.Path)
	return err == nil && nerr == nil && os.SameFile(open, named)
}

// there says that what was written is in the file that has the name.
func (c *conn) there() bool {
	info, err := c.file.Stat()
	return err == nil && info.Size() >= c.end && c.named()
}
