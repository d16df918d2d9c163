package survey

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"busbar/common/event"
	"busbar/common/wire"
)

// TestHostilePeersAreBounded: who says thousands of names, who speaks nonsense, and who
// accepts and says nothing cost little, and hold up nobody.
func TestHostilePeersAreBounded(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	pub, err := wire.Listen(ctx, wire.PubOptions{Endpoints: []string{"tcp://127.0.0.1:0"}})
	if err != nil {
		t.Fatal(err)
	}
	defer pub.Close()
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	crowd, silent := pub.Endpoints()[0], "tcp://"+mute.Addr().String()
	o, err := Start(ctx, Options{Publishers: []string{crowd, silent}})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	topic := "org.debian.dev." + wire.HeartbeatTopic
	if err := pub.WaitSubscriber(ctx, topic); err != nil {
		t.Fatal(err)
	}
	for i := range 2 * maxSpeakers {
		e := event.Envelope{
			Topic: topic, MsgID: event.FormatID(time.Now(), [16]byte{byte(i)}), Timestamp: time.Now().Unix(), Publisher: strings.Repeat("n", 300) + fmt.Sprint(i), Epoch: "1",
			Msg: map[string]any{"newest": int64(i), "interval": int64(1)},
		}
		if i%2 == 0 {
			e.Publisher = fmt.Sprint("name", i)
		}
		body, err := event.Canonical(e.Tree())
		if err != nil {
			t.Fatal(err)
		}
		if err := pub.Send(topic, body); err != nil {
			t.Fatal(err)
		}
		if err := pub.Send(topic, fmt.Appendf(nil, "nonsense %d", i)); err != nil {
			t.Fatal(err)
		}
	}
	var r Report
	for got := false; !got; {
		r = o.Report()
		got = len(r.Endpoints) == 2
		for _, e := range r.Endpoints {
			got = got && e.Asked && (e.Address == silent || e.Refused > maxRefusals && e.Others > 0)
		}
		select {
		case <-ctx.Done():
			t.Fatalf("it was never seen: %+v", r)
		case <-time.After(10 * time.Millisecond):
		}
	}
	for _, e := range r.Endpoints {
		if e.Address == silent {
			if !strings.Contains(e.Error, "no greeting") || len(e.Findings) != 1 {
				t.Errorf("who says nothing: %+v", e)
			}
			continue
		}
		if len(e.Speakers) > maxSpeakers || len(e.Refusals) > maxRefusals {
			t.Errorf("%d publishers and %d refusals are kept", len(e.Speakers), len(e.Refusals))
		}
		for _, s := range e.Speakers {
			if len(s.Publisher) > maxName {
				t.Errorf("a name of %d bytes is kept", len(s.Publisher))
			}
		}
	}
}
