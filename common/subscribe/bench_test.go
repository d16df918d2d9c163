package subscribe

import (
	"testing"
)

// BenchmarkCatchUp: one who was away takes what was said meanwhile, acknowledged a
// hundred at a time.
func BenchmarkCatchUp(b *testing.B) {
	h := newHost(b, "notes.host", testSigner(b, goodSigner))
	h.write(max(b.N, 51))
	s := open(b, Options{From: Start(), Verifier: testVerifier(b, nil)}, h)
	h.subscribed()
	b.ResetTimer()
	h.beat(int64(b.N))
	var taken []*Message
	for i := range b.N {
		m := next(b, s)
		if m.Gap != nil || m.Envelope.Seq != int64(i+1) {
			b.Fatalf("%+v", m)
		}
		if taken = append(taken, m); len(taken) == 100 || i == b.N-1 {
			ack(b, s, taken...)
			taken = taken[:0]
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}
