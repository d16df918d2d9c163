package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"busbar/common/daemon"
	"busbar/common/journal"
	"busbar/common/pump"
	"busbar/scmhook/webhook"
)

// WebhookConfig is the [webhook] table.
type WebhookConfig struct {
	Listen  string `toml:"listen" doc:"Address and port of scmhook serve: 127.0.0.1:9943. It speaks HTTP; put a server that speaks TLS before it."`
	Secrets string `toml:"secrets" doc:"File of the secrets that forges know, one a line, of 16 characters at least. Each is accepted."`
	Journal string `toml:"journal" doc:"Journal of scmhook serve, where scmhook run works on the same machine and has [bus] journal. Empty: [bus] journal."`
}

// webhookJournal is the journal of the webhooks' server.
func (c Config) webhookJournal() string { return first(c.Webhook.Journal, c.Bus.Journal) }

type serveCmd struct{}

// Run takes webhooks until it is ended.
func (serveCmd) Run(p *daemon.Program, g *daemon.Globals) (err error) {
	cfg, err := load(p, g)
	if err != nil {
		return err
	}
	cfg.Bus.Journal = cfg.webhookJournal()
	log := g.Logger(p)
	book := &delivered{}
	in := newHanded(book.plan)
	server, err := webhookServer(cfg.Webhook, in, log)
	if err != nil {
		return &daemon.ExitError{Code: daemon.ExitConfig, Err: err}
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
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
	book.journal = node.Journal.Reader()
	back := &daemon.GivenBack[[]byte]{Dir: daemon.RetryDir(cfg.Bus), Parse: func(item []byte) []byte { return item }}
	pump := &pump.Pump[told]{
		Channel: in, Table: table(cfg.SCM), Journal: node.Journal, Source: "webhook", Log: log,
		Raw:  kept,
		Seen: func(t told) []journal.Seen { return t.Seen },
	}
	node.Watch("the journal's pump", pump.Trouble)
	log.Info("scmhook takes webhooks", "version", daemon.Version(), "journal", cfg.Bus.Journal, "listen", listener.Addr().String())
	return daemon.Serve(ctx, log, node.Status, daemon.Task{Name: "the publisher", Run: node.Run},
		daemon.Task{Name: "the journal's pump", Run: pump.Run},
		daemon.Task{Name: "what is given back", Run: func(ctx context.Context) error { return rereadAll(ctx, back, in, log) }},
		daemon.Task{Name: "the webhooks' server", Run: func(ctx context.Context) error { return serveHTTP(ctx, server, listener) }})
}

func webhookServer(c WebhookConfig, in *handed, log *slog.Logger) (*http.Server, error) {
	if c.Listen == "" || c.Secrets == "" {
		return nil, errors.New("starting the webhooks' server: [webhook] listen and secrets must be set")
	}
	text, err := os.ReadFile(c.Secrets)
	if err != nil {
		return nil, fmt.Errorf("reading [webhook] secrets: %w", err)
	}
	var secrets []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" {
			secrets = append(secrets, line)
		}
	}
	h, err := webhook.Handler(webhook.Options{Secrets: secrets, Submit: in.Submit, Log: log})
	if err != nil {
		return nil, err
	}
	return webhook.NewServer(h, log), nil
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
