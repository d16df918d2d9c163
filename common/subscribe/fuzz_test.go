package subscribe

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"busbar/common/event"
	"busbar/common/replay"
	"busbar/common/wire"
)

// away is a publisher that answers nothing.
type away struct{}

func (away) Fetch(context.Context, string, replay.Range, func(string, []byte) error) error {
	return errors.New("nobody is there")
}

// FuzzArrive: whatever a publisher says, the limits hold, and what is handed out is
// what was said.
func FuzzArrive(f *testing.F) {
	seed := func(heartbeat bool, seq int64) {
		e := event.Envelope{Topic: "org.example.dev.notes.note.create", MsgID: event.FormatID(time.Now(), event.UUID("x", "y")), Timestamp: time.Now().Unix(), Publisher: "a", Epoch: "b", Seq: seq, Msg: map[string]any{"newest": seq, "interval": int64(30)}}
		if heartbeat {
			e.Topic = "org.example.dev." + wire.HeartbeatTopic
		}
		body, err := event.Canonical(e.Tree())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body, heartbeat)
	}
	seed(false, 1)
	seed(false, 1<<53)
	seed(true, 7)
	seed(true, -1)
	f.Add([]byte(`{"topic":"a","msg_id":"2024-00000000-0000-4000-8000-000000000001"}`), false)
	db, err := sql.Open("sqlite", filepath.Join(f.TempDir(), "position"))
	if err != nil {
		f.Fatal(err)
	}
	defer db.Close()
	s, err := Open(context.Background(), Options{Publishers: []string{"tcp://127.0.0.1:9"}, DB: db, Queue: 10_000, Fresh: -1, fetch: away{}})
	if err != nil {
		f.Fatal(err)
	}
	defer s.Close()
	f.Fuzz(func(t *testing.T, body []byte, heartbeat bool) {
		tree, e, err := event.ParseMessage(body)
		s.arrive(wire.Delivery{Endpoint: "tcp://127.0.0.1:9", Conn: 1, Topic: e.Topic, Body: body, Tree: tree, Envelope: e, Heartbeat: heartbeat, Err: err})
		s.mu.Lock()
		if s.held > 10_000 || s.queued > 10_000+len(body)+len(e.Topic)+512 || len(s.streams) > maxStreams {
			t.Errorf("%d bytes held, %d queued, %d streams", s.held, s.queued, len(s.streams))
		}
		waiting := len(s.queue)
		s.mu.Unlock()
		for range waiting {
			m, err := s.Next(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Ack(context.Background(), m); err != nil {
				t.Fatal(err)
			}
		}
	})
}
