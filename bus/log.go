package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/user"
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
	signer, err := cfg.Sign.Signer()
	if err != nil {
		return err
	}
	var seal func(map[string]any) error
	if signer != nil {
		seal = signer.Sign
	}
	bodies, err := c.bodies(p.Stdin)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), c.Timeout)
	defer cancel()
	topic := event.JoinTopic(cfg.Bus.Prefix, cfg.Bus.Environment, c.Modname+"."+c.Topic)
	messages := make([][]byte, 0, len(bodies))
	for i, body := range bodies {
		wire, err := newMessage(topic, int64(i+1), body, seal)
		if err != nil {
			return err
		}
		messages = append(messages, wire)
	}
	return publish(ctx, c.Endpoint, topic, messages)
}

// bodies are what is said, in fedmsg-logger's forms: --message, one JSON value,
// or a message for each line.
func (c *logCmd) bodies(stdin io.Reader) ([]any, error) {
	if c.Message != "" {
		return []any{map[string]any{"log": c.Message}}, nil
	}
	if c.JSONInput {
		raw, err := io.ReadAll(stdin)
		if err != nil {
			return nil, fmt.Errorf("reading standard input: %w", err)
		}
		v, err := event.Parse(raw)
		if err != nil {
			return nil, &daemon.ExitError{Code: daemon.ExitData, Err: fmt.Errorf("reading standard input as JSON: %w", err)}
		}
		return []any{v}, nil
	}
	var all []any
	lines := bufio.NewScanner(stdin)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		all = append(all, map[string]any{"log": strings.TrimSpace(strings.ToValidUTF8(lines.Text(), "\uFFFD"))})
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading standard input: %w", err)
	}
	if len(all) == 0 {
		return nil, &daemon.ExitError{Code: daemon.ExitUsage, Err: errors.New("publishing: standard input is empty (give lines, --message or --json-input)")}
	}
	return all, nil
}

func newMessage(topic string, i int64, body any, seal func(map[string]any) error) ([]byte, error) {
	now := time.Now()
	name := "bus"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	tree := event.Envelope{
		Topic: topic, MsgID: event.FormatID(now, uuid.New()), I: i, Timestamp: now.Unix(), Username: name, Msg: body,
	}.Tree()
	if seal != nil {
		if err := seal(tree); err != nil {
			return nil, err
		}
	}
	return event.Canonical(tree)
}

// publish gives the messages to whoever is at the endpoint: a relay that
// listens, else subscribers that come to us.
func publish(ctx context.Context, endpoint, topic string, messages [][]byte) (err error) {
	pub, err := open(ctx, endpoint)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := pub.Close(); err == nil {
			err = cerr
		}
		if s := pub.Stats(); err == nil && (s.Dropped > 0 || s.Sent < int64(len(messages))) {
			err = fmt.Errorf("publishing: %d of %d messages were taken", s.Sent, len(messages))
		}
	}()
	if err := pub.WaitSubscriber(ctx, topic); err != nil {
		return fmt.Errorf("publishing on %s: nobody took the message, for nobody listens to %s there: %w", endpoint, topic, err)
	}
	for _, m := range messages {
		if err := pub.Send(topic, m); err != nil {
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
