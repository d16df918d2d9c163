package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"time"

	"busbar/common/program"
)

// checkWebhooks looks at what scmhook serve needs.
func (cfg *Config) checkWebhooks(context.Context, *program.Env) []program.Finding {
	c := cfg.Webhook
	if c.Listen == "" && c.Secrets == "" {
		return nil
	}
	var findings []program.Finding
	err := new(changeable).take(c, newHanded(nil), slog.New(slog.DiscardHandler))
	findings = append(findings, program.Found("webhooks' secrets", err, c.Secrets))
	l, err := net.Listen("tcp", c.Listen)
	if err == nil {
		return append(findings, program.Found("webhooks", l.Close(), c.Listen+" is free for scmhook serve"))
	}
	conn, derr := net.DialTimeout("tcp", c.Listen, time.Second)
	if derr == nil {
		return append(findings, program.Found("webhooks", conn.Close(), "somebody answers at "+c.Listen+"; scmhook serve, if it runs"))
	}
	return append(findings, program.Found("webhooks", fmt.Errorf("listening at [webhook] listen: %w", err), ""))
}
