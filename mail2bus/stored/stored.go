package stored

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"busbar/mail2bus/mbox"
)

// Options say how mails are read.
type Options struct {
	Limit   int64        // bytes of one mail that are read, and one more
	Dialect mbox.Dialect // of an mbox
	// Position is that of the last mail that was taken; nil: from the beginning. One
	// of another file under the same name is no error: all is read.
	Position []byte
	// Strict says that what is neither an mbox nor looks like a mail is an error.
	Strict bool
}

// A Mail is one mail.
type Mail struct {
	Origin  string // for people: the file, and where in it
	Raw     []byte // of one that is longer than Options.Limit, one byte more
	Arrived time.Time
	// Position covers this mail, and those before it.
	Position []byte
	// Kept says that Arrived is when the mail came to a mailbox of this machine; else it
	// is when the file was written, or a list program's clock.
	Kept bool
}

// A Source hands out the mails of one file or directory.
type Source struct {
	mails
	// Before is how many mails the position covers already.
	Before int64
}

type mails interface {
	// Next is the next mail, or io.EOF. After another error nothing follows.
	Next() (Mail, error)
	// Progress is how much of all was read: bytes, files, or commits.
	Progress() (done, all int64)
	Close() error
}

// Open opens a file or a directory; path - is in.
func Open(path string, in io.Reader, o Options) (*Source, error) {
	if path == "-" {
		f, err := newFile(path, io.NopCloser(in), 0, time.Now(), o)
		return source(f, err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		if epochs := epochsOf(path); len(epochs) > 0 {
			b, err := newInbox(path, epochs, o)
			if err != nil {
				return nil, err
			}
			return &Source{b, b.pos.Mails}, nil
		}
		d, err := newDir(path, o)
		if err != nil {
			return nil, err
		}
		return &Source{d, d.pos.Mails}, nil
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "reading mails", Path: path, Err: errors.New("it is neither a file nor a directory")}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return source(newFile(path, f, info.Size(), info.ModTime(), o))
}

func source(f *file, err error) (*Source, error) {
	if err != nil {
		return nil, fmt.Errorf("reading mails of %s: %w", f.path, errors.Join(err, f.Close()))
	}
	return &Source{f, f.pos.Mails}, nil
}

// A position is what a journal keeps of a file or a directory.
type position struct {
	Mails int64 `json:"mails"` // that were taken

	// Of a file: where the next mail begins, and a digest of its first bytes, which
	// shows whether it is the same file.
	Offset  int64        `json:"offset,omitempty"`
	Head    string       `json:"head,omitempty"`
	Of      int64        `json:"of,omitempty"` // how many bytes
	Dialect mbox.Dialect `json:"dialect,omitempty"`

	// Of a directory: the last file, and when it was first read.
	Last  string    `json:"last,omitempty"`
	Begun time.Time `json:"begun,omitzero"`

	// Of an archive of public-inbox: the last epoch, and its last commit.
	Epoch  int    `json:"epoch,omitempty"`
	Commit string `json:"commit,omitempty"`
}

func readPosition(b []byte) (p position, ok bool) {
	return p, b != nil && json.Unmarshal(b, &p) == nil && p.Mails > 0
}

func (p position) bytes() ([]byte, error) {
	b, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("noting where the mails were read up to: %w", err)
	}
	return b, nil
}
