// Package log is `bus log`: it publishes from the shell.
package log

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"

	"busbar/bus/config"
	"busbar/common/event"
	"busbar/common/exit"
	"busbar/common/program"
)

// Command is `bus log`.
type Command struct {
	Log log `cmd:"" help:"Publish from the shell, as fedmsg-logger does. Fails when nothing took the message."`
}

type log struct {
	Message   string        `help:"Publish this text, instead of reading standard input." placeholder:"TEXT"`
	JSONInput bool          `name:"json-input" help:"Standard input is one JSON value: the body."`
	Topic     string        `help:"Topic after the module's name." default:"log"`
	Modname   string        `help:"First part of the topic." default:"logger"`
	Endpoint  string        `help:"A relay that listens there, or an address to bind until a subscriber has come. Default: [bus] relay." placeholder:"ENDPOINT"`
	Timeout   time.Duration `help:"How long to wait for somebody to take the messages." default:"10s"`
}

// Run publishes each message, and fails if nobody was there to take them.
func (c *log) Run(p *program.Env, g *program.Globals) error {
	cfg, err := config.Load(p, g)
	if err != nil {
		return err
	}
	if c.Endpoint == "" {
		c.Endpoint = cfg.Bus.Relay
	}
	if c.Endpoint == "" {
		return &exit.Error{Code: exit.Usage, Err: errors.New("publishing: no endpoint (give --endpoint, or set [bus] relay)")}
	}
	topic := c.Modname + "." + c.Topic
	if strings.ContainsFunc(topic, func(r rune) bool { return r <= ' ' || r >= 0x7f }) || slices.Contains(strings.Split(topic, "."), "") {
		return &exit.Error{Code: exit.Usage, Err: fmt.Errorf("publishing: %q is no topic: it has an empty part, a blank or a special character", topic)}
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
func (c *log) bodies(stdin io.Reader) iter.Seq2[any, error] {
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
		return nil, &exit.Error{Code: exit.Data, Err: fmt.Errorf("reading standard input as JSON: %w", err)}
	}
	return v, nil
}
