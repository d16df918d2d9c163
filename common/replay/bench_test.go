package replay

import (
	"context"
	"runtime"
	"testing"
)

// BenchmarkFetch sends a journal of 50,000 messages of some 850 bytes again and
// again, over TCP; server and client share the process, and so the memory.
func BenchmarkFetch(b *testing.B) {
	const messages = 50_000
	book := newBook(b, 0)
	book.add(messages, 480)
	endpoint := serve(b, New(book.source(), nil))
	n, size, most := 0, 0, uint64(0)
	look := func() {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		most = max(most, m.HeapInuse+m.StackInuse)
	}
	for b.Loop() {
		err := (&Client{}).Fetch(context.Background(), endpoint, Range{}, func(_ string, body []byte) error {
			if n, size = n+1, size+len(body); n%10_000 == 0 {
				look()
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "messages/s")
	b.ReportMetric(float64(size)/float64(n), "B/message")
	b.ReportMetric(float64(most)/(1<<20), "MiB-most")
}
