package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// RequestDrop asks the daemon that writes the journal to drop items of poison.
func RequestDrop(journal string, ids []int64) error {
	for _, id := range ids {
		// The same request twice is one.
		if err := leave(dropDir(journal), strconv.FormatInt(id, 10), nil, journal); err != nil && !errors.Is(err, os.ErrExist) {
			return fmt.Errorf("asking the daemon to drop item %d: %w", id, err)
		}
	}
	return nil
}

func dropDir(journal string) string { return journal + ".drop" }

// drops follows the requests of `poison drop` until ctx ends.
func (n *Node) drops(ctx context.Context) {
	logged := false
	tick := time.NewTicker(retryEvery)
	defer tick.Stop()
	for {
		err := n.drop(ctx)
		if err != nil && !logged && ctx.Err() == nil {
			n.Log.Warn("poison could not be dropped; trying again", "error", err)
		}
		logged = err != nil
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (n *Node) drop(ctx context.Context) error {
	dir := dropDir(n.bus.Journal)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking for poison to drop: %w", err)
	}
	var ids []int64
	var done []string
	for _, e := range entries {
		if id, err := strconv.ParseInt(e.Name(), 10, 64); err == nil && e.Type().IsRegular() {
			ids = append(ids, id)
			done = append(done, filepath.Join(dir, e.Name()))
		}
	}
	if len(ids) == 0 {
		return nil
	}
	if err := n.Journal.DropPoison(ctx, ids); err != nil {
		return err
	}
	n.Log.Info("poison dropped", "items", len(ids))
	for _, path := range done { // one that stays is followed again, and does nothing
		err = errors.Join(err, os.Remove(path))
	}
	return err
}
