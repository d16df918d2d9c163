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

type serveCmd struct{ program.RunCommand }

// Run takes webhooks until it is ended.
func (c serveCmd) Run(k *program.Selected, p *program.Env, g *program.Globals) error {
	err := c.RunCommand.Run(k, p, g)
	if errors.Is(err, journal.ErrLocked) {
		return &exit.Error{Code: exit.TempFail, Err: fmt.Errorf("%w: scmhook run and scmhook serve need a journal each", err)}
	}
	return err
}

// webhooks are what forges send to the server.
func (c *Config) webhooks(log *slog.Logger) *program.Source {
	book := &delivered{}
	in := newHanded(book.plan)
	var handler changeable
	var listener net.Listener
	s := &program.Source{
		Name: "webhook", Title: "the journal's pump", Command: "serve", Journal: c.webhookJournal(),
		Prepare: func(log *slog.Logger) (err error) {
			if err := handler.take(c.Webhook, in, log); err != nil {
				return &exit.Error{Code: exit.Config, Err: err}
			}
			if listener, err = net.Listen("tcp", c.Webhook.Listen); err != nil {
				return fmt.Errorf("starting the webhooks' server: %w", err)
			}
			return nil
		},
		Open: func(_ context.Context, o *program.Opening) (pump.Channel, error) {
			book.journal, in.idle = o.Node.Journal.Reader(), o.Idle
			back := &node.RetryQueue{Dir: node.RetryDir(c.webhookJournal()), Parse: func(string, []byte) any { return nil }}
			server := webhook.NewServer(&handler, o.Log)
			o.Do("retry queue", func(ctx context.Context) error { return retryAll(ctx, back, in, o.Log) })
			o.Do("the webhooks' server", func(ctx context.Context) error { return serveHTTP(ctx, server, webhook.Listen(listener)) })
			o.Log.Info("scmhook takes webhooks", "listen", listener.Addr().String())
			return in, nil
		},
		Made: func(item []byte) bool {
			_, _, err := webhook.Reread(item)
			return !errors.Is(err, webhook.ErrNotKept)
		},
		Secret: "the webhooks' secrets",
		Check:  c.checkWebhooks,
		Renew:  func(next program.Config) error { return handler.take(next.(*Config).Webhook, in, log) },
		Keys:   []string{"webhook.secrets"},
		Alone:  []string{"webhook.listen", "webhook.journal"},
	}
	if c.Webhook.Secrets != "" {
		s.Secrets = []string{c.Webhook.Secrets}
	}
	return s
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

// lastRequests is how long requests that are under way may take when the server ends.
const lastRequests = 3 * time.Second

// serveHTTP serves until ctx ends; requests that are under way are answered. Who has
// not asked by then, or has not sent all of it, is cut off: that is no failure here,
// for a sender that got no answer sends again.
func serveHTTP(ctx context.Context, s *http.Server, l net.Listener) error {
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastRequests)
	defer cancel()
	err := s.Shutdown(last)
	if errors.Is(err, context.DeadlineExceeded) {
		return s.Close()
	}
	return err
}
