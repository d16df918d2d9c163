package outbox

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"busbar/bus/notify/dest"
)

// TestBounced: four notes in a row that come back pause their address, each counted once,
// and what tells a note cannot be made up.
func TestBounced(t *testing.T) {
	o, _ := openTest(t)
	var notes []Planned
	for i := range 8 {
		notes = append(notes, Planned{"mail", dest.Note{ID: fmt.Sprintf("note%d", i), To: "jane@example.org"}})
	}
	if err := o.Write(t.Context(), Batch{Notes: notes}, nil); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	bounce := func(i int, at time.Time) (known, paused bool) {
		known, paused, err := o.Bounced(t.Context(), fmt.Sprintf("note%d", i), "failed 5.1.1", at)
		if err != nil {
			t.Fatal(err)
		}
		return known, paused
	}
	if known, _ := bounce(99, now); known {
		t.Error("a note that there is not")
	}
	for i := range 3 {
		for range 3 {
			if known, paused := bounce(i, now); !known || paused {
				t.Fatalf("bounce %d: %v %v", i, known, paused)
			}
		}
	}
	if _, paused := bounce(3, now.Add(8*24*time.Hour)); paused {
		t.Fatal("a bounce after eight days is of the same row")
	}
	for i := 4; i < 7; i++ {
		if _, paused := bounce(i, now.Add(9*24*time.Hour)); paused != (i == 6) {
			t.Fatalf("bounce %d: paused %v", i, paused)
		}
	}
	paused, err := o.Paused(t.Context())
	if err != nil || len(paused) != 1 || paused[0].To != "jane@example.org" || !strings.Contains(paused[0].Reason, "5.1.1") {
		t.Errorf("%+v, %v", paused, err)
	}
	secret := []byte("a secret")
	token := BounceOf(secret, "note1")
	if note, ok := BouncedNote(secret, token); !ok || note != "note1" {
		t.Errorf("%s, %v", note, ok)
	}
	for _, forged := range []string{"", "-", "note1", "note1-", "note2" + token[5:], token + "0", BounceOf([]byte("another"), "note1")} {
		if _, ok := BouncedNote(secret, forged); ok {
			t.Errorf("%q is taken", forged)
		}
	}
}
