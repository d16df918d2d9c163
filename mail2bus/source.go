package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"busbar/common/durable"
	"busbar/common/exit"
	"busbar/common/mail"
	"busbar/common/program"
	"busbar/common/pump"
	"busbar/common/translate"
	"busbar/mail2bus/maildir"
)

// Sources are the ways in which mails come, and what is done about subscriptions.
func (c *Config) Sources(log *slog.Logger) []*program.Source {
	var list []*program.Source
	for _, dir := range c.Mail.Maildir {
		list = append(list, c.source("maildir", dir, "maildir "+filepath.Base(dir)))
	}
	if dir := c.Mail.Spool; dir != "" {
		s := c.source("spool", dir, "spool")
		s.Prepare = func(log *slog.Logger) error { return prepareSpool(dir, log) }
		list = append(list, s)
	}
	for _, m := range c.mailboxes {
		list = append([]*program.Source{c.imapSource(m)}, list...)
	}
	if c.Mail.LMTP != "" {
		list = append([]*program.Source{c.lmtpSource()}, list...)
	}
	if c.Dak.Removals != "" {
		list = append(list, c.removals())
	}
	if c.imports != nil {
		return []*program.Source{c.imports.source(int64(c.Mail.Limit))}
	}
	if len(list) == 0 {
		return []*program.Source{program.Missing("mail", errors.New("none of [mail] maildir, spool, lmtp and imap is set, so no mail can come"))}
	}
	if s := c.subscriptionSource(log); s != nil {
		list = append([]*program.Source{s}, list...)
	}
	return append([]*program.Source{c.intakeSource()}, list...)
}

// requeueable has what a source of other mails made, and is kept as poison, come
// again: by the spool or a Maildir where there is one, else by the retry queue.
func (c *Config) requeueable(s *program.Source) {
	places := c.Mail.places()
	if len(places) == 0 {
		s.Parse = func(item []byte) (any, error) { return mail.Parse(item, mail.Limits{Bytes: int64(c.Mail.Limit)}), nil }
		return
	}
	s.Requeue = func(item []byte) error {
		_, err := maildir.Deliver(places[len(places)-1], bytes.NewReader(item))
		return err
	}
}

// source is one Maildir; what is maildir or spool.
func (c *Config) source(what, dir, title string) *program.Source {
	in := mails{name: title, limit: int64(c.Mail.Limit), see: c.see, notesOwner: what == "spool" && c.policy != nil}
	return &program.Source{
		Name: dir, Title: title, Dir: dir, Read: in.read,
		Canary: c.Canary.route(dir, func(it translate.Item[any]) { in.Discard(strings.TrimPrefix(it.Origin, title+" ")) }),
		Open: func(_ context.Context, o *program.Opening) (_ pump.Channel, err error) {
			in.Channel, err = maildir.Open(maildir.Options{
				Dir: dir, Spool: what == "spool", Limit: int64(c.Mail.Limit), Poll: time.Duration(c.Mail.Poll), Log: o.Log, Idle: o.Idle,
			})
			if errors.Is(err, maildir.ErrNotMaildir) {
				err = &exit.Error{Code: exit.Config, Err: err}
			}
			if err != nil {
				return nil, err
			}
			o.Node.Conditions.Watch(in.Conditions)
			return in, nil
		},
		Waiting: func() (int, error) { return waiting(dir) },
		Requeue: func(item []byte) error {
			_, err := maildir.Deliver(dir, bytes.NewReader(item))
			return err
		},
		Check: func(context.Context, *program.Env) []program.Finding { return []program.Finding{checkPlace(what, dir)} },
	}
}

// prepareSpool makes the spool where it is missing and clears what dead
// deliveries left behind.
func prepareSpool(dir string, log *slog.Logger) error {
	if err := durable.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the spool: %w", err)
	}
	n, err := maildir.Sweep(dir)
	if n > 0 {
		log.Info("unfinished deliveries removed", "files", n)
	}
	if errors.Is(err, os.ErrNotExist) {
		return nil // not used yet
	}
	return err
}
