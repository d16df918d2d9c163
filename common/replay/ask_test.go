package replay

import (
	"bytes"
	"errors"
	"testing"

	"busbar/common/event"
)

// TestByID: the message with an id, and why there is none.
func TestByID(t *testing.T) {
	b := newBook(t, 5)
	endpoint := serve(t, New(b.source(), nil))
	ids := map[int]string{}
	want := b.bodies(1, 5)
	for i, body := range want {
		_, e, err := event.ParseMessage(body)
		if err != nil {
			t.Fatal(err)
		}
		ids[i+1] = e.MsgID
	}
	b.prune(3)
	c := quick(t)
	for n, wanted := range map[int]error{1: ErrDropped, 2: ErrDropped, 3: nil, 5: nil} {
		got, err := c.ByID(soon(t), endpoint, "2014"+ids[n][4:])
		if !errors.Is(err, wanted) || wanted == nil && !bytes.Equal(got, want[n-1]) {
			t.Errorf("message %d: %.80q, %v", n, got, err)
		}
	}
	for _, id := range []string{"2014-01234567-89ab-4def-8000-000000000002", "no id", ""} {
		if got, err := c.ByID(soon(t), endpoint, id); !errors.Is(err, ErrNoMatch) {
			t.Errorf("%q: %.80q, %v", id, got, err)
		}
	}
	if _, err := c.ByID(soon(t), "tcp://127.0.0.1:1", ids[3]); err == nil || forGood(err) {
		t.Errorf("nobody: %v", err)
	}
}
