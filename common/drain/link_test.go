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
