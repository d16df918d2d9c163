package intake

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// A Mail is a mail on its way into the journal.
type Mail struct {
	Source   string    `json:"source"` // of the position, and of the poison
	Origin   string    `json:"origin"` // for people
	Received time.Time `json:"received"`
	Position []byte    `json:"position,omitempty"`
	Size     int64     `json:"size"`
	Raw      []byte    `json:"-"`
}

const (
	maxAbout = 1 << 20
	patience = 30 * time.Second // with a peer that does not read or write what it begun
)

// hello is the daemon's first line: it takes mails from now on.
const hello = "busbar import 1"

// write writes a mail at once.
func (m *Mail) write(w io.Writer) error {
	m.Size = int64(len(m.Raw))
	about, err := json.Marshal(m)
	if err != nil {
		return err
	}
	b := make([]byte, 0, 4+len(about)+len(m.Raw))
	b = binary.BigEndian.AppendUint32(b, uint32(len(about)))
	_, err = w.Write(append(append(b, about...), m.Raw...))
	return err
}

// read reads a mail of at most limit bytes; io.EOF: there is none.
func (m *Mail) read(r *bufio.Reader, limit int64) error {
	var n [4]byte
	if _, err := io.ReadFull(r, n[:]); err != nil {
		return err
	}
	size := binary.BigEndian.Uint32(n[:])
	if size > maxAbout {
		return fmt.Errorf("an object of %d bytes", size)
	}
	about := make([]byte, size)
	if _, err := io.ReadFull(r, about); err != nil {
		return err
	}
	*m = Mail{}
	if err := json.Unmarshal(about, m); err != nil {
		return err
	}
	if m.Source == "" || m.Size < 0 || m.Size > limit {
		return errors.New("a mail without a source, or of an impossible length")
	}
	m.Raw = make([]byte, m.Size)
	_, err := io.ReadFull(r, m.Raw)
	return err
}
