package replay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"time"

	"busbar/bus/ask"
	"busbar/bus/config"
	"busbar/common/event"
	"busbar/common/exit"
	"busbar/common/journal"
	again "busbar/common/replay"
)

// open finds who is to be asked.
func (c *command) open(ctx context.Context, cfg config.Config, log *slog.Logger) (source, error) {
	scheme, _, _ := strings.Cut(c.Where, ":")
	switch {
	case scheme == "tcp":
		return one{publisher{&again.Client{Patience: c.Timeout, Log: log}, c.Where}}, nil
	case scheme == "http" || scheme == "https":
		return openHub(c.Where, c.Timeout)
	}
	_, err := os.Stat(c.Where)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("replaying: %w", err)
	}
	if err == nil || strings.Contains(c.Where, "/") {
		return openJournal(ctx, c.Where)
	}
	at, err := find(ctx, c.Where, cfg, &again.Client{Patience: c.Timeout, Log: log})
	if err != nil {
		return nil, fmt.Errorf("replaying: %w", err)
	}
	return one{publisher{&again.Client{Patience: c.Timeout, Log: log}, at}}, nil
}

// unable gives the error of who could not be asked its exit code: what passes by
// itself, or what does not.
func unable(err error) error {
	for _, stays := range []error{again.ErrNoReplay, again.ErrRefused, ask.ErrNoHub} {
		if errors.Is(err, stays) {
			return &exit.Error{Code: exit.Config, Err: err}
		}
	}
	return &exit.Error{Code: exit.Code(err, exit.TempFail), Err: err}
}

// A publisher is asked over its connection.
type publisher struct {
	*again.Client
	at string
}

func (p publisher) have(ctx context.Context, publisher, epoch string) (again.Have, error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(p.Patience, time.Minute))
	defer cancel()
	return p.Have(ctx, p.at, publisher, epoch)
}

func (p publisher) fetch(ctx context.Context, r again.Range, hand func(string, []byte) error) error {
	return p.Fetch(ctx, p.at, r, hand)
}

func (p publisher) byID(ctx context.Context, id string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(p.Patience, time.Minute))
	defer cancel()
	return p.ByID(ctx, p.at, id)
}

func (p publisher) close() error { return nil }

// A book is a journal that is read as its publisher would send it.
type book struct {
	again.Journal
}

func openJournal(ctx context.Context, path string) (source, error) {
	r, err := journal.OpenReader(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("replaying: %w", err)
	}
	counts, err := r.Counts(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("replaying: %w", err), r.Close())
	}
	return one{book{again.Journal{Reader: r, Publisher: counts.Identity.Name, Epoch: counts.Epoch}}}, nil
}

func (b book) have(ctx context.Context, publisher, epoch string) (again.Have, error) {
	return b.Have(ctx, publisher, epoch)
}

// readAtOnce is how many messages are read in one go: a reader that takes its time
// holds up the journal's log.
const readAtOnce = 256

func (b book) fetch(ctx context.Context, r again.Range, hand func(string, []byte) error) error {
	h, err := b.Have(ctx, "", "")
	if err != nil {
		return err
	}
	from, to := cmp.Or(r.From, h.Oldest), h.Newest
	if r.From == 0 && !r.Since.IsZero() {
		if from, err = b.Since(ctx, h, r.Since); err != nil {
			return err
		}
	}
	if r.To > 0 {
		to = min(to, r.To)
	}
	switch {
	case from < h.Oldest:
		return &again.GoneError{Next: from, Oldest: h.Oldest}
	case from > h.Newest+1, from > h.Newest && r.To > 0:
		return &again.AbsentError{Next: from, Newest: h.Newest}
	}
	for from <= to {
		list, err := b.Reader.After(ctx, int64(from)-1, readAtOnce)
		if err != nil {
			return err
		}
		for _, m := range list {
			if uint64(m.Seq) > to {
				break
			}
			if uint64(m.Seq) != from {
				return &again.GoneError{Next: from, Oldest: uint64(m.Seq)}
			}
			if err := hand(m.Topic, m.Wire); err != nil {
				return err
			}
			from++
		}
		if len(list) == 0 {
			return &again.GoneError{Next: from}
		}
	}
	if r.To > to {
		return &again.AbsentError{Next: from, Newest: h.Newest}
	}
	return nil
}

func (b book) byID(ctx context.Context, id string) ([]byte, error) {
	if _, err := event.IDUUID(id); err != nil {
		return nil, again.ErrNoMatch // nothing has such an id
	}
	m, err := b.Reader.ByID(ctx, id)
	switch {
	case errors.Is(err, journal.ErrPruned):
		return nil, again.ErrDropped
	case errors.Is(err, journal.ErrNotFound), errors.Is(err, journal.ErrElsewhere):
		return nil, again.ErrNoMatch
	}
	return m.Wire, err
}

func (b book) close() error { return b.Reader.Close() }
