package journal

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/google/uuid"

	"busbar/common/event"
)

// maxItem bounds an item and a message, far below what SQLite can hold.
const maxItem = 256 << 20

// A Record is whatever became of one item. It is stored in one transaction.
type Record struct {
	Origin   string // where the item was read, for people
	Received time.Time
	Evidence []event.Evidence
	// Events are published under their ids. Those already known are dropped
	// and counted, as are kinds of a family that Options.Compat does not keep
	// (these without a count).
	Events []event.Event
	Skip   string // why nothing is said; counted
	// Poison is why the item cannot be read. The item is kept; if it is there
	// already, its attempts grow and the newest reason stands.
	Poison     string
	Item       []byte // the raw item
	Translator string // who claimed it
	// Digest is the item's SHA-256 in hex; made from Item if empty. A record
	// without poison removes the poison of its digest.
	Digest string
	// Source names what made the item, to which it goes back if it is poison; with
	// Position, how far that was read with this record.
	Source   string
	Position []byte
	// States are what sources now say of their things.
	States []event.State
	// Suppressed are facts that another publisher published: from now on they are
	// known here, and never published.
	Suppressed []uuid.UUID
}

// A Result is what Append did.
type Result struct {
	Seqs       []int64 // of the messages made, in the order of the events
	Duplicates int     // events that were known
	// Disputed are the messages that tell facts of this record in other words
	// and on evidence that is no worse: the item is kept beside the poison.
	Disputed []string
	// Poison is why the record became poison though it was none: an event
	// that cannot be encoded.
	Poison string
}

// refuse turns r into poison because its events cannot be published. Without
// the item there is nothing to keep, and the record fails.
func (r *Record) refuse(cause error) error {
	if r.Item == nil {
		return fmt.Errorf("%w: %w", ErrRecord, cause)
	}
	r.Poison, r.Skip, r.Events = "the journal refused it: "+cause.Error(), "", nil
	return r.complete()
}

// complete checks r and fills in what may be left out.
func (r *Record) complete() error {
	if len(r.Item) > maxItem {
		return fmt.Errorf("%w: its item has %d bytes, more than %d", ErrRecord, len(r.Item), maxItem)
	}
	if r.Poison != "" && len(r.Events) > 0 {
		return fmt.Errorf("%w: it has events and is poison", ErrRecord)
	}
	if r.Source == "" && r.Position != nil {
		return fmt.Errorf("%w: it has a position without a source", ErrRecord)
	}
	for _, s := range r.States {
		if s.Source == "" || s.Key == "" {
			return fmt.Errorf("%w: it has a state without a source or a key (%q, %q)", ErrRecord, s.Source, s.Key)
		}
	}
	if r.Digest == "" && (r.Poison != "" || r.Item != nil) {
		r.Digest = digest(r.Item)
	}
	return nil
}

func digest(item []byte) string {
	sum := sha256.Sum256(item)
	return hex.EncodeToString(sum[:])
}
