package forward

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"busbar/bus/config"
	"busbar/bus/filter"
	"busbar/bus/forward/nats"
	"busbar/common/condition"
	"busbar/common/drain"
	"busbar/common/exit"
	"busbar/common/node"
	"busbar/common/program"
	"busbar/common/show"
	"busbar/common/sign"
	"busbar/common/subscribe"
)

// Command is `bus forward`.
type Command struct {
	Forward forward `cmd:"" help:"Bring what is said on the bus into a broker: NATS JetStream, each message once and in order."`
}

type forward struct {
	To       []string `help:"Server to forward to, such as nats://127.0.0.1:4222. May be repeated, for those of one cluster. Default: [forward] to." placeholder:"URL"`
	Stream   string   `help:"Stream into which messages go. Default: [forward] stream." placeholder:"NAME"`
	Endpoint []string `help:"Publisher to follow, such as tcp://127.0.0.1:9940. May be repeated. Default: [bus] subscribe and discover." placeholder:"ENDPOINT"`
	Position string   `help:"Remember in this file up to where messages are in the stream. Default: [forward] position." placeholder:"FILE" type:"path"`
	From     string   `help:"Where to begin with a publisher of whom --position knows nothing: now; start, which is the oldest message that it keeps; or a time, such as 2026-01-31T12:00:00Z, 2026-01-31 or 2h (ago). Default: [forward] from." placeholder:"now|start|TIME"`
	filter.Filter
	Check bool `help:"Look at the servers and the stream, say what is there and what is in the way, change nothing, and end."`
	JSON  bool `help:"With --check: print JSON."`
	config.Trust
	NoVerify bool `help:"Forward without verifying: anybody can have said anything. Without it an authority is needed."`
}

// Run forwards until told to stop.
func (c *forward) Run(p *program.Env, g *program.Globals) error {
	cfg, err := config.Load(p, g)
	if err != nil {
		return err
	}
	c.over(&cfg)
	if err := cfg.Forward.Complete(cfg.Bus.Prefix); err != nil {
		return &exit.Error{Code: exit.Config, Err: err}
	}
	log := g.Logger(p)
	sink := sinkOf(cfg.Forward, log)
	if c.Check {
		return c.check(p, sink)
	}
	if len(c.Endpoint) == 0 {
		return &exit.Error{Code: exit.Config, Err: errors.New("forwarding: nobody to follow (give --endpoint, or set [bus] subscribe or discover)")}
	}
	from, err := config.Begin(cfg.Forward.From, "forwarding", time.Now())
	if err != nil {
		return &exit.Error{Code: exit.Usage, Err: err}
	}
	verifier, err := c.Required(p, cfg.Sign, c.NoVerify, "forwarding", "forwards")
	if err != nil {
		return &exit.Error{Code: exit.Config, Err: err}
	}
	c.Hint(p.Stderr, cfg.Bus.Prefix)
	program.SoftMemory(forwardMemory)
	ctx, hangup, stop := p.Signals()
	defer stop()
	go func() { // its configuration is read at the start alone
		for range hangup {
			log.Info("a new configuration takes a restart")
		}
	}()
	return program.Begun(ctx, c.serve(ctx, cfg, sink, verifier, from, log))
}

// forwardMemory is what the collector aims at.
const forwardMemory = 256 << 20

// over puts the flags over the configuration.
func (c *forward) over(cfg *config.Config) {
	f := &cfg.Forward
	if len(c.To) > 0 {
		f.To = c.To
	}
	for to, flag := range map[*string]string{&f.Stream: c.Stream, &f.Position: c.Position, &f.From: c.From} {
		if flag != "" {
			*to = flag
		}
	}
	if len(c.Endpoint) == 0 {
		c.Endpoint = cfg.Bus.Publishers()
	}
}

