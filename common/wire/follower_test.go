package wire

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"busbar/common/event"
)

// signed is the body of a message with this number; change may alter the tree
// before it is signed, after may alter what is sent.
func signed(t testing.TB, signer string, seq int64, change, after func(tree map[string]any)) []byte {
	t.Helper()
	tree := event.Envelope{
		Topic: noteTopic, MsgID: event.FormatID(time.Unix(1.7e9, 0), event.UUID("notes", fmt.Sprint(seq))), I: seq, Seq: seq,
		Timestamp: 1.7e9, Username: "notes", Publisher: "notes.host", Epoch: "one", Msg: map[string]any{"text": "hello"},
	}.Tree()
	if change != nil {
		change(tree)
	}
	if err := testSigner(t, signer).Sign(tree); err != nil {
		t.Fatal(err)
	}
	if after != nil {
		after(tree)
	}
	body, err := event.Canonical(tree)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// unsocketed is a follower without a socket, to be given frames by judge.
func unsocketed(t testing.TB, policy map[string][]string) *Follower {
	t.Helper()
	f, err := Follow(context.Background(), FollowOptions{Endpoints: []string{"tcp://127.0.0.1:9"}, Verifier: testVerifier(t, policy)})
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	return f
}

func frame(body []byte) Frame { return newFrame("tcp://here", [][]byte{[]byte(noteTopic), body}) }

// TestFollowerReportsAndGoesOn: whatever comes over the socket, it is reported
// and the next good message is read.
func TestFollowerReportsAndGoesOn(t *testing.T) {
	good := signed(t, goodSigner, 1, nil, nil)
	frames := []struct {
		what   string
		frames [][]byte
		want   string
	}{
		{"one frame", [][]byte{[]byte(noteTopic)}, "1 frames"},
		{"three frames", [][]byte{[]byte(noteTopic), good, good}, "3 frames"},
		{"a topic that is not UTF-8", [][]byte{[]byte(noteTopic + "\xff"), good}, "not UTF-8"},
		{"a body that is not UTF-8", [][]byte{[]byte(noteTopic), []byte("{\"topic\":\"\xff\"}")}, "reading a message"},
		{"not JSON", [][]byte{[]byte(noteTopic), []byte("hello")}, "reading a message"},
		{"an empty body", [][]byte{[]byte(noteTopic), nil}, "reading a message"},
		{"a number", [][]byte{[]byte(noteTopic), []byte("7")}, "not a JSON object"},
		{"no topic in the body", [][]byte{[]byte(noteTopic), []byte("{}")}, "no topic"},
		{"topics that differ", [][]byte{[]byte(noteTopic + ".x"), good}, `its frame says topic "` + noteTopic + `.x"`},
		{"unsigned", [][]byte{[]byte(noteTopic), []byte(`{"topic":"` + noteTopic + `"}`)}, "not signed"},
		{"another authority's key", [][]byte{[]byte(noteTopic), signed(t, "untrusted-feeder.example.net", 1, nil, nil)}, "not issued by"},
		{"a revoked key", [][]byte{[]byte(noteTopic), signed(t, "revoked-feeder.example.org", 1, nil, nil)}, "revoked"},
		{"one who may not say this", [][]byte{[]byte(noteTopic), signed(t, "shell-feeder.example.org", 1, nil, nil)}, "shell-feeder"},
		{"tampered with", [][]byte{[]byte(noteTopic), signed(t, goodSigner, 1, nil, func(tree map[string]any) { tree["seq_id"] = int64(2) })}, "does not hold"},
	}
	pub := listen(t, PubOptions{})
	f := follow(t, pub, testVerifier(t, map[string][]string{noteTopic: {goodSigner}}))
	for i, c := range frames {
		if err := pub.pub.Send(c.frames...); err != nil {
			t.Fatal(err)
		}
		d := next(t, f)
		if d.Err == nil || !strings.Contains(d.Err.Error(), c.want) || d.Gap != nil || d.Duplicate || d.Heartbeat {
			t.Errorf("%s: %+v", c.what, d)
		}
		seq := int64(i + 1)
		send(t, pub, noteTopic, signed(t, goodSigner, seq, nil, nil))
		expectNotes(t, f, seq, seq)
	}
	if !f.Connected()[pub.Endpoints()[0]] {
		t.Error("the connection did not hold")
	}
}

// TestFollowerGaps gives numbers, and heartbeats as negative ones, and compares
// the gaps and doubles that are noticed.
func TestFollowerGaps(t *testing.T) {
	for _, c := range []struct {
		what string
		seqs []int64
		want string
	}{
		{"in order", []int64{7, 8, 9}, ". . ."},
		{"one missing", []int64{7, 9, 10}, ". 8-8 ."},
		{"many missing", []int64{1, 100}, ". 2-99"},
		{"told again after a restart", []int64{7, 8, 7, 8, 9}, ". . D D ."},
		{"late, after its gap", []int64{7, 9, 8, 10}, ". 8-8 . ."},
		{"the last one, by a heartbeat", []int64{7, -8, 9}, ". 8-8 ."},
		{"a heartbeat that agrees", []int64{7, -7, 8}, ". . ."},
		{"a heartbeat that is late", []int64{7, -6, 8}, ". . ."},
		{"a heartbeat first, then the loss of all", []int64{-5, -9, 10}, ". 6-9 ."},
		{"a heartbeat first", []int64{-5, 6, 8}, ". . 7-7"},
		{"the same heartbeat twice", []int64{3, -5, -5}, ". 4-5 ."},
		{"one that does not count", []int64{5, 0, 7}, ". . 6-6"},
	} {
		f := unsocketed(t, nil)
		var got []string
		for _, seq := range c.seqs {
			d := f.judge(frame(signed(t, goodSigner, max(seq, 0), nil, nil)))
			if seq < 0 {
				d = f.judge(heartbeat(t, -seq))
			}
			got = append(got, mark(d))
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: %v gives %q, not %q", c.what, c.seqs, s, c.want)
		}
	}
}

func mark(d Delivery) string {
	switch {
	case d.Err != nil:
		return d.Err.Error()
	case d.Gap != nil:
		return fmt.Sprintf("%d-%d", d.Gap.From, d.Gap.To)
	case d.Reused:
		return "R"
	case d.Duplicate:
		return "D"
	}
	return "."
}

func heartbeat(t testing.TB, newest int64) Frame {
	t.Helper()
	topic := "org.example.dev." + HeartbeatTopic
	body := signed(t, goodSigner, 0, func(tree map[string]any) {
		tree["topic"], tree["msg"] = topic, map[string]any{"newest": newest, "interval": int64(30)}
	}, nil)
	return newFrame("tcp://here", [][]byte{[]byte(topic), body})
}

// TestFollowerStreams: each publisher counts for itself, and nobody else can
// touch its count or its facts.
func TestFollowerStreams(t *testing.T) {
	as := func(signer, publisher, epoch string, seq int64) Frame {
		return frame(signed(t, signer, seq, func(tree map[string]any) { tree["publisher"], tree["epoch"] = publisher, epoch }, nil))
	}
	const other = "shell-feeder.example.org"
	for _, c := range []struct {
		what   string
		frames []Frame
		want   string
	}{
		{"two publishers", []Frame{as(goodSigner, "a", "1", 1), as(goodSigner, "b", "1", 50), as(goodSigner, "a", "1", 2)}, ". . ."},
		{"a new journal begins a new sequence", []Frame{as(goodSigner, "a", "1", 90), as(goodSigner, "a", "2", 1), as(goodSigner, "a", "2", 3)}, ". . 2-2"},
		{"another's name is borrowed", []Frame{as(goodSigner, "a", "1", 1), as(other, "a", "1", 1000), as(goodSigner, "a", "1", 3)}, ". . 2-2"},
		// Two adapters tell the same facts: doubles, but no gaps.
		{"a second adapter", []Frame{as(goodSigner, "a", "1", 1), as(goodSigner, "a", "1", 2), as(other, "b", "1", 1), as(other, "b", "1", 2), as(other, "b", "1", 3)}, ". . D D ."},
	} {
		f := unsocketed(t, nil)
		var got []string
		for _, frame := range c.frames {
			got = append(got, mark(f.judge(frame)))
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: %q, not %q", c.what, s, c.want)
		}
	}
}

// TestFollowerReusedNumbers: a journal that was put back to an older copy gives
// numbers away a second time. What is only told again does not, nor what comes
// late, nor what another stream says.
func TestFollowerReusedNumbers(t *testing.T) {
	f := unsocketed(t, nil)
	as := func(seq, fact int64, epoch string) string {
		return mark(f.judge(frame(signed(t, goodSigner, seq, func(tree map[string]any) {
			tree["epoch"] = epoch
			tree["msg_id"] = event.FormatID(time.Unix(1.7e9, 0), event.UUID("notes", fmt.Sprint(fact)))
		}, nil))))
	}
	for i, c := range []struct {
		seq, fact int64
		epoch     string
		want      string
	}{
		{1, 1, "one", "."}, {2, 2, "one", "."}, {4, 4, "one", "3-3"}, {3, 3, "one", "."}, {2, 2, "one", "D"},
		{1, 21, "two", "."}, // a new journal begins at 1
		{3, 5, "one", "R"}, {4, 6, "one", "R"}, {5, 7, "one", "."}, {3, 5, "one", "D"},
	} {
		if got := as(c.seq, c.fact, c.epoch); got != c.want {
			t.Errorf("message %d, number %d of epoch %s: %q, not %q", i, c.seq, c.epoch, got, c.want)
		}
	}
}

// TestFollowerForetoldID: an id can be foretold, so using it first under
// another topic must not hide the real message.
func TestFollowerForetoldID(t *testing.T) {
	f := unsocketed(t, nil)
	topic := "org.example.dev.other.thing.create"
	body := signed(t, "shell-feeder.example.org", 1, func(tree map[string]any) { tree["topic"] = topic }, nil)
	if d := f.judge(newFrame("tcp://here", [][]byte{[]byte(topic), body})); mark(d) != "." {
		t.Fatal(mark(d))
	}
	if d := f.judge(frame(signed(t, goodSigner, 1, nil, nil))); mark(d) != "." {
		t.Errorf("the real message: %s", mark(d))
	}
}

// TestFollowerWithoutVerifier believes, and says so by an empty verdict.
func TestFollowerWithoutVerifier(t *testing.T) {
	f := unsocketed(t, nil)
	f.verifier = nil
	d := f.judge(frame([]byte(`{"topic":"` + noteTopic + `","msg":{"x":1}}`)))
	if d.Err != nil || d.Verdict.OK || d.Verdict.Signer != "" || d.Envelope.Topic != noteTopic {
		t.Errorf("%+v", d)
	}
}

func TestFollowerEnds(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	for range 20 { // the context may end subscription and wait at once
		f, err := Follow(ctx, FollowOptions{Endpoints: []string{"tcp://127.0.0.1:9"}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after the time: %v", err)
		}
		f.Close()
		if _, err := f.Next(context.Background()); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	}
	if _, err := Follow(context.Background(), FollowOptions{Endpoints: []string{"nonsense"}}); err == nil {
		t.Error("a malformed endpoint is followed")
	}
}

// FuzzFollower: no message does harm, and none that we did not sign is
// believed.
func FuzzFollower(f *testing.F) {
	good := signed(f, goodSigner, 1, nil, nil)
	tree, _, err := event.ParseMessage(good)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(noteTopic), good)
	for _, k := range []string{"signature", "certificate", "msg", "seq_id", "msg_id"} {
		less := maps.Clone(tree)
		delete(less, k)
		b, _ := event.Canonical(less)
		f.Add([]byte(noteTopic), b)
	}
	f.Add([]byte("org.example.dev."+HeartbeatTopic), []byte(`{"topic":"org.example.dev.`+HeartbeatTopic+`","msg":{"newest":9223372036854775807},"publisher":"a"}`))
	follower := unsocketed(f, nil)
	unverified := unsocketed(f, nil)
	unverified.verifier = nil
	f.Fuzz(func(t *testing.T, topic, body []byte) {
		frame := newFrame("tcp://here", [][]byte{topic, body})
		unverified.judge(frame)
		d := follower.judge(frame)
		if d.Err == nil && d.Verdict.Signer != goodSigner {
			t.Errorf("believed: %+v", d)
		}
	})
}
