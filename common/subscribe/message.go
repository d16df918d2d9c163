package subscribe

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/google/uuid"

	"busbar/common/event"
)

// A Message is one thing that is handed out: what a publisher said, or, if Gap is
// set, that something of it is missing. Either is to be acknowledged.
type Message struct {
	Topic    string // as published
	Body     []byte // as published: what the signatures cover
	Tree     map[string]any
	Envelope event.Envelope
	Signer   string // the certificate's name; empty if nothing is verified
	Endpoint string // from which it came
	Replayed bool   // it was asked for again: it is not news, and still new to us
	// Live says that its publisher counts nothing, as fedmsg's own: what is lost of
	// it cannot be noticed.
	Live bool
	Gap  *Gap

	entry *entry
}

// A Reason says why something is missing for good.
type Reason string

// The reasons of a Gap.
const (
	Retention Reason = "retention" // the publisher's journal no longer keeps it
	Lost      Reason = "lost"      // the publisher lost its journal, and counts from 1 again
	PutBack   Reason = "put back"  // its journal was put back to an older copy: these numbers are used again, for other messages
	NoReplay  Reason = "no replay" // whoever is there does not say again what it said
	Refused   Reason = "refused"   // it came, and is not to be believed
	Missing   Reason = "missing"   // the publisher's journal does not have it, against its own word
	Slow      Reason = "slow"      // of a publisher that counts nothing: we were too slow
)

// A Gap is a run of messages that will not be handed out.
type Gap struct {
	Publisher, Epoch string
	Signer           string
	Endpoint         string
	// From and To are numbers, both included. To is 0 where nobody knows how far it
	// went. Both are 0 where nothing is counted.
	From, To int64
	Count    int64 // of messages that bear no number
	Reason   Reason
	Detail   string // for people
}

// String is the gap for people.
func (g Gap) String() string {
	what := fmt.Sprintf("messages %d to %d of %s, epoch %s", g.From, g.To, g.Publisher, g.Epoch)
	switch {
	case g.From == 0 && g.To == 0:
		what = fmt.Sprintf("%d messages from %s", g.Count, g.Endpoint)
	case g.To == 0:
		what = fmt.Sprintf("what %s said after message %d of epoch %s", g.Publisher, g.From-1, g.Epoch)
	case g.From == 0:
		what = fmt.Sprintf("what %s said up to message %d of epoch %s", g.Publisher, g.To, g.Epoch)
	}
	why := map[Reason]string{
		Retention: "its journal no longer keeps this",
		Lost:      "its journal was lost, or made again",
		PutBack:   "its journal was put back to an older copy, and uses these numbers again",
		NoReplay:  "no replay is answered there",
		Refused:   "refused",
		Missing:   "its journal does not have this, against its own word",
		Slow:      "they came faster than they were taken, and bear no numbers",
	}[g.Reason]
	if g.Detail != "" {
		why += " (" + g.Detail + ")"
	}
	return what + ": " + why
}

// A fact is what duplicates are found by: a digest of the id and the topic, as
// wire.Follower has it.
type fact [16]byte

func factOf(id uuid.UUID, topic string) fact {
	sum := sha256.Sum256(append(id[:], topic...))
	return fact(sum[:16])
}

func (f fact) String() string { return hex.EncodeToString(f[:]) }

func parseFact(text string) (f fact, err error) {
	if n, err := hex.Decode(f[:], []byte(text[:min(len(text), 2*len(f))])); err != nil || n != len(f) {
		return f, fmt.Errorf("%.40q is no id that this program stored", text)
	}
	return f, nil
}

// An item is a message on its way to the caller.
type item struct {
	st       *stream // nil: it bears no number
	topic    string
	body     []byte
	signer   string
	endpoint string
	replayed bool

	seq        int64
	fact       fact
	hasFact    bool
	hash, prev string

	gap  *Gap
	turn bool // the gap begins the numbers again, behind seq
	last bool // the gap ends its stream
}

// cost is what an item may use of the memory for those that wait.
func (it *item) cost() int { return len(it.body) + len(it.topic) + 512 }

// itemOf is a verified message as an item. hash is its own, where it is known.
func itemOf(tree map[string]any, e event.Envelope, topic string, body []byte, hash string) (*item, error) {
	it := &item{topic: topic, body: body, prev: string([]byte(e.Prev))}
	if id, err := event.IDUUID(e.MsgID); err == nil {
		it.fact, it.hasFact = factOf(id, topic), true
	}
	if e.Publisher == "" {
		return it, nil
	}
	if it.seq = e.Seq; it.seq < 1 || it.seq > maxSeq {
		return nil, fmt.Errorf("a message of %.100q bears no number that counts", e.Publisher)
	}
	if it.hash = hash; hash != "" {
		return it, nil
	}
	var err error
	it.hash, err = event.Hash(tree)
	return it, err
}
