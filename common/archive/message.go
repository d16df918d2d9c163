package archive

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"

	"busbar/common/event"
	"busbar/common/state"
)

// maxWire bounds a message, far below what SQLite can hold.
const maxWire = 64 << 20

// An Incoming is a message to be stored: its bytes, and what they say. Neither changes once
// it was prepared.
type Incoming struct {
	Envelope event.Envelope
	Wire     []byte // not changed by anybody afterwards
	// Alone says that nobody else brings this sequence, and that it comes in order:
	// numbers that are passed over are a gap, and so is what a number that is used
	// again makes untrue.
	Alone bool

	found  *found // nil: not looked for yet (Prepare)
	states *state.Table
}

// Read makes an Incoming of a message's bytes.
func Read(wire []byte) (Incoming, error) {
	_, e, err := event.ParseMessage(wire)
	if err == nil && len(wire) > maxWire {
		err = fmt.Errorf("it has %d bytes, more than %d", len(wire), maxWire)
	}
	if err != nil {
		return Incoming{}, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	return Incoming{Envelope: e, Wire: wire}, nil
}

// numbered says whether the message's publisher counts.
func (m Incoming) numbered() bool {
	return m.Envelope.Seq > 0 && m.Envelope.Publisher != "" && m.Envelope.Epoch != ""
}

// fact is what the message is known by: its id, and a digest of the topic.
func (m Incoming) fact() (id uuid.UUID, topic int64) {
	text := m.Envelope.MsgID
	if text == "" { // each such message is a fact
		text = string(m.Wire)
	}
	sum := sha256.Sum256([]byte(m.Envelope.Topic))
	return keyOf(text), int64(binary.BigEndian.Uint64(sum[:8]))
}

// keyOf is the UUID of an id. One that has none, as of other programs, stands for a
// digest of itself.
func keyOf(id string) uuid.UUID {
	u, err := event.IDUUID(id)
	if err != nil {
		sum := sha256.Sum256([]byte(id))
		copy(u[:], sum[:])
	}
	return u
}

// A Message is one that is stored.
type Message struct {
	N         int64     // its arrival number
	Time      time.Time // when its publisher took it, whole seconds
	Publisher string    // these three are empty where it does not count
	Epoch     string
	Seq       int64
	Copy      bool   // another publisher said the fact first: N is that message's
	Wire      []byte // as it came
}

// Place is where the message stands in the order of times.
func (m Message) Place() Place { return placeOf(m.Time.Unix(), m.N) }

// A Place orders messages by time, and those of one second by arrival: the time in
// Unix seconds in the upper 33 bits, the arrival number in the lower 30. The zero
// Place stands before all. It is what a next page begins after.
type Place int64

const (
	arrivalBits = 30
	maxArrival  = 1<<arrivalBits - 1
	maxTime     = math.MaxInt64 >> arrivalBits
	// lastPlace is behind all: the last arrival of the last second is none.
	lastPlace Place = math.MaxInt64 - 1
)

func placeOf(unix, n int64) Place { return Place(min(max(unix, 0), maxTime)<<arrivalBits | n) }

func (p Place) arrival() int64 { return int64(p) & maxArrival }
func (p Place) time() int64    { return int64(p) >> arrivalBits }

// A Position is how far something has come in a publisher's sequence: up to Seq,
// that included.
type Position struct {
	Publisher string
	Epoch     string
	Seq       int64
}

// A Gap is numbers of a sequence that never came, and why.
type Gap struct {
	Publisher string
	Epoch     string // empty: it does not count
	// First and Last are both included; 0 where nobody knows.
	First, Last int64
	Reason      string
	Time        time.Time // when that was known
	N           int64     // its own arrival number; set by the archive
	Before      int       // of a batch's gap: how many of its messages come before it
}

// What the reasons of gaps begin with that the archive knows.
const (
	// PutBack: the publisher's journal was put back to an older copy. What came before
	// under these numbers, and under higher ones, is no longer what it says.
	PutBack = "put back"
	putBack = "substr(reason, 1, 8) = 'put back'"
	notCome = "not pushed: its sender passes over what is refused"
)

func (g Gap) check() error {
	if g.Publisher == "" || g.First < 0 || g.Last < 0 || g.Last > 0 && g.Last < g.First {
		return fmt.Errorf("checking a gap: numbers %d to %d of %q (%q) are none", g.First, g.Last, g.Publisher, g.Epoch)
	}
	return nil
}

// split cuts the certificate out of a message, so that it is kept once. Where there
// is none, or it is not written as everybody writes it, the message stays whole.
func split(wire []byte) (rest, certificate []byte, cut int) {
	const member = `"certificate":`
	i := bytes.Index(wire, []byte(member))
	if i < 0 {
		return wire, nil, 0
	}
	from := i + len(member)
	text := bytes.TrimLeft(wire[from:], " ")
	from = len(wire) - len(text)
	if len(text) == 0 || text[0] != '"' {
		return wire, nil, 0
	}
	length := bytes.IndexByte(text[1:], '"')
	const least = 64 // less is not worth a row
	if length < least {
		return wire, nil, 0
	}
	from++
	certificate = wire[from : from+length]
	rest = append(append(make([]byte, 0, len(wire)-length), wire[:from]...), wire[from+length:]...)
	return rest, certificate, from
}

// join is the message that split has cut.
func join(rest, certificate []byte, cut int64) ([]byte, error) {
	if cut < 0 || cut > int64(len(rest)) {
		return nil, fmt.Errorf("%w: a message is shorter than the place of its certificate", ErrCorrupt)
	}
	wire := make([]byte, 0, len(rest)+len(certificate))
	return append(append(append(wire, rest[:cut]...), certificate...), rest[cut:]...), nil
}

// A stored is a row of messages or copies.
type stored struct {
	n, time          int64
	sequence, seq    sql.NullInt64
	certificate, cut sql.NullInt64
	wire             []byte
	copy             bool
}

const storedColumns = "n, time, sequence, seq, certificate, cut, wire"

func (s *stored) scan(rows interface{ Scan(...any) error }, more ...any) error {
	return rows.Scan(append([]any{&s.n, &s.time, &s.sequence, &s.seq, &s.certificate, &s.cut, &s.wire}, more...)...)
}

var errNoCertificate = errors.New("the certificate of a message is not there")
