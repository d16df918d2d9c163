package nats

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"busbar/common/drain"
	"busbar/common/journal"
	"busbar/fixtures/cluster"
)

// BenchmarkPublish publishes messages of a kilobyte: through the loop and the sink, and
// with nats.go's own asynchronous client, into a server on this machine.
func BenchmarkPublish(b *testing.B) {
	n, err := cluster.StartNATS(b.Context(), b.TempDir(), cluster.NATSOptions{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { n.Kill() })
	body := make([]byte, 1000)
	b.Run("sink", func(b *testing.B) {
		g := &endless{n: int64(b.N), body: body}
		s := sinkTo(n)
		s.Stream.Name, s.Stream.Subjects = fmt.Sprint("SINK", b.N), []string{fmt.Sprint("sink", b.N, ".>")}
		g.topic = fmt.Sprint("sink", b.N, ".a")
		d := &drain.Drain{Store: &shelf{Store: g}, Sink: s, Name: "bench", Window: 4096}
		ctx, cancel := context.WithCancel(b.Context())
		done := make(chan error, 1)
		go func() { done <- d.Run(ctx) }()
		g.wait(d)
		b.StopTimer()
		cancel()
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	})
	b.Run("client", func(b *testing.B) {
		js, err := jetstream.New(sinkTo(n).client(b).Conn(), jetstream.WithPublishAsyncMaxPending(4096))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := js.CreateStream(b.Context(), jetstream.StreamConfig{Name: fmt.Sprint("BARE", b.N), Subjects: []string{fmt.Sprint("bare", b.N, ".>")}}); err != nil {
			b.Fatal(err)
		}
		b.ResetTimer()
		for i := range b.N {
			for {
				_, err := js.PublishAsync(fmt.Sprint("bare", b.N, ".a"), body, jetstream.WithMsgID(fmt.Sprint(i)))
				if err == nil {
					break
				}
				if !errors.Is(err, jetstream.ErrTooManyStalledMsgs) {
					b.Fatal(err)
				}
			}
		}
		<-js.PublishAsyncComplete()
	})
}

// endless is a store of n messages.
type endless struct {
	drain.Store
	n     int64
	topic string
	body  []byte
}

func (e *endless) After(_ context.Context, seq int64, limit int) ([]journal.Message, error) {
	var list []journal.Message
	for n := seq + 1; n <= e.n && len(list) < limit; n++ {
		list = append(list, journal.Message{Seq: n, ID: fmt.Sprintf("2026-0e1d2c3b-0000-5000-8000-%012d", n), Topic: e.topic, Wire: e.body})
	}
	return list, nil
}

func (e *endless) Changed() <-chan struct{}                                 { return make(chan struct{}) }
func (e *endless) Missed(context.Context, string) ([]journal.Missed, error) { return nil, nil }

func (e *endless) wait(d *drain.Drain) {
	for d.Status().Cursor < e.n {
		pause(context.Background(), 1e6)
	}
}
