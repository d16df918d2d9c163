package node

import (
	"errors"
	"slices"
	"testing"

	"busbar/common/config"
	"busbar/common/journal"
	"busbar/common/pump"
)

// TestResume: what was put aside is requeued at the start, unless it was tried
// too often; what is poison for another reason is a person's to retry.
func TestResume(t *testing.T) {
	n := testNode(t, func(*config.Bus) {})
	put := func(item, translator string, times int) {
		for range times {
			_, err := n.Journal.Append(t.Context(), journal.Record{
				Origin: "tape", Poison: "it takes long", Translator: translator, Item: []byte(item),
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	put("slow", pump.Aside, 1)
	put("odd", "notes", 1)
	put("slow twice", pump.Aside, maxResumed-1)
	put("endless", pump.Aside, maxResumed)
	var back []string
	n.Resume(t.Context(), func(row journal.PoisonRow) error {
		back = append(back, string(row.Item))
		return errors.New("the spool is full") // holds up no other
	})
	if !slices.Equal(back, []string{"slow", "slow twice"}) {
		t.Errorf("requeued: %q", back)
	}
	if c, err := n.Journal.Reader().Counts(t.Context()); err != nil || c.Poisoned != 4 {
		t.Errorf("%+v, %v", c, err)
	}
}
