package main

import (
	"context"
	"errors"
	"fmt"

	"busbar/common/journal"
	"busbar/contrib/trials/trial"
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
	l := ledger{numbers: map[int]int{}, acked: len(b.acked), refused: len(b.refused), cut: len(b.cut)}
	newest := make([]int, ways)
	var err error
	l.messages, l.faults, err = trial.Verify(ctx, s.journal, func(_ journal.Message, tree map[string]any) error {
		if v := s.verifier.Verify(tree); !v.OK || !v.Strong {
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
	l.count(b)
	return l, nil
}

func (l *ledger) count(b *book) {
	lost, doubled := trial.Compare(b.acked, l.numbers)
	l.lost = len(lost)
	for _, more := range doubled {
		l.doubled += more
	}
	for n := range l.numbers {
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
	return trial.Verdict([]trial.Count{
		{N: r.lost, What: "lost"}, {N: r.doubled, What: "doubled"}, {N: r.strangers, What: "in the journal though refused or never sent"},
		{N: len(r.faults), What: "faults in the journal"}, {N: r.live.twice, What: "twice at the subscriber under two ids"},
		{N: r.live.bad, What: "bad frames at the subscriber"}, {N: r.live.silent, What: "missed by the subscriber without a notice"},
	}, r.faults...)
}
