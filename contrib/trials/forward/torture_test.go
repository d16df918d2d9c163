package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"busbar/common/event"
	"busbar/contrib/trials/trial"
)

// TestTorture plays it with few kills.
func TestTorture(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), trial.Long)
	defer cancel()
	var out strings.Builder
	err := torture(ctx, options{messages: 1200, kills: 12, publishers: 2, rated: 2000, Options: trial.Options{Seed: 7, Acts: "one server"}}, &out)
	t.Log("\n" + out.String())
	if err != nil {
		t.Fatal(err)
	}
	if want := "bus forward 2 times, the server 4 times killed; messages 600 of 2 publishers"; !strings.Contains(out.String(), want) {
		t.Errorf("the report does not say %q", want)
	}
}

// TestLedger shows that each fault would be found.
func TestLedger(t *testing.T) {
	message := func(publisher string, seq int64) []byte {
		e := event.Envelope{Topic: "a.b", MsgID: event.FormatID(time.Unix(0, 0), event.UUID(publisher, string(rune(seq)))), Publisher: publisher, Epoch: "e", Seq: seq, Msg: map[string]any{}}
		body, err := event.Canonical(e.Tree())
		if err != nil {
			t.Fatal(err)
		}
		return body
	}
	type one struct {
		publisher string
		seq       int64
		change    string
	}
	for want, list := range map[string][]one{
		"in the stream 3, lost 0, doubled 0, out of order 0, changed 0": {{"p", 1, ""}, {"q", 1, ""}, {"p", 2, ""}},
		"lost 1":         {{"p", 1, ""}, {"q", 1, ""}},
		"doubled 1":      {{"p", 1, ""}, {"p", 1, ""}, {"q", 1, ""}, {"p", 2, ""}},
		"out of order 2": {{"p", 2, ""}, {"q", 1, ""}, {"p", 1, ""}},
		"changed 1":      {{"p", 1, "body"}, {"q", 1, ""}, {"p", 2, ""}},
		"changed 2":      {{"p", 1, "subject"}, {"q", 1, "id"}, {"p", 2, ""}},
		"1 never said":   {{"p", 1, ""}, {"q", 1, ""}, {"p", 2, ""}, {"r", 1, ""}},
	} {
		l := newLedger()
		for _, at := range []place{{"p", 1}, {"p", 2}, {"q", 1}} {
			l.said[at] = sum(message(at.publisher, at.seq))
		}
		for _, m := range list {
			body := message(m.publisher, m.seq)
			_, e, err := event.ParseMessage(body)
			if err != nil {
				t.Fatal(err)
			}
			subject, id := e.Topic, e.MsgID
			switch m.change {
			case "body":
				body = append(body, ' ')
			case "subject":
				subject = "a.c"
			case "id":
				id = "x"
			}
			l.take(subject, id, body)
		}
		err := l.verdict()
		got := l.String()
		if err != nil {
			got += "; " + err.Error()
		}
		if !strings.Contains(got, want) || strings.HasPrefix(want, "in the") != (err == nil) {
			t.Errorf("%+v: %q, want %q", list, got, want)
		}
	}
}
