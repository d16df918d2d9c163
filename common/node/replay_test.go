package node

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"busbar/common/condition"
	"busbar/common/config"
	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/replay"
	"busbar/common/wire"
)

// until waits for what must come to be.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(3 * time.Minute); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

// fetched are the numbers of all messages that an endpoint sends again.
func fetched(t *testing.T, endpoint string) []int64 {
	t.Helper()
	var list []int64
	err := (&replay.Client{}).Fetch(t.Context(), endpoint, replay.Range{Publisher: "prog.test"}, func(_ string, body []byte) error {
		_, e, err := event.ParseMessage(body)
		list = append(list, e.Seq)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestReplayWhereMessagesArePublished: one port serves subscribers and who asks for
// what they missed; [bus] replay serves the same, as soon as its port is free; both
// are counted.
func TestReplayWhereMessagesArePublished(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	publish, apart, metrics := "tcp://"+freeAddress(t), "tcp://"+taken.Addr().String(), freeAddress(t)
	n := testNode(t, func(c *config.Bus) {
		c.Publish, c.Replay, c.Metrics = []string{publish}, []string{apart}, metrics
	})
	for i := range 3 {
		e := event.Event{Kind: noteKind, Key: fmt.Sprint(i), Body: noted{"hello"}}
		if _, err := n.Journal.Append(context.Background(), journal.Record{Events: []event.Event{e}}); err != nil {
			t.Fatal(err)
		}
	}
	runNode(t, n)
	sub, err := wire.Subscribe(t.Context(), wire.SubOptions{Endpoints: []string{publish}})
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	for range 3 {
		if f, err := sub.Next(t.Context()); err != nil || f.Err != nil {
			t.Fatal(err, f.Err)
		}
	}
	if got := fetched(t, publish); fmt.Sprint(got) != "[1 2 3]" {
		t.Errorf("at the publisher's port: %d", got)
	}
	until(t, "the taken port is a condition", func() bool {
		for _, c := range n.Conditions.All() {
			if c.Name == "replay" {
				return c.Level == condition.Warn && strings.Contains(c.Text, "another process")
			}
		}
		return false
	})
	taken.Close()
	if got := fetched(t, apart); fmt.Sprint(got) != "[1 2 3]" {
		t.Errorf("at [bus] replay: %d", got)
	}
	until(t, "the condition is over", func() bool { return len(n.Conditions.All()) == 0 })
	own := `{program="prog",publisher="prog.test"}`
	until(t, "all is counted", func() bool {
		code, page := get(t, metrics, "/metrics")
		return code == http.StatusOK && strings.Contains(page, "\nbusbar_replay_messages_total"+own+" 6\n") &&
			strings.Contains(page, `busbar_replay_streams_total{end="complete",program="prog",publisher="prog.test"} 2`) &&
			strings.Contains(page, "\nbusbar_publisher_subscribers"+own+" 1\n")
	})
	var live Live
	until(t, "the daemon tells it", func() bool {
		live, err = askLive(t.Context(), n.bus.Journal)
		return err == nil
	})
	if live.Replay == nil || live.Replay.Messages != 6 || live.Replay.Bytes == 0 {
		t.Errorf("status is told %+v", live.Replay)
	}
}
