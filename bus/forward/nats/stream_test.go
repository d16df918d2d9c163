package nats

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"busbar/common/journal"
)

// TestSubjects: which topics can be subjects, and which of them a stream takes.
func TestSubjects(t *testing.T) {
	for topic, good := range map[string]bool{
		"org.debian.dev.debbugs.bug.create": true, "a": true, "Ä.b": true, "a.b-c_d": true, "a$b.c": true,
		"": false, "a..b": false, ".a": false, "a.": false, "a b": false, "a\tb": false, "a.\x00": false, "a.*": false, "a.>": false, ">": false,
		"$JS.API.STREAM.DELETE.NOTES": false, "$SYS.REQ": false, "_INBOX.a": false, "a\r\nPUB b 0\r\n": false, "a\x7f": false,
	} {
		if err := valid(topic); (err == nil) != good {
			t.Errorf("%q: %v", topic, err)
		}
	}
	for _, c := range []struct {
		pattern, subject string
		takes            bool
	}{
		{"a.b", "a.b", true}, {"a.b", "a.b.c", false}, {"a.b", "a", false}, {"a.*", "a.b", true}, {"a.*", "a.b.c", false}, {"a.*", "a", false},
		{"a.>", "a.b", true}, {"a.>", "a.b.c", true}, {"a.>", "a", false}, {">", "a", true}, {"*.b", "a.b", true}, {"*.b", "a.c", false},
	} {
		if covers([]string{"x", c.pattern}, c.subject) != c.takes {
			t.Errorf("%s takes %s: %v is wrong", c.pattern, c.subject, !c.takes)
		}
	}
}

// named is a list of messages with these topics.
func named(topics ...string) (g given) {
	for i, topic := range topics {
		g.list = append(g.list, journal.Message{Seq: int64(i + 1), ID: fmt.Sprintf("2026-0e1d2c3b-0000-5000-8000-%012d", i), Topic: topic, Wire: []byte(topic)})
	}
	return g
}

// refusals are what the loop stores that the sink refused.
type refusals struct {
	*shelf
	list []journal.Missed
}

func (r *refusals) Miss(_ context.Context, _ string, m journal.Missed) error {
	r.list = append(r.list, m)
	return nil
}

// TestRefuses: what the stream can never take is refused by name, and reaches nothing
// else; all else goes.
func TestRefuses(t *testing.T) {
	t.Parallel()
	s := newSink(t)
	s.make(t, func(c *jetstream.StreamConfig) { c.MaxMsgSize = 10_000 })
	g := named("org.example.a", "$JS.API.STREAM.DELETE.NOTES", "org.example.*", "elsewhere.b", "org.example.c", "org.example.large", "org.example.d")
	g.list[5].Wire = []byte(strings.Repeat("x", 10_001))
	r := &refusals{shelf: &shelf{Store: g}}
	run(t, r, s.again()).reaches(7)
	if got := s.reader(t).messages(); fmt.Sprintf("%s", got) != "[org.example.a org.example.c org.example.d]" {
		t.Errorf("the stream has %s", got)
	}
	want := []string{"NATS's own", "no subject has", "none of the stream's subjects (org.example.>)", "the server takes 10000"}
	if len(r.list) != len(want) {
		t.Fatalf("refused are %+v", r.list)
	}
	for i, m := range r.list {
		if !strings.Contains(m.Reason, want[i]) {
			t.Errorf("%q does not say %q", m.Reason, want[i])
		}
	}
}

// TestStreamIsRespected: one that is there is left as it is, and said to differ; one
// into which nothing can be published is an error that says so.
func TestStreamIsRespected(t *testing.T) {
	t.Parallel()
	s := newSink(t)
	js := s.make(t, func(c *jetstream.StreamConfig) { c.MaxAge, c.Description = time.Hour, "mine" })
	p := newSpeaker(t)
	p.say(3)
	r := run(t, &shelf{Store: p}, s.again())
	r.reaches(3)
	r.stop()
	stream, err := js.Stream(t.Context(), s.Stream.Name)
	if err != nil {
		t.Fatal(err)
	}
	if c := stream.CachedInfo().Config; c.MaxAge != time.Hour || c.Description != "mine" {
		t.Errorf("the stream was changed: %+v", c)
	}
	state, notes, err := s.Check(t.Context())
	if err != nil || state.Messages != 3 || len(notes) != 1 || notes[0] != "max_age is 1h0m0s, and not 0s as configured" {
		t.Errorf("the check says %+v, %q, %v", state, notes, err)
	}
	c := stream.CachedInfo().Config
	c.NoAck = true
	if _, err := js.UpdateStream(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "acknowledges nothing") {
		t.Errorf("of a stream without acknowledgements is said: %v", err)
	}
}

// TestFull: a stream that is full and refuses what is new is an error that passes:
// nothing is put aside, and all goes once there is room.
func TestFull(t *testing.T) {
	t.Parallel()
	s := newSink(t)
	js := s.make(t, func(c *jetstream.StreamConfig) { c.MaxMsgs, c.Discard = 50, jetstream.DiscardNew })
	p := newSpeaker(t)
	p.say(80)
	r := run(t, &shelf{Store: p}, s.again())
	eventually(t, "it is said that the stream is full", func() bool {
		err := r.Err()
		return err != nil && strings.Contains(err.Error(), "the stream is full")
	})
	if at := r.Status().Cursor; at != 50 {
		t.Errorf("the cursor is at %d", at)
	}
	stream, err := js.Stream(t.Context(), s.Stream.Name)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.reaches(80)
	got := &reader{t: t, s: s, js: js, next: 51}
	same(t, got.messages(), p.all()[50:])
}

// TestNobodyMakesIt: without leave to make the stream, it is waited for.
func TestNobodyMakesIt(t *testing.T) {
	t.Parallel()
	s := newSink(t)
	s.Create = false
	p := newSpeaker(t)
	p.say(3)
	r := run(t, &shelf{Store: p}, s.again())
	eventually(t, "it is said that it is not there", func() bool { return errors.Is(r.Err(), errNoStream) })
	s.make(t, nil)
	r.reaches(3)
	same(t, s.reader(t).messages(), p.all())
}
