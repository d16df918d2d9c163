package log

import (
	"context"
	"errors"
	"fmt"
	"os/user"
	"time"

	"github.com/google/uuid"

	"busbar/common/event"
	"busbar/common/exit"
	"busbar/common/wire"
)

// A writer makes and publishes messages of one topic.
type writer struct {
	topic string
	seal  func(map[string]any) error
	i     int64 // counts, as fedmsg's i does
}

func (w *writer) message(body any) ([]byte, error) {
	now := time.Now()
	name := "bus"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	w.i++
	tree := event.Envelope{
		Topic: w.topic, MsgID: event.FormatID(now, uuid.New()), I: w.i, Timestamp: now.Unix(), Username: name, Msg: body,
	}.Tree()
	if w.seal != nil {
		if err := w.seal(tree); err != nil {
			return nil, err
		}
	}
	return event.Canonical(tree)
}

// publish gives the messages to whoever is at the endpoint: a relay that
// listens, else subscribers that come to us within the time. There must be
// something to say before anybody is looked for.
func (w *writer) publish(endpoint string, timeout time.Duration, next func() (any, error, bool)) (err error) {
	body, err, more := next()
	if err != nil {
		return err
	}
	if !more {
		return &exit.Error{Code: exit.Usage, Err: errors.New("publishing: standard input is empty (give lines, --message or --json-input)")}
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	pub, err := open(ctx, endpoint)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := pub.Close(); err == nil {
			err = cerr
		}
		if s := pub.Stats(); err == nil && (s.Dropped > 0 || s.Sent < w.i) {
			err = fmt.Errorf("publishing: %d of %d messages were taken", min(s.Sent, w.i-s.Dropped), w.i)
		}
	}()
	if err := pub.WaitSubscriber(ctx, w.topic); err != nil {
		return fmt.Errorf("publishing on %s: nobody took the message, for nobody subscribed to %s there within %s: %w", endpoint, w.topic, timeout, err)
	}
	for ; more; body, err, more = next() {
		if err != nil {
			return err
		}
		message, err := w.message(body)
		if err != nil {
			return err
		}
		if err := pub.Send(w.topic, message); err != nil {
			return err
		}
	}
	return nil
}

// open dials a listening relay first; where nobody listens it binds.
func open(ctx context.Context, endpoint string) (*wire.Pub, error) {
	pub, dialErr := wire.DialPub(ctx, endpoint, time.Second)
	if dialErr == nil {
		return pub, nil
	}
	pub, err := wire.Listen(ctx, wire.PubOptions{Endpoints: []string{endpoint}})
	if err != nil {
		return nil, errors.Join(dialErr, err)
	}
	return pub, nil
}
