package node

import (
	"context"
	"fmt"

	"busbar/common/journal"
	"busbar/common/pump"
)

// maxResumed is how often an item may have been put aside and still be tried again
// by itself: one that never ends must not cost every start its time.
const maxResumed = 3

// Resume requeues, as `poison retry` does, what an earlier run put aside because
// it took too long: the run that was still at it has ended. It is called before
// the pumps run. An item that cannot be requeued stays poison, which is said.
func (n *Node) Resume(ctx context.Context, retry func(journal.PoisonRow) error) {
	rows, err := n.Journal.Reader().Poisoned(ctx)
	if err != nil {
		n.Log.Warn("slow items of an earlier run could not be listed; they stay poison", "error", err)
		return
	}
	for _, row := range rows {
		if row.Translator != pump.Aside || row.Attempts >= maxResumed {
			continue
		}
		row, err := n.Journal.Reader().PoisonItem(ctx, row.ID)
		if err == nil {
			err = retry(row)
		}
		if err != nil {
			n.Log.Warn("slow item of an earlier run could not be requeued; it stays poison", "origin", row.Origin, "error", fmt.Errorf("requeueing item %d: %w", row.ID, err))
			continue
		}
		n.Log.Info("slow item of an earlier run requeued", "origin", row.Origin, "attempts", row.Attempts)
	}
}
