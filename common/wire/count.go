package wire

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"busbar/common/event"
	"busbar/common/recent"
)

// Limits on what is remembered of those who speak. Each signer has a share of
// its own, so that none can make us forget the others.
const (
	maxSigners = 1000
	maxRuns    = 100    // sequences of one signer
	unverified = 10_000 // sequences of all, where nobody is verified
	maxName    = 256    // bytes of a publisher's name or epoch
	maxEpochs  = 4      // that are remembered of a publisher
	maxTrim    = 1000   // numbers that are looked up to shorten a gap
)

// MaxSeq is the highest number that counts: JSON readers that know only floats
// agree on numbers up to here (RFC 8259 §6), and nobody comes so far.
const MaxSeq = 1<<53 - 1

// clockWrong is how far a heartbeat's time may be from ours.
const clockWrong = 10 * time.Minute

// A count compares the numbers of each publisher's messages.
type count struct {
	signers *recent.Memory[string, *signer]
	numbers *recent.Memory[place, uuid.UUID]
	owners  *recent.Memory[string, string] // the signer who first used a publisher's name
	now     func() time.Time
}

// A signer is what was seen of one. Nobody can spoil another's count by using
// its name.
type signer struct {
	runs       *recent.Memory[stream, *run]
	publishers *recent.Memory[string, *publisher]
}

// A stream is one sequence of numbers.
type stream struct{ publisher, epoch string }

// A run is where a stream stands.
type run struct {
	newest  int64
	clockUp bool // its wrong clock was reported
}

// A place is a number of a run.
type place struct {
	of  *run
	seq int64
}

// A publisher is which sequences one name has had.
type publisher struct {
	epoch    string
	earlier  []string
	reported bool // that two take turns
}

func newCount(remember int) *count {
	return &count{
		signers: recent.New[string, *signer](maxSigners), numbers: recent.New[place, uuid.UUID](remember),
		owners: recent.New[string, string](unverified), now: time.Now,
	}
}

// message counts one that holds. Doubles move the count, too, for another
// publisher may have told the same fact first.
func (c *count) message(d *Delivery, id uuid.UUID) {
	e := d.Envelope
	if e.Publisher == "" {
		return
	}
	if len(e.Publisher) > maxName || len(e.Epoch) > maxName {
		d.note("the publisher %.40q… is not counted: its name or epoch is longer than %d bytes", e.Publisher, maxName)
		return
	}
	n, ok := numberOf(d)
	if !ok {
		d.note("a message of %s bears no number that counts (from 1 to %d)", e.Publisher, int64(MaxSeq))
		return
	}
	// A copy: a part of the message's text would keep all of it.
	name, epoch := strings.Clone(e.Publisher), strings.Clone(e.Epoch)
	c.owner(d, name)
	s := c.signer(strings.Clone(d.Verdict.Signer))
	s.epoch(d, name, epoch)
	r, known := s.runs.Get(stream{name, epoch})
	if !known {
		r = &run{newest: n}
	}
	s.runs.Put(stream{name, epoch}, r)
	if d.Heartbeat {
		c.clock(d, r)
		c.advance(d, r, n+1)
		r.newest = max(r.newest, n)
		return
	}
	before, used := c.numbers.Get(place{r, n})
	d.Reused = used && before != id
	c.numbers.Put(place{r, n}, id)
	switch {
	case !known:
	case n > r.newest:
		c.advance(d, r, n)
		r.newest = n
	case d.Reused:
		r.newest = n
	case !used && !d.Duplicate && n < r.newest:
		d.Back, r.newest = r.newest, n
	}
}

// numberOf is a message's own number, or the newest that a heartbeat tells.
func numberOf(d *Delivery) (int64, bool) {
	v, least := d.Tree["seq_id"], int64(1)
	if d.Heartbeat {
		msg, _ := d.Envelope.Msg.(map[string]any)
		v, least = msg["newest"], 0
	}
	text, _ := v.(event.Int)
	n, err := strconv.ParseInt(string(text), 10, 64)
	return n, err == nil && n >= least && n <= MaxSeq
}

// advance reports the numbers that were passed over if next comes now, but for
// those that came by another way at the ends.
func (c *count) advance(d *Delivery, r *run, next int64) {
	from, to := r.newest+1, next-1
	for tries := 0; from <= to && tries < maxTrim && c.came(r, from); tries++ {
		from++
	}
	for tries := 0; from <= to && tries < maxTrim && c.came(r, to); tries++ {
		to--
	}
	if from <= to {
		d.Gap = &Gap{Publisher: d.Envelope.Publisher, Epoch: d.Envelope.Epoch, From: from, To: to}
	}
}

func (c *count) came(r *run, n int64) bool {
	_, came := c.numbers.Get(place{r, n})
	return came
}

func (c *count) signer(name string) *signer {
	s, known := c.signers.Get(name)
	if !known {
		size := maxRuns
		if name == "" {
			size = unverified
		}
		s = &signer{recent.New[stream, *run](size), recent.New[string, *publisher](size)}
	}
	c.signers.Put(name, s)
	return s
}

// owner notes that two certificates use one publisher's name.
func (c *count) owner(d *Delivery, name string) {
	first, known := c.owners.Get(name)
	if !known {
		first = strings.Clone(d.Verdict.Signer)
	}
	c.owners.Put(name, first)
	if pair := name + "\x00" + d.Verdict.Signer; first != d.Verdict.Signer {
		if _, reported := c.owners.Get(pair); !reported {
			d.note("the publisher's name %s is used by two certificates: %s and %s", name, first, d.Verdict.Signer)
		}
		c.owners.Put(pair, "")
	}
}

// epoch notes that a publisher began a new sequence, and that two take turns.
func (s *signer) epoch(d *Delivery, name, epoch string) {
	p, known := s.publishers.Get(name)
	if !known {
		p = &publisher{epoch: epoch}
	}
	s.publishers.Put(name, p)
	if p.epoch == epoch {
		return
	}
	switch {
	case !slices.Contains(p.earlier, epoch):
		d.note("%s began a new sequence (epoch %s after %s): its journal was recreated, or a second publisher has its name", name, epoch, p.epoch)
	case !p.reported:
		p.reported = true
		d.note("two publishers have the name %s: its epochs %s and %s take turns (give one of them another [bus] name)", name, p.epoch, epoch)
	}
	if p.earlier = append(p.earlier, p.epoch); len(p.earlier) > maxEpochs {
		p.earlier = p.earlier[1:]
	}
	p.epoch = epoch
}

// clock notes that a publisher's clock and ours differ, once until they agree.
func (c *count) clock(d *Delivery, r *run) {
	off := c.now().Sub(time.Unix(d.Envelope.Timestamp, 0))
	wrong := off.Abs() > clockWrong
	if wrong && !r.clockUp {
		d.note("the heartbeat of %s is %s from our time: one of the clocks is wrong, or it is an old one", d.Envelope.Publisher, off.Round(time.Second))
	}
	r.clockUp = wrong
}

func (d *Delivery) note(format string, args ...any) {
	d.Notes = append(d.Notes, fmt.Sprintf(format, args...))
}
