package wire

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"busbar/common/event"
)

// said judges one message of ours whose members change alters.
func said(t *testing.T, f *Follower, seq int64, change func(tree map[string]any)) Delivery {
	t.Helper()
	d := f.judge(frame(signed(t, goodSigner, seq, change, nil)))
	if d.Err != nil {
		t.Fatal(d.Err)
	}
	return d
}

func withNumber(v any) func(map[string]any) {
	return func(tree map[string]any) {
		tree["seq_id"] = v
		tree["msg_id"] = event.FormatID(time.Unix(1.7e9, 0), event.UUID("odd", fmt.Sprint(v)))
	}
}

// TestNumbersThatCountNothing: whatever stands for a number, the message is read,
// it is said, and gaps are noticed as before.
func TestNumbersThatCountNothing(t *testing.T) {
	for _, v := range []any{
		event.Int("9223372036854775807"), event.Int("9223372036854775808"), event.Int("9007199254740992"), event.Int("-9223372036854775808"),
		event.Int("-1"), event.Int("0"), event.Int(strings.Repeat("9", 4000)), 2.0, 1e300, "2", nil, true, []any{event.Int("2")}, map[string]any{},
	} {
		f := unsocketed(t, nil)
		said(t, f, 1, nil)
		d := said(t, f, 1, withNumber(v))
		if len(d.Notes) != 1 || !strings.Contains(d.Notes[0], "bears no number that counts") || d.Gap != nil || d.Back != 0 || d.Duplicate {
			t.Errorf("%.30v: %q, gap %v, back %d, duplicate %v", v, d.Notes, d.Gap, d.Back, d.Duplicate)
		}
		if d = said(t, f, 3, nil); d.Gap == nil || d.Gap.From != 2 || d.Gap.To != 2 {
			t.Errorf("after %.30v the gap is %v", v, d.Gap)
		}
	}
}

// TestHighNumberBlindsNobody: after a number that is far too high, and after a
// heartbeat that tells one, losses are noticed as before.
func TestHighNumberBlindsNobody(t *testing.T) {
	for _, high := range []int64{50, 1 << 40, MaxSeq} {
		f := unsocketed(t, nil)
		said(t, f, 1, nil)
		if d := said(t, f, high, nil); d.Gap == nil || d.Gap.From != 2 || d.Gap.To != high-1 {
			t.Errorf("%d: the gap is %v", high, d.Gap)
		}
		if d := said(t, f, 2, nil); d.Back != high || d.Gap != nil {
			t.Errorf("%d: back %d, gap %v", high, d.Back, d.Gap)
		}
		if d := said(t, f, 4, nil); d.Gap == nil || *d.Gap != (Gap{"notes.host", "one", 3, 3}) {
			t.Errorf("%d: the next loss makes %v", high, d.Gap)
		}
		f.judge(heartbeat(t, high))
		if d := said(t, f, 5, nil); d.Back != high {
			t.Errorf("%d: back after a heartbeat is %d", high, d.Back)
		}
		if d := said(t, f, 7, nil); d.Gap == nil || d.Gap.From != 6 {
			t.Errorf("%d: the loss after a heartbeat makes %v", high, d.Gap)
		}
	}
}

// TestTwoOfOneName: two sequences of one name are told when the second comes,
// and that they take turns, once.
func TestTwoOfOneName(t *testing.T) {
	f := unsocketed(t, nil)
	of := func(epoch string) func(map[string]any) {
		return func(tree map[string]any) {
			tree["epoch"] = epoch
			tree["msg_id"] = event.FormatID(time.Unix(1.7e9, 0), event.UUID(epoch, fmt.Sprint(tree["seq_id"])))
		}
	}
	var notes []string
	for seq := range int64(4) {
		for _, epoch := range []string{"one", "two"} {
			d := said(t, f, seq+1, of(epoch))
			if d.Gap != nil || d.Reused || d.Back != 0 {
				t.Errorf("%s %d: %+v", epoch, seq+1, d)
			}
			notes = append(notes, d.Notes...)
		}
	}
	if len(notes) != 2 || !strings.Contains(notes[0], "began a new sequence (epoch two after one)") || !strings.Contains(notes[1], "two publishers have the name notes.host") {
		t.Errorf("notes: %q", notes)
	}
	other := f.judge(frame(signed(t, "shell-feeder.example.org", 9, nil, nil)))
	if other.Err != nil || len(other.Notes) != 1 || !strings.Contains(other.Notes[0], "used by two certificates") {
		t.Errorf("another certificate with the name: %v, %q", other.Err, other.Notes)
	}
	if again := f.judge(frame(signed(t, "shell-feeder.example.org", 10, nil, nil))); len(again.Notes) != 0 {
		t.Errorf("told again: %q", again.Notes)
	}
}

// TestOneSignerForgetsNoOther: who makes sequences without end loses his own.
func TestOneSignerForgetsNoOther(t *testing.T) {
	f := unsocketed(t, nil)
	said(t, f, 1, nil)
	c := f.count
	for i := range 20 * maxRuns {
		name := fmt.Sprint("flood", i)
		d := Delivery{Tree: map[string]any{"seq_id": event.Int("1")}, Envelope: event.Envelope{Publisher: name, Epoch: name}}
		d.Verdict.Signer = "shell-feeder.example.org"
		c.message(&d, event.UUID("flood", name))
	}
	if d := said(t, f, 3, nil); d.Gap == nil || d.Gap.From != 2 {
		t.Errorf("after a flood of another's the gap is %v", d.Gap)
	}
}

// TestLongNames: what is kept of a message must not keep all of it.
func TestLongNames(t *testing.T) {
	f := unsocketed(t, nil)
	for _, member := range []string{"publisher", "epoch"} {
		d := said(t, f, 1, func(tree map[string]any) { tree[member] = strings.Repeat("x", maxName+1) })
		if len(d.Notes) != 1 || !strings.Contains(d.Notes[0], "longer than") || len(d.Notes[0]) > 200 {
			t.Errorf("%s: %q", member, d.Notes)
		}
	}
}

// TestWrongClock: it is reported once, and again when it was right between.
func TestWrongClock(t *testing.T) {
	f := unsocketed(t, nil)
	at := time.Unix(1.7e9, 0)
	var notes []int
	for _, off := range []time.Duration{0, time.Hour, 2 * time.Hour, 0, -time.Hour} {
		f.count.now = func() time.Time { return at.Add(off) }
		d := f.judge(heartbeat(t, 1))
		if d.Err != nil {
			t.Fatal(d.Err)
		}
		notes = append(notes, len(d.Notes))
	}
	if fmt.Sprint(notes) != "[0 1 0 0 1]" {
		t.Errorf("notes: %v", notes)
	}
}
