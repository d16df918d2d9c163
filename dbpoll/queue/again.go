package queue

import (
	"context"
	"fmt"

	"busbar/dbpoll/database"
)

// again is what is read once more of a replaced database's log, by its times.
type again struct {
	Since string `json:"since"` // moves on until nothing is left
	Until string `json:"until"` // rows of this time or an earlier one may be published already
	Below uint64 `json:"below"` // rows of this transaction and later ones are read as ever
}

// readAgain reads as much of it as a round takes.
func (q *Queue) readAgain(ctx context.Context, s *database.Snapshot) error {
	a := *q.at.Again
	n, err := (&horizonLog{}).ask(ctx, s, "public.transactions")
	if err != nil {
		return err
	}
	if q.reread == nil {
		q.reread = newWindow()
	}
	w := q.reread
	w.where = fmt.Sprintf("%s < %d", n.wide("xmin"), a.Below)
	list, more, err := w.entries(ctx, s, q.parts, a.Since, q.o.Most)
	if err != nil {
		return err
	}
	taken, err := q.tellLog(ctx, s, list, a.Until)
	if err != nil {
		return err
	}
	if !more && len(taken) == len(list) {
		q.reread, q.at.Again = nil, nil
		return nil
	}
	for _, e := range taken {
		w.isPublished(e)
		a.Since = e.row.Text("time")
	}
	w.advance(a.Since, q.o.Now())
	q.at.Again, q.round.left = &a, true
	return nil
}
