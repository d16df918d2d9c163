package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"busbar/common/canary"
	"busbar/common/config"
	"busbar/common/mail"
	"busbar/common/translate"
	"busbar/mail2bus/maildir"
)

// CanaryConfig is the [canary] table.
type CanaryConfig struct {
	config.Canary
	Maildir  []string `toml:"maildir" doc:"Maildirs (of [mail] maildir, or the spool) through which canaries go: mails with a token. Empty: none."`
	To       string   `toml:"to" doc:"Address whose mail ends in that Maildir: a canary goes through the mail system to it. Empty: it is put into the Maildir itself."`
	SMTP     string   `toml:"smtp" doc:"Server that takes the canary for that address, HOST:PORT, without a password. Empty: sendmail does."`
	Sendmail []string `toml:"sendmail" doc:"Command that takes the canary on standard input; the address is added to it."`
}

func defaultCanary() CanaryConfig {
	return CanaryConfig{Canary: config.DefaultCanary(), Sendmail: []string{"/usr/sbin/sendmail", "-i", "-f", "<>"}}
}

func (c CanaryConfig) check(places []string) error {
	if len(c.Maildir) == 0 {
		if c.To != "" {
			return errors.New("checking [canary] to: maildir is not set: in which one does that mail end?")
		}
		return nil
	}
	for _, dir := range c.Maildir {
		if !slices.Contains(places, dir) {
			return fmt.Errorf("checking [canary] maildir: %s is neither one of [mail] maildir nor the spool", dir)
		}
	}
	switch {
	case c.To == "":
	case len(c.Maildir) > 1:
		return errors.New("checking [canary] maildir: it names several, and the mail of the one address in to ends in one")
	case !strings.Contains(c.To, "@") || strings.HasPrefix(c.To, "-") || strings.ContainsAny(c.To, " <>,\r\n\x00"):
		return fmt.Errorf("checking [canary] to: %q is no address such as canary@example.org", c.To)
	case c.SMTP == "" && (len(c.Sendmail) == 0 || !filepath.IsAbs(c.Sendmail[0])):
		return errors.New("checking [canary] sendmail: it does not begin with the absolute path of a program")
	}
	if c.SMTP != "" {
		if _, _, err := net.SplitHostPort(c.SMTP); err != nil {
			return fmt.Errorf("checking [canary] smtp: %w (want a server such as 127.0.0.1:25)", err)
		}
	}
	return c.Check(time.Second)
}

// route is how canaries go through a Maildir; nil: none do. ours is called with the
// names of those that are recognised.
func (c CanaryConfig) route(dir string, ours func(translate.Item[any])) *canary.Route {
	if !slices.Contains(c.Maildir, dir) {
		return nil
	}
	r := &canary.Route{
		Interval: time.Duration(c.Interval), Find: findCanary, Ours: ours,
		Send: func(_ context.Context, token string) error {
			_, err := maildir.Deliver(dir, bytes.NewReader(canaryMail("canary@localhost", token)))
			return err
		},
		Hint: "look whether mails wait in new/, and whether this program may read them",
	}
	if c.To != "" {
		r.Hint = "look into the mail system's log for mails to " + c.To
		r.Send = func(ctx context.Context, token string) error {
			if c.SMTP != "" {
				return sendSMTP(ctx, c.SMTP, "", c.To, canaryMail(c.To, token))
			}
			return sendCommand(ctx, append(slices.Clone(c.Sendmail), c.To), canaryMail(c.To, token))
		}
	}
	return r
}

const canaryHeader = "X-Busbar-Canary"

func findCanary(it translate.Item[any]) *canary.Found {
	m, ok := it.Value.(*mail.Message)
	if !ok || !m.Header.Has(canaryHeader) {
		return nil
	}
	return &canary.Found{Token: m.Header.Get(canaryHeader)}
}

func canaryMail(to, token string) []byte {
	return fmt.Appendf(nil, "From: Busbar <busbar-canary@localhost>\nTo: %s\nSubject: Busbar canary %s\nDate: %s\nMessage-ID: <%s@busbar-canary.invalid>\n"+
		"Auto-Submitted: auto-generated\nPrecedence: bulk\nMIME-Version: 1.0\nContent-Type: text/plain; charset=us-ascii\n%s: %s\n\n"+
		"mail2bus sends this mail to itself, to see that mail arrives. It takes it away\nagain; if you can read it here, delete it.\n",
		to, token, time.Now().Format(time.RFC1123Z), token, canaryHeader, token)
}
