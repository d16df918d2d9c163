package trial

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"busbar/common/event"
	"busbar/common/journal"
)

// Verify reads a whole journal, and checks its sequence and chain: how many
// messages there are, and what is wrong with them. visit may be nil; its error is
// a fault of that message.
func Verify(ctx context.Context, path string, visit func(journal.Message, map[string]any) error) (messages int64, faults []string, err error) {
	r, err := journal.OpenReader(ctx, path)
	if err != nil {
		return 0, nil, err
	}
	defer r.Close()
	report, err := r.Verify(ctx, visit)
	for _, f := range report.Faults {
		faults = append(faults, fmt.Sprintf("message %d: %s", f.Seq, f.What))
	}
	return report.Messages, faults, err
}

// Messages reads a journal's messages in their order; id is the UUID of the fact.
func Messages(ctx context.Context, path string, visit func(id string, e event.Envelope)) error {
	r, err := journal.OpenReader(ctx, path)
	if err != nil {
		return err
	}
	defer r.Close()
	for seq := int64(0); ; {
		batch, err := r.After(ctx, seq, 1000)
		if err != nil || len(batch) == 0 {
			return err
		}
		for _, m := range batch {
			seq = m.Seq
			_, e, err := event.ParseMessage(m.Wire)
			if err != nil {
				return err
			}
			id, err := event.IDUUID(m.ID)
			if err != nil {
				return err
			}
			visit(id.String(), e)
		}
	}
}

// Stored is how many messages a journal holds now; where there is none yet, 0.
func Stored(ctx context.Context, path string) (int64, error) {
	r, err := journal.OpenReader(ctx, path)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, journal.ErrMissing) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer r.Close()
	return r.LastSeq(ctx)
}

// Compare holds what was acknowledged against how often each is there: the
// numbers that are missing, and how often one is there too often.
func Compare(acknowledged map[int]bool, times map[int]int) (lost []int, doubled map[int]int) {
	doubled = map[int]int{}
	for n := range acknowledged {
		if times[n] == 0 {
			lost = append(lost, n)
		}
	}
	for n, k := range times {
		if k > 1 {
			doubled[n] = k - 1
		}
	}
	return lost, doubled
}

// A Count is a number that must be 0, and what it counts.
type Count struct {
	N    int
	What string
}

// Verdict is a broken promise where a count is not 0, with up to eight of the
// places that the trial noted.
func Verdict(counts []Count, where ...string) error {
	var bad []string
	for _, c := range counts {
		if c.N != 0 {
			bad = append(bad, fmt.Sprintf("%d %s", c.N, c.What))
		}
	}
	if len(bad) == 0 {
		return nil
	}
	return Broken(errors.New(strings.Join(append(bad, where[:min(len(where), 8)]...), "; ")))
}

// Broken marks an error as what a trial looks for: a promise that did not hold.
// Nil stays nil.
func Broken(err error) error {
	if err == nil {
		return nil
	}
	return &broken{err}
}

type broken struct{ error }

func (b *broken) Unwrap() error { return b.error }
