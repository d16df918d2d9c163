package wire

import (
	"fmt"
	"testing"
)

// BenchmarkPubSub sends through the loopback to one subscriber; every message
// must arrive.
func BenchmarkPubSub(b *testing.B) {
	for _, size := range []int{200, 2000} {
		b.Run(fmt.Sprintf("%dB", size), func(b *testing.B) {
			p := listen(b, PubOptions{})
			s := subscribe(b, SubOptions{Endpoints: p.Endpoints()})
			if err := p.WaitSubscriber(soon(b), "a"); err != nil {
				b.Fatal(err)
			}
			window := make(chan struct{}, (4<<20)/size) // within one queue
			b.SetBytes(int64(size))
			b.ResetTimer()
			go func() {
				for i := range b.N {
					window <- struct{}{}
					if p.Send("org.example.bench", numbered(i, size)) != nil {
						return
					}
				}
			}()
			ctx := soon(b)
			for want := range b.N {
				f, err := s.Next(ctx)
				if err != nil || number(b, f) != want {
					b.Fatalf("message %d: %v", want, err)
				}
				<-window
			}
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
		})
	}
}
