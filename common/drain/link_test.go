package drain

import (
	"context"
	"math/rand/v2"
	"testing"

	"busbar/common/journal"
)

// positions is a store that keeps cursors alone.
type positions struct{ Store }

func (positions) SetCursor(context.Context, string, int64) error { return nil }

// TestLinkCounts hands over batches of random sizes and answers them in parts: what
// is without an answer is counted rightly, and what is remembered of it is as many
// batches as fit, however small each was.
func TestLinkCounts(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 11))
	for round := range 200 {
		d := &Drain{Store: positions{}, Name: "test", Window: -1, Patience: -1}
		link := d.newLink(func(err error) { t.Fatal(err) }, 0)
		sizes := map[int64]int{}
		handed, acked := int64(0), int64(0)
		for range 300 {
			if handed > acked && random.IntN(3) == 0 {
				acked += 1 + random.Int64N(handed-acked)
				link.Ack(acked)
			} else {
				var batch []journal.Message
				for range 1 + random.IntN(9) {
					handed++
					sizes[handed] = 1 + random.IntN(1000)
					batch = append(batch, journal.Message{Seq: handed, Wire: make([]byte, sizes[handed])})
				}
				link.hand(batch)
			}
			least := 0 // a batch counts until all of it is answered
			for seq := acked + 1; seq <= handed; seq++ {
				least += sizes[seq]
			}
			at, messages, bytes := link.at()
			if at != handed || messages != handed-acked || bytes < least {
				t.Fatalf("round %d: handed %d, acked %d, %d bytes at least: at says %d, %d, %d", round, handed, acked, least, at, messages, bytes)
			}
			if most := 2 + 2*(handed-acked)/batchMessages; int64(len(link.out)) > most {
				t.Fatalf("%d messages are remembered as %d batches", handed-acked, len(link.out))
			}
		}
		link.Ack(handed)
		if _, messages, bytes := link.at(); messages != 0 || bytes != 0 || len(link.out) != 0 {
			t.Fatalf("all is answered, and %d messages of %d bytes are out", messages, bytes)
		}
	}
}

// A keeper is a store that keeps bookmarks.
type keeper struct {
	positions
	seq      int64
	bookmark string
}

func (k *keeper) Bookmark(context.Context, string) (string, error) { return k.bookmark, nil }

func (k *keeper) SetBookmark(_ context.Context, _ string, seq int64, bookmark string) error {
	k.seq, k.bookmark = seq, bookmark
	return nil
}

func (k *keeper) SetCursor(_ context.Context, _ string, seq int64) error {
	k.seq = seq
	return nil
}

func (k *keeper) OpenSink(context.Context, string, journal.Begin) (int64, error) { return k.seq, nil }
func (k *keeper) Missed(context.Context, string) ([]journal.Missed, error)       { return nil, nil }

// TestBookmark: what the sink calls its place is kept with the cursor, and is there when
// it is opened again; a store that keeps none gives none.
func TestBookmark(t *testing.T) {
	k := &keeper{}
	open := func(s Store) *Link {
		t.Helper()
		d := &Drain{Store: s, Name: "test", Patience: -1}
		at, err := d.open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return d.newLink(func(err error) { t.Fatal(err) }, at)
	}
	link := open(k)
	link.hand([]journal.Message{{Seq: 1}, {Seq: 2}, {Seq: 3}})
	if link.Bookmark() != "" {
		t.Errorf("at first there is %q", link.Bookmark())
	}
	link.AckAt(2, "two")
	link.AckAt(1, "one") // an old one
	if k.seq != 2 || link.Bookmark() != "two" {
		t.Errorf("at %d there is %q", k.seq, link.Bookmark())
	}
	link.Ack(3)
	if link = open(k); link.Cursor() != 3 || link.Bookmark() != "two" {
		t.Errorf("at the next start at %d there is %q", link.Cursor(), link.Bookmark())
	}
	link = open(struct{ Store }{k})
	link.hand([]journal.Message{{Seq: 4}})
	if link.AckAt(4, "four"); link.Bookmark() != "" || k.seq != 4 || k.bookmark != "two" {
		t.Errorf("of a store without bookmarks there is %q", link.Bookmark())
	}
}
