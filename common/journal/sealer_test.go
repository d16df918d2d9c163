package journal

import (
	"errors"
	"sync"
	"testing"
	"time"

	"busbar/common/event"
)

// TestSealedMeanwhile: the first of a group is being signed while the second gets its
// place, and order and numbers are those of submission.
func TestSealedMeanwhile(t *testing.T) {
	t.Parallel()
	placed := make(chan struct{})
	place := sync.OnceFunc(func() { close(placed) })
	kind := event.Define("notes.note.create", "somebody wrote a note", func(b noteBody) string {
		if b.Text == "second" {
			place()
		}
		return b.Text
	}, nil)
	o := options(journalPath(t))
	o.Seal = func(m *event.Encoded) error {
		select {
		case <-placed:
			m.Set("signature", "s")
			return nil
		case <-time.After(time.Minute):
			return errors.New("the second never got its place")
		}
	}
	j := mustOpen(t, o)
	records := make([]Record, 0, 3)
	for _, text := range []string{"first", "second", "third"} {
		records = append(records, Record{Origin: "test", Received: someday, Events: []event.Event{
			{Kind: kind, Key: text, Time: someday, Body: noteBody{Text: text}},
		}})
	}
	results, errs := together(t, j, records...)
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if len(r.Seqs) != 1 || r.Seqs[0] != int64(i+1) {
			t.Errorf("record %d: %+v", i, r)
		}
	}
	mustVerify(t, j.Reader())
}
