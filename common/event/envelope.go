package event

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"unsafe"
)

// An Envelope is a message as fedmsg knows it, with members of our own that
// older programs ignore and signatures cover. A received message is kept as the
// tree that Parse gave, for only that can be verified; Envelope is the typed
// view of it.
type Envelope struct {
	Topic     string // full topic, PREFIX.ENV.SERVICE.…
	MsgID     string // YEAR-UUID
	I         int64  // fedmsg's counter; ours is the sequence number
	Timestamp int64  // Unix seconds at which the journal took the fact
	Username  string // the publishing program

	// Members of our own. Zero values are left out.
	Seq       int64  // position in the publisher's sequence, from 1, without gaps
	Publisher string // who counts: the adapter instance
	Epoch     string // which of the publisher's sequences: drawn when its journal was made
	Prev      string // Hash of the publisher's message before this one
	Origin    string // where the item was read, for people
	EventTime string // when the fact happened, RFC 3339 UTC
	Evidence  []Evidence
	Recovered bool
	Replaces  string // the message that said this fact in other words, with less evidence
	Title     string // the fact in one English sentence, by the publisher's adapter
	Link      string // where a person may read more

	// Msg is the body: a tree as Parse returns it.
	Msg any
}

// SignatureMembers are the members that a signer adds, and that Hash leaves out.
var SignatureMembers = [...]string{"crypto", "signature", "certificate", "signature_sha256", "signature_ed25519", "signature_gpg"}

// Tree is the envelope as the canonical encoder takes it, unsigned.
func (e Envelope) Tree() map[string]any {
	t := map[string]any{
		"topic": e.Topic, "msg_id": e.MsgID, "i": e.I, "timestamp": e.Timestamp,
		"username": e.Username, "msg": e.Msg,
	}
	if e.Seq != 0 {
		t["seq_id"] = e.Seq
	}
	for k, v := range map[string]string{
		"publisher": e.Publisher, "epoch": e.Epoch, "prev": e.Prev,
		"origin": e.Origin, "event_time": e.EventTime, "replaces": e.Replaces,
		"title": e.Title, "link": e.Link,
	} {
		if v != "" {
			t[k] = v
		}
	}
	if len(e.Evidence) > 0 {
		list := make([]any, len(e.Evidence))
		for i, v := range e.Evidence {
			list[i] = map[string]any{"type": v.Type, "verdict": v.Verdict, "detail": v.Detail}
		}
		t["evidence"] = list
	}
	if e.Recovered {
		t["recovered"] = true
	}
	return t
}

// ParseMessage reads the second frame of a message: the tree for verification,
// and its typed view. Texts in both are parts of body, lest a long message be
// there twice, so it must not be changed afterwards. Members of the wrong type are left zero in the view;
// what is not an object, has no topic, or holds more than MaxElements values is
// an error.
func ParseMessage(body []byte) (map[string]any, Envelope, error) {
	if err := measure(body); err != nil {
		return nil, Envelope{}, fmt.Errorf("reading a message: %w", err)
	}
	v, err := parse(unsafe.String(unsafe.SliceData(body), len(body)))
	if err != nil {
		return nil, Envelope{}, fmt.Errorf("reading a message: %w", err)
	}
	tree, ok := v.(map[string]any)
	if !ok {
		return nil, Envelope{}, errors.New("reading a message: it is not a JSON object")
	}
	e := View(tree)
	if e.Topic == "" {
		return tree, e, errors.New("reading a message: it has no topic")
	}
	return tree, e, nil
}

// View is the typed view of a message's tree.
func View(tree map[string]any) Envelope {
	text := func(k string) string { s, _ := tree[k].(string); return s }
	e := Envelope{
		Topic: text("topic"), MsgID: text("msg_id"), Username: text("username"),
		I: Integer(tree["i"]), Timestamp: Integer(tree["timestamp"]), Seq: Integer(tree["seq_id"]),
		Publisher: text("publisher"), Epoch: text("epoch"), Prev: text("prev"),
		Origin: text("origin"), EventTime: text("event_time"), Replaces: text("replaces"),
		Title: text("title"), Link: text("link"), Msg: tree["msg"],
	}
	e.Recovered, _ = tree["recovered"].(bool)
	list, _ := tree["evidence"].([]any)
	for _, v := range list {
		if m, ok := v.(map[string]any); ok {
			ev := Evidence{}
			ev.Type, _ = m["type"].(string)
			ev.Verdict, _ = m["verdict"].(string)
			ev.Detail, _ = m["detail"].(string)
			e.Evidence = append(e.Evidence, ev)
		}
	}
	return e
}

// Integer reads a number of a tree as an int64; anything else is 0, also a number
// that an int64 cannot hold. Floats are cut, as datanommer's timestamps want.
func Integer(v any) int64 {
	switch v := v.(type) {
	case Int:
		if n, err := strconv.ParseInt(string(v), 10, 64); err == nil {
			return n
		}
	case int64:
		return v
	case int:
		return int64(v)
	case float64:
		if v >= math.MinInt64 && v < math.MaxInt64 { // false for NaN
			return int64(v)
		}
	}
	return 0
}

// BodyJSON is the body as JSON for Kind.Decode: canonical bytes, which any JSON
// reader takes unless they hold NaN or Infinity.
func (e Envelope) BodyJSON() (json.RawMessage, error) { return Canonical(e.Msg) }
