package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os/user"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"busbar/common/daemon"
	"busbar/common/event"
	"busbar/common/wire"
)

type logCmd struct {
	Message   string        `help:"Publish this text, instead of reading standard input." placeholder:"TEXT"`
	JSONInput bool          `name:"json-input" help:"Standard input is one JSON value: the body."`
	Topic     string        `help:"Topic after the module's name." default:"log"`
	Modname   string        `help:"First part of the topic." default:"logger"`
	Endpoint  string        `help:"A relay that listens there, or an address to bind until a subscriber has come. Default: [bus] relay." placeholder:"ENDPOINT"`
	Timeout   time.Duration `help:"How long to wait for somebody to take the messages." default:"10s"`
}

// Run publishes each message, and fails if nobody was there to take them.
func (c *logCmd) Run(p *daemon.Program, g *daemon.Globals) error {
	cfg, err := load(p, g)
	if err != nil {
		return err
	}
	if c.Endpoint == "" {
		c.Endpoint = cfg.Bus.Relay
	}
	if c.Endpoint == "" {
		return &daemon.ExitError{Code: daemon.ExitUsage, Err: errors.New("publishing: no endpoint (give --endpoint, or set [bus] relay)")}
	}
	topic := c.Modname + "." + c.Topic
	if strings.ContainsFunc(topic, func(r rune) bool { return r <= ' ' || r >= 0x7f }) || slices.Contains(strings.Split(topic, "."), "") {
		return &daemon.ExitError{Code: daemon.ExitUsage, Err: fmt.Errorf("publishing: %q is no topic: it has an empty part, a blank or a special character", topic)}
	}
	signer, err := cfg.Sign.Signer()
	if err != nil {
		return err
	}
	w := writer{topic: event.JoinTopic(cfg.Bus.Prefix, cfg.Bus.Environment, topic)}
	if signer != nil {
		w.seal = signer.Sign
	}
	next, stop := iter.Pull2(c.bodies(p.Stdin))
	defer stop()
	return w.publish(c.Endpoint, c.Timeout, next)
}

// bodies are what is said, in fedmsg-logger's forms: --message, one JSON value,
// or a message for each line, as it comes.
func (c *logCmd) bodies(stdin io.Reader) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		switch {
		case c.Message != "":
			yield(map[string]any{"log": c.Message}, nil)
			return
		case c.JSONInput:
			yield(jsonBody(stdin))
			return
		}
		lines := bufio.NewScanner(stdin)
		lines.Buffer(nil, 16<<20)
		for lines.Scan() {
			text := strings.TrimSpace(strings.ToValidUTF8(lines.Text(), "\uFFFD"))
			if !yield(map[string]any{"log": text}, nil) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(nil, fmt.Errorf("reading standard input: %w", err))
		}
	}
}

func jsonBody(stdin io.Reader) (any, error) {
	raw, err := io.ReadAll(stdin)
	if err != nil {
		return nil, fmt.Errorf("reading standard input: %w", err)
	}
	v, err := event.Parse(raw)
	if err != nil {
		return nil, &daemon.ExitError{Code: daemon.ExitData, Err: fmt.Errorf("reading standard input as JSON: %w", err)}
	}
	return v, nil
}

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
		return &daemon.ExitError{Code: daemon.ExitUsage, Err: errors.New("publishing: standard input is empty (give lines, --message or --json-input)")}
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
