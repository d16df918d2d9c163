package main

import (
	"context"
	"net"
	"strings"
	"time"

	"busbar/common/journal"
	"busbar/common/program"
	"busbar/common/pump"
	"busbar/mail2bus/lmtp"
)

// lmtpSource is the mails that mail systems hand over.
func (c *Config) lmtpSource() *program.Source {
	in := mails{limit: int64(c.Mail.Limit), see: c.see}
	s := &program.Source{
		Name: "lmtp", Read: in.read,
		Open: func(_ context.Context, o *program.Opening) (pump.Channel, error) {
			if o.Once || o.Import {
				return ended{}, nil
			}
			ch := lmtp.Open(lmtp.Options{Listen: c.Mail.LMTP, Limit: in.limit, Connections: c.Mail.LMTPConnections, Log: o.Log})
			o.Node.Conditions.Watch(ch.Conditions)
			return ch, c.measure(o, "lmtp_", nil, func() []program.Metric { return lmtpMetrics(ch.Stats()) })
		},
		Check: func(ctx context.Context, _ *program.Env) []program.Finding {
			return []program.Finding{c.checkLMTP(ctx)}
		},
	}
	c.requeueable(s)
	return s
}

// checkLMTP connects as a mail system does, where the daemon runs.
func (c *Config) checkLMTP(ctx context.Context) program.Finding {
	kind, place, _ := strings.Cut(c.Mail.LMTP, "://")
	if kind == "systemd" {
		return program.Found("lmtp", nil, "on a socket of systemd's (systemctl status mail2bus.socket)")
	}
	const patience = 5 * time.Second
	conn, err := (&net.Dialer{Timeout: patience}).DialContext(ctx, kind, place)
	if err == nil {
		conn.Close()
		return program.Found("lmtp", nil, c.Mail.LMTP+" answers")
	}
	if !journal.InUse(c.Bus.Journal) {
		return program.Found("lmtp", nil, c.Mail.LMTP+" (the daemon does not run)")
	}
	return program.Away("lmtp", err)
}
