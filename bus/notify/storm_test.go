package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"busbar/bus/notify/notifytest"
	"busbar/bus/notify/outbox"
	"busbar/bus/notify/rule"
	"busbar/common/event"
	"busbar/common/subscribe"
)

// A noSource has nothing, and keeps nothing.
type noSource struct{}

func (noSource) Next(ctx context.Context) (*subscribe.Message, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}
func (noSource) Record(context.Context, subscribe.Tx, ...*subscribe.Message) error { return nil }
func (noSource) Ack(context.Context, ...*subscribe.Message) error                  { return nil }

// stormOf is an engine for so many people who want every event, and what hands it events.
func stormOf(t testing.TB, people int) (e *engine, say func(from, to int)) {
	out, err := outbox.Open(t.Context(), filepath.Join(t.TempDir(), "outbox.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	log := slog.New(slog.DiscardHandler)
	s, err := openStops(t.Context(), out, "", log)
	if err != nil {
		t.Fatal(err)
	}
	e, err = newEngine(t.Context(), &engine{
		source: noSource{}, out: out, prefix: notifytest.Prefix, stops: s, log: log, now: time.Now,
		say: func(event.Envelope) (string, string) { return "", "" }, woken: func(string) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	f, err := rule.ParseFilter("topic:wannabuild.build", notifytest.Prefix, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var all []*rule.Person
	for i := range people {
		p := &rule.Person{Key: fmt.Sprint("p", i), Zone: time.UTC, Limit: rule.DefaultLimit(), To: []rule.Address{{Way: "mail", To: fmt.Sprintf("p%d@example.org", i)}}}
		p.Rules = []*rule.Rule{{Name: "builds", Filter: f, To: p.To}}
		all = append(all, p)
	}
	e.rules(all)
	return e, func(from, to int) {
		var list []*subscribe.Message
		for n := from; n < to; n++ {
			list = append(list, &subscribe.Message{Envelope: event.Envelope{
				Topic: event.JoinTopic(notifytest.Prefix, "dev", "wannabuild.build.fail"), MsgID: fmt.Sprint("2026-", n), Title: fmt.Sprint("build ", n, " failed"),
				Timestamp: time.Now().Unix(), Msg: map[string]any{"package": fmt.Sprint("package-", n)},
			}})
		}
		if err := e.handle(t.Context(), list); err != nil {
			t.Fatal(err)
		}
	}
}

// TestShared: a storm is stored in parts, each event once, and held back beyond the limit.
func TestShared(t *testing.T) {
	e, say := stormOf(t, 100)
	say(0, batchMessages)
	if e.stats.Events != batchMessages {
		t.Errorf("%d events", e.stats.Events)
	}
	boxes, err := e.out.Boxes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for key, box := range boxes {
		held := 0
		for _, k := range box.Buckets {
			held += len(k.Items) + k.More
		}
		if want := rule.DefaultLimit().Notes - 1; len(box.Sent) != want || held != batchMessages-want {
			t.Fatalf("%v: %d said, %d held back", key, len(box.Sent), held)
		}
	}
	if len(boxes) != 100 {
		t.Errorf("%d boxes", len(boxes))
	}
}

// TestFailedTogether: what was under way together and failed is one failure.
func TestFailedTogether(t *testing.T) {
	s := newSender("mail", nil, nil, nil, 0, slog.New(slog.DiscardHandler))
	began := time.Now()
	for range 4 {
		if n := s.failed(began, errors.New("away")); n != 1 {
			t.Errorf("%d failures", n)
		}
	}
	if n := s.failed(time.Now(), errors.New("away")); n != 2 {
		t.Errorf("then %d", n)
	}
}

// BenchmarkStorm: what 100 people who want every event take of each.
func BenchmarkStorm(b *testing.B) {
	_, say := stormOf(b, 100)
	say(0, batchMessages)
	b.ResetTimer()
	for n := range b.N {
		say((n+1)*batchMessages, (n+2)*batchMessages)
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*batchMessages*100), "µs/event/person")
}
