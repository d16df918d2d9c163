package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"busbar/common/journal"
)

// A ledger is what the journal holds against what was acknowledged.
type ledger struct {
	messages                      int64
	lost, doubled                 int
	reordered                     int // behind a later mail that came the same way
	strangers                     int // refused, or never sent, and there all the same
	faults                        []string
	numbers                       map[int]int // how often each mail is there
	acked, refused, cut, cutThere int
}

// audit reads the whole journal: sequence, chain, signatures, numbers. ways
// tells how many ways in there were; mail n came by way n % ways.
func (s *site) audit(ctx context.Context, b *book, ways int) (ledger, error) {
	r, err := journal.OpenReader(ctx, s.journal)
	if err != nil {
		return ledger{}, err
	}
	defer r.Close()
	l := ledger{numbers: map[int]int{}, acked: len(b.acked), refused: len(b.refused), cut: len(b.cut)}
	newest := make([]int, ways)
	report, err := r.Verify(ctx, func(_ journal.Message, tree map[string]any) error {
		if v := s.verifier.Verify(tree); !v.OK || !v.SHA256 {
			return errors.New("its signature does not hold: " + v.Reason)
		}
		n, err := number(tree)
		if err != nil {
			return err
		}
		l.numbers[n]++
		if way := n % ways; n < newest[way] {
			l.reordered++
		} else {
			newest[way] = n
		}
		return nil
	})
	if err != nil {
		return l, err
	}
	for _, f := range report.Faults {
		l.faults = append(l.faults, fmt.Sprintf("message %d: %s", f.Seq, f.What))
	}
	l.messages = report.Messages
	l.count(b)
	return l, nil
}

func (l *ledger) count(b *book) {
	for n := range b.acked {
		if l.numbers[n] == 0 {
			l.lost++
		}
	}
	for n, times := range l.numbers {
		l.doubled += times - 1
		switch {
		case b.cut[n]:
			l.cutThere++
		case !b.acked[n]:
			l.strangers++
		}
	}
}

func (l ledger) String() string {
	return fmt.Sprintf("acknowledged %d (answered 75: %d; deliver killed: %d, of which arrived %d); journal %d, chain and signatures checked, faults %d; lost %d, doubled %d, reordered %d",
		l.acked, l.refused, l.cut, l.cutThere, l.messages, len(l.faults), l.lost, l.doubled, l.reordered)
}

// A result is what an act ends with.
type result struct {
	ledger
	what string
	live tally
}

func (r result) String() string { return r.what + "; " + r.ledger.String() + r.live.String() }

// verdict is what must hold.
func (r result) verdict() error {
	var bad []error
	for _, c := range []struct {
		count int
		what  string
	}{
		{r.lost, "lost"}, {r.doubled, "doubled"}, {r.strangers, "in the journal though refused or never sent"},
		{len(r.faults), "faults in the journal"}, {r.live.twice, "twice at the subscriber under two ids"},
		{r.live.bad, "bad frames at the subscriber"}, {r.live.silent, "missed by the subscriber without a notice"},
	} {
		if c.count != 0 {
			bad = append(bad, fmt.Errorf("%d %s", c.count, c.what))
		}
	}
	for _, f := range r.faults {
		bad = append(bad, errors.New(f))
	}
	return errors.Join(bad...)
}

// stored is how many messages the journal holds now.
func (s *site) stored(ctx context.Context) (int64, error) {
	r, err := journal.OpenReader(ctx, s.journal)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, journal.ErrMissing) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer r.Close()
	return r.LastSeq(ctx)
}

// empty says that no mail waits.
func (s *site) empty() (bool, error) {
	for _, dir := range []string{s.path("maildir/new"), s.spool + "/new"} {
		entries, err := os.ReadDir(dir)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil || len(entries) > 0 {
			return false, err
		}
	}
	return true, nil
}
