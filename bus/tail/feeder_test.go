package tail

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/google/uuid"

	"busbar/common/event"
	"busbar/common/sign"
	"busbar/common/wire"
)

// A said is one line of a feeder's file.
type said struct {
	Topic  string          `json:"topic"` // after org.debian.dev.
	Msg    json.RawMessage `json:"msg"`
	Text   string          `json:"text"`   // the same, for what JSON does not know
	Signer string          `json:"signer"` // a name in PKI; empty: unsigned
	Tamper bool            `json:"tamper"` // change the body after signing
	Frame  string          `json:"frame"`  // another topic in frame 1
	Raw    string          `json:"raw"`    // frame 2, instead of all this
	Seq    int64           `json:"seq"`
	Title  string          `json:"title"`
}

// feed is `feeder ENDPOINT FILE`: it publishes what the file says to the first
// that subscribes. It ends when that one has gone, or with SIGTERM.
func feed(args []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	ctx, _ = signal.NotifyContext(ctx, syscall.SIGTERM) // to the end: it may come while this ends by itself
	pub, err := wire.Listen(ctx, wire.PubOptions{Endpoints: args[:1]})
	if err != nil {
		return err
	}
	defer pub.Close()
	if err := pub.WaitSubscriber(ctx, "org.debian.dev."); errors.Is(err, context.Canceled) {
		return nil
	} else if err != nil {
		return err
	}
	f, err := os.Open(args[1])
	if err != nil {
		return err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var s said
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			return fmt.Errorf("%s: %w", lines.Bytes(), err)
		}
		topic, body, err := s.frames()
		if err != nil {
			return err
		}
		if err := pub.Send(topic, body); err != nil {
			return err
		}
	}
	// The reader ends when it has enough; until then it may still come back.
	for pub.Stats().Subscribers > 0 && ctx.Err() == nil {
		time.Sleep(10 * time.Millisecond) // between two looks at the condition
	}
	return nil
}

func (s said) frames() (topic string, body []byte, err error) {
	topic = "org.debian.dev." + s.Topic
	if s.Raw != "" {
		return topic, []byte(s.Raw), nil
	}
	if s.Text != "" {
		s.Msg = []byte(s.Text)
	}
	msg, err := event.Parse(s.Msg)
	if err != nil {
		return "", nil, err
	}
	e := event.Envelope{
		Topic: topic, MsgID: "2024-" + uuid.NewString(), Timestamp: 1_700_000_000, Username: "feeder", I: 1,
		Publisher: "feeder\x1b[31m.host", Epoch: "1", Seq: s.Seq, Title: s.Title, Msg: msg,
	}
	tree := e.Tree()
	if s.Signer != "" {
		signer, err := sign.LoadSigner(os.Getenv("PKI")+"/"+s.Signer+".crt", os.Getenv("PKI")+"/"+s.Signer+".key")
		if err != nil {
			return "", nil, err
		}
		if err := signer.Sign(tree); err != nil {
			return "", nil, err
		}
	}
	if s.Tamper {
		tree["username"] = "somebody else"
	}
	if s.Frame != "" {
		topic = "org.debian.dev." + s.Frame
	}
	body, err = event.Canonical(tree)
	return topic, body, err
}
