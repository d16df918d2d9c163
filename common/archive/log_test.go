package archive

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"time"
)

// TestLogBounded: readers that are never all gone at once do not let the log grow.
func TestLogBounded(t *testing.T) {
	a := mustOpen(t, Options{})
	a.log.max = 1 << 20
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	mustAppend(t, a, Batch{Messages: []Incoming{read(t, numbered(1).wire(t))}})
	ended := make(chan error, 2)
	for range cap(ended) {
		go func() { ended <- readOn(ctx, a) }()
	}
	var most int64
	for seq := int64(2); seq < 4000; {
		var b Batch
		for range 100 {
			b.Messages = append(b.Messages, read(t, numbered(seq).wire(t)))
			seq++
		}
		mustAppend(t, a, b)
		_, log := a.Sizes()
		most = max(most, log)
	}
	cancel()
	for range cap(ended) {
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	}
	// A batch is within a few hundred kilobytes.
	if most > 2<<20 {
		t.Fatalf("the log grew to %d bytes, of which it may have %d", most, a.log.max)
	}
	if a.log.again != (time.Time{}) {
		t.Fatal("the writer waited in vain")
	}
}

// readOn reads one moment of the archive after another, each for a while.
func readOn(ctx context.Context, a *Archive) error {
	for ctx.Err() == nil {
		err := func() error {
			tx, err := a.Reader.db.BeginTx(context.Background(), &sql.TxOptions{ReadOnly: true})
			if err != nil {
				return err
			}
			defer tx.Rollback()
			var n int64
			if err := tx.QueryRow("SELECT count(*) FROM messages").Scan(&n); err != nil {
				return fmt.Errorf("reading: %w", err)
			}
			select {
			case <-ctx.Done():
			case <-time.After(20 * time.Millisecond):
			}
			return nil
		}()
		if err != nil {
			return err
		}
	}
	return nil
}
