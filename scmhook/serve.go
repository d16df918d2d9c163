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

	"busbar/common/daemon"
	"busbar/common/journal"
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
func (serveCmd) Run(p *daemon.Program, g *daemon.Globals) (err error) {
	ctx, hangup, stop := daemon.Signals()
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
		return &daemon.ExitError{Code: daemon.ExitConfig, Err: err}
	}
	listener, err := net.Listen("tcp", cfg.Webhook.Listen)
	if err != nil {
		return daemon.Exit(fmt.Errorf("starting the webhooks' server: %w", err))
	}
	defer listener.Close()
	node, err := daemon.NewNode(ctx, p.Name, cfg.Bus, cfg.Sign, log)
	if errors.Is(err, journal.ErrLocked) {
		return &daemon.ExitError{Code: daemon.ExitTempFail, Err: fmt.Errorf("%w: scmhook run and scmhook serve need a journal each", err)}
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, node.Close()) }()
	node.Resume(ctx, giveBack(cfg, cfg.Bus.Journal))
	book.journal = node.Journal.Reader()
	back := &daemon.GivenBack{Dir: daemon.RetryDir(cfg.Bus), Parse: func([]byte) any { return nil }}
	pump := &pump.Pump{Channel: in, Table: table(cfg.SCM), Journal: node.Journal, Source: "webhook", Log: log}
	in.idle = pump.Idle
	node.Watch("the journal's pump", pump.Err)
	log.Info("scmhook takes webhooks", "version", daemon.Version(), "journal", cfg.Bus.Journal, "listen", listener.Addr().String())
	node.Secrets("the webhooks' secrets", cfg.Webhook.Secrets)
	server := webhook.NewServer(&handler, log)
	take := func(c Config) error { return handler.take(c.Webhook, in, log) }
	return daemon.Serve(ctx, log, node.Status, daemon.Task{Name: "the publisher", Run: node.Run}, reloads(p, g, cfg, take).Task(node, hangup),
		daemon.Task{Name: "the journal's pump", Run: pump.Run},
		daemon.Task{Name: "what is given back", Run: func(ctx context.Context) error { return rereadAll(ctx, back, in, log) }},
		daemon.Task{Name: "the webhooks' server", Run: func(ctx context.Context) error { return serveHTTP(ctx, server, webhook.Listen(listener)) }})
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
