package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"busbar/common/journal"
	"busbar/common/program"
	"busbar/common/pump"
	"busbar/mail2bus/imap"
)

// completeIMAP reads the addresses of mailboxes.
func (c *Config) completeIMAP() error {
	c.mailboxes = nil
	if len(c.Mail.IMAP) > 0 && c.Mail.IMAPPassword == "" {
		return errors.New("imap_password does not name a file with the password")
	}
	var err error
	if c.after, err = imap.ParseAfter(c.Mail.IMAPAfter); err != nil {
		return fmt.Errorf("imap_after: %w", err)
	}
	seen := map[string]bool{}
	for _, text := range c.Mail.IMAP {
		m, err := imap.Parse(text)
		if err != nil {
			return err
		}
		if seen[m.String()] {
			return fmt.Errorf("%s is named twice", m)
		}
		if err := m.Fits(c.after); err != nil {
			return fmt.Errorf("imap_after: %w", err)
		}
		seen[m.String()] = true
		c.mailboxes = append(c.mailboxes, m)
	}
	return nil
}

// password reads the file, at each connection: it may change.
func (c *Config) password() (string, error) {
	f, err := os.Open(c.Mail.IMAPPassword)
	if err != nil {
		return "", err
	}
	defer f.Close()
	const most = 4096
	b, err := io.ReadAll(io.LimitReader(f, most))
	text, _, _ := strings.Cut(string(b), "\n")
	if text = strings.TrimSuffix(text, "\r"); text == "" && err == nil {
		err = fmt.Errorf("%s holds no password", c.Mail.IMAPPassword)
	}
	return text, err
}

// imapSource is the mails of a mailbox on a server.
func (c *Config) imapSource(m imap.Mailbox) *program.Source {
	in := mails{limit: int64(c.Mail.Limit), see: c.see}
	o := imap.Options{Mailbox: m, Password: c.password, CA: c.Mail.IMAPCA, Limit: in.limit, Poll: time.Duration(c.Mail.Poll), After: c.after}
	s := &program.Source{
		Name: "imap " + m.String(), Read: in.read, Secrets: []string{c.Mail.IMAPPassword}, Secret: "the password of a mailbox",
		Open: func(ctx context.Context, open *program.Opening) (pump.Channel, error) {
			if open.Once || open.Import {
				return ended{}, nil
			}
			o := o
			o.Log, o.Idle = open.Log, open.Idle
			var err error
			o.Position, err = open.Node.Journal.Reader().Position(ctx, "imap "+m.String())
			if err != nil && !errors.Is(err, journal.ErrNotFound) {
				return nil, err
			}
			ch, err := imap.Open(o)
			if err != nil {
				return nil, err
			}
			open.Node.Conditions.Watch(ch.Conditions)
			return ch, c.measure(open, "imap_", map[string]string{"mailbox": m.String()}, func() []program.Metric { return imapMetrics(ch.Stats()) })
		},
		Check: func(ctx context.Context, _ *program.Env) []program.Finding {
			if err := imap.Check(ctx, o); err != nil {
				return []program.Finding{program.Away("imap", err)}
			}
			return []program.Finding{program.Found("imap", nil, m.String()+" can be read; imap_after: "+c.after.String())}
		},
	}
	c.requeueable(s)
	return s
}
