package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"busbar/common/exit"
	"busbar/common/journal"
	"busbar/common/node"
	"busbar/common/program"
	"busbar/common/pump"
	"busbar/common/secret"
	"busbar/scmhook/webhook"
)

// WebhookConfig is the [webhook] table.
type WebhookConfig struct {
	Listen  string `toml:"listen" doc:"Address and port of scmhook serve: 127.0.0.1:9944. It speaks HTTP; put a server that speaks TLS before it."`
	Secrets string `toml:"secrets" doc:"File of the secrets that forges know, one a line, of 16 characters at least. Each is accepted."`
	Journal string `toml:"journal" doc:"Journal of scmhook serve, where scmhook run works on the same machine and has [bus] journal. Empty: [bus] journal."`
}

// webhookJournal is the journal of the webhooks' server.
func (c Config) webhookJournal() string { return first(c.Webhook.Journal, c.Bus.Journal) }

type serveCmd struct{}

// Run takes webhooks until it is ended.
func (serveCmd) Run(p *program.Env, g *program.Globals) (err error) {
	ctx, hangup, stop := program.Signals()
	defer stop()
	cfg, err := load(p, g)
	if err != nil {
		return err
	}
	cfg.Bus.Journal = cfg.webhookJournal()
	log := g.Logger(p)
	book := &delivered{}
	in := newHanded(book.plan)
	var handler changeable
	if err := handler.take(cfg.Webhook, in, log); err != nil {
		return &exit.Error{Code: exit.Config, Err: err}
	}
	listener, err := net.Listen("tcp", cfg.Webhook.Listen)
	if err != nil {
		return exit.Of(fmt.Errorf("starting the webhooks' server: %w", err))
	}
	defer listener.Close()
	n, err := node.New(ctx, p.Name, cfg.Bus, cfg.Sign, log)
	if errors.Is(err, journal.ErrLocked) {
		return &exit.Error{Code: exit.TempFail, Err: fmt.Errorf("%w: scmhook run and scmhook serve need a journal each", err)}
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	n.Resume(ctx, requeue(cfg, cfg.Bus.Journal))
	book.journal = n.Journal.Reader()
	back := &node.RetryQueue{Dir: node.RetryDir(cfg.Bus.Journal), Parse: func([]byte) any { return nil }}
	pump := &pump.Pump{Channel: in, Table: table(cfg.SCM), Journal: n.Journal, Source: "webhook", Log: log}
	in.idle = pump.Idle
	n.Watch("the journal's pump", pump.Err)
	log.Info("scmhook takes webhooks", "version", node.Version(), "journal", cfg.Bus.Journal, "listen", listener.Addr().String())
	n.Secrets("the webhooks' secrets", cfg.Webhook.Secrets)
	server := webhook.NewServer(&handler, log)
	take := func(c Config) error { return handler.take(c.Webhook, in, log) }
	return program.Serve(ctx, log, n.Status, program.Task{Name: "the publisher", Run: n.Run}, reloads(p, g, cfg, take).Task(n, hangup),
		program.Task{Name: "the journal's pump", Run: pump.Run},
		program.Task{Name: "retry queue", Run: func(ctx context.Context) error { return retryAll(ctx, back, in, log) }},
		program.Task{Name: "the webhooks' server", Run: func(ctx context.Context) error { return serveHTTP(ctx, server, webhook.Listen(listener)) }})
}

// A changeable handler can be replaced while it serves.
type changeable struct{ atomic.Pointer[http.Handler] }

func (c *changeable) ServeHTTP(w http.ResponseWriter, r *http.Request) { (*c.Load()).ServeHTTP(w, r) }

// take reads the secrets, and serves with them from now on.
func (c *changeable) take(w WebhookConfig, in *handed, log *slog.Logger) error {
	if w.Listen == "" || w.Secrets == "" {
		return errors.New("starting the webhooks' server: [webhook] listen and secrets must be set")
	}
	text, err := os.ReadFile(w.Secrets)
	if err != nil {
		return fmt.Errorf("reading [webhook] secrets: %w (the user that scmhook runs as must be able to read it)", err)
	}
	var secrets []secret.Text
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" {
			secrets = append(secrets, secret.New(line))
		}
	}
	h, err := webhook.Handler(webhook.Options{Secrets: secrets, Submit: in.Submit, Log: log})
	if err != nil {
		return err
	}
	c.Store(&h)
	return nil
}

// serveHTTP serves until ctx ends; requests that are under way are answered.
func serveHTTP(ctx context.Context, s *http.Server, l net.Listener) error {
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	if err := s.Shutdown(last); err != nil {
		return errors.Join(err, s.Close())
	}
	return nil
}