// sinkOf is the way out that is configured.
func sinkOf(f config.Forward, log *slog.Logger) *nats.Sink {
	return &nats.Sink{
		Servers: f.To, Create: f.Create, Domain: f.Domain, Log: log,
		Access: nats.Access{
			User: f.User, PasswordFile: f.PasswordFile, TokenFile: f.TokenFile, NkeyFile: f.Nkey, Credentials: f.Credentials,
			CA: f.CA, Certificate: f.Certificate, Key: f.Key,
		},
		Stream: jetstream.StreamConfig{
			Name: f.Stream, Description: "what is said on the bus", Subjects: f.Subjects, Storage: jetstream.FileStorage,
			Replicas: f.Replicas, MaxAge: time.Duration(f.KeepAge), MaxBytes: maxBytesOf(int64(f.KeepSize)),
		},
	}
}

// maxBytesOf is a size as JetStream has it: -1 is no limit.
func maxBytesOf(size int64) int64 {
	if size == 0 {
		return -1
	}
	return size
}

// window is how many messages may be on their way to the servers.
const window = 4096

// patience is how long all of them may be without an answer.
const patience = 30 * time.Second

// serve forwards until ctx ends.
func (c *forward) serve(ctx context.Context, cfg config.Config, sink *nats.Sink, v *sign.Verifier, from subscribe.From, log *slog.Logger) error {
	db, err := subscribe.OpenFile(ctx, cfg.Forward.Position)
	if err != nil {
		return &exit.Error{Code: exit.Config, Err: fmt.Errorf("forwarding: %w", err)}
	}
	defer db.Close() // what is stored is on disk
	s, err := subscribe.Open(ctx, subscribe.Options{Publishers: c.Endpoint, Hubs: cfg.Bus.Hubs, Verifier: v, DB: db, From: from, Window: maxWaiting, Log: log})
	if err != nil {
		return &exit.Error{Code: exit.Config, Err: err}
	}
	takes := func(m *subscribe.Message) bool { return c.Takes(cfg.Bus.Prefix, m.Envelope) }
	st, err := newStore(ctx, s, db, takes, log)
	if err != nil {
		return errors.Join(&exit.Error{Code: exit.TempFail, Err: fmt.Errorf("forwarding: %w", err)}, s.Close())
	}
	d := &drain.Drain{Store: st, Sink: sink, Name: sinkName, Window: window, Patience: patience, Log: log}
	w := &worker{subscriber: s, store: st, drain: d, sink: sink, log: log}
	w.conditions.Watch(w.now)
	w.conditions.Watch(func() []condition.Condition { return node.Exposed("a secret of bus forward", cfg.Forward.Secrets()...) })
	log.Info("forwarding", "to", strings.Join(cfg.Forward.To, ", "), "stream", cfg.Forward.Stream, "position", cfg.Forward.Position)
	tasks := []program.Task{{Name: "forwarding", Run: w.run}}
	if cfg.Forward.Listen != "" {
		tasks = append(tasks, program.Task{Name: "the web server", Run: func(ctx context.Context) error { return w.listen(ctx, cfg.Forward.Listen) }})
	}
	return errors.Join(program.Serve(ctx, log, w.line, tasks...), s.Close())
}

// check says what is there.
func (c *forward) check(p *program.Env, sink *nats.Sink) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	state, notes, err := sink.Check(ctx)
	if c.JSON {
		out := checkReport{State: state, Notes: append([]string{}, notes...)}
		if err != nil {
			out.Error = err.Error()
		}
		if perr := program.PrintJSON(p.Stdout, out); perr != nil {
			return perr
		}
	}
	if err != nil {
		return &exit.Error{Code: exit.TempFail, Err: fmt.Errorf("checking: %w", err)}
	}
	if c.JSON {
		return nil
	}
	lines := []string{"server " + state.Server}
	if state.Stream != "" {
		lines = append(lines, fmt.Sprintf("stream %s: %d messages, %d to %d, on %d servers", state.Stream, state.Messages, state.First, state.Last, max(state.Replicas, 1)))
	}
	for _, note := range notes {
		lines = append(lines, "note: "+note)
	}
	for _, line := range lines {
		if _, err := show.Fprintln(p.Stdout, line); err != nil {
			return err
		}
	}
	return nil
}

// A checkReport is what --check --json prints.
type checkReport struct {
	nats.State
	Notes []string `json:"notes"`
	Error string   `json:"error,omitempty"`
}
