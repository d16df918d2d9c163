package replay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"busbar/common/event"
	"busbar/common/journal"
)

// A Source is what a server says again. It is used by several goroutines.
type Source interface {
	// Have says what is kept of a sequence; of the only one, if the names are empty.
	// It is an *EpochError where that sequence is not here.
	Have(ctx context.Context, publisher, epoch string) (Have, error)
	// Each hands out messages by number, ascending, until yield returns false. What
	// it leaves out is gone. The text of a message is valid during the call alone.
	Each(ctx context.Context, h Have, from, to uint64, yield func(seq uint64, topic string, wire []byte) bool) error
	// Since is the first number whose message was taken at a time or later.
	Since(ctx context.Context, h Have, t time.Time) (uint64, error)
	// ByID is the number of the message with an id, 0 if it never was here.
	ByID(ctx context.Context, h Have, id string) (uint64, error)
}

// A Finder is a source of several sequences. What a query of fedmsg's means that names
// none of them, it finds among all, for there a number alone means nothing.
type Finder interface {
	// Find gives at most limit messages in the order of the answer: numbers that Each
	// takes with h. dropped says that retention has dropped others that were meant.
	Find(ctx context.Context, s Sought, limit int) (h Have, numbers []uint64, dropped bool, err error)
}

// Sought is what a query means; its parts are OR-ed.
type Sought struct {
	All   bool
	IDs   []string
	Times [][2]time.Time // when they were taken: whole seconds, both ends included
}

// Have is what is kept of a sequence. Newest is Oldest-1 where nothing is.
type Have struct {
	Publisher string `json:"publisher"`
	Epoch     string `json:"epoch"`
	Oldest    uint64 `json:"oldest"`
	Newest    uint64 `json:"newest"`
	// Archive says that the server is not the publisher, and may be behind it.
	Archive bool `json:"archive,omitempty"`
}

// A Journal is the source of the one sequence that a journal has.
type Journal struct {
	Reader           *journal.Reader
	Publisher, Epoch string
}

func (s Journal) Have(ctx context.Context, publisher, epoch string) (Have, error) {
	if publisher != "" && publisher != s.Publisher || epoch != "" && epoch != s.Epoch {
		return Have{}, &EpochError{Publisher: s.Publisher, Epoch: s.Epoch}
	}
	oldest, newest, err := s.Reader.Span(ctx)
	return Have{Publisher: s.Publisher, Epoch: s.Epoch, Oldest: uint64(oldest), Newest: uint64(newest)}, err
}

// Each takes a number that is missing for damage, unless retention dropped it.
func (s Journal) Each(ctx context.Context, h Have, from, to uint64, yield func(uint64, string, []byte) bool) error {
	next, stopped := from, false
	var hole uint64
	err := s.Reader.Each(ctx, int64(from), int64(to), func(seq int64, topic string, wire []byte) bool {
		if uint64(seq) != next && hole == 0 {
			hole = next
		}
		next = uint64(seq) + 1
		stopped = !yield(uint64(seq), topic, wire)
		return !stopped
	})
	if err != nil {
		return err
	}
	if hole == 0 && next <= to && !stopped {
		hole = next
	}
	if hole == 0 {
		return nil
	}
	if h, err = s.Have(ctx, "", ""); err != nil || hole < h.Oldest {
		return err
	}
	return fmt.Errorf("message %d is not in the journal: %w", hole, journal.ErrCorrupt)
}

func (s Journal) Since(ctx context.Context, _ Have, t time.Time) (uint64, error) {
	seq, err := s.Reader.Since(ctx, t)
	return uint64(seq), err
}

func (s Journal) ByID(ctx context.Context, _ Have, id string) (uint64, error) {
	if _, err := event.IDUUID(id); err != nil {
		return 0, nil // nothing has such an id
	}
	seq, err := s.Reader.Number(ctx, id)
	if errors.Is(err, journal.ErrNotFound) || errors.Is(err, journal.ErrElsewhere) {
		return 0, nil
	}
	return uint64(seq), err
}
