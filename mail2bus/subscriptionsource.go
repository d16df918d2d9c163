package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"busbar/common/node"
	"busbar/common/program"
	"busbar/common/pump"
	"busbar/common/translate"
	"busbar/mail2bus/subscriptions"
)

// SubscribeConfig is the [subscribe] table.
type SubscribeConfig struct {
	Address  string   `toml:"address" doc:"Address whose mail comes in by one of the ways of [mail]: mail2bus subscribe has it subscribed to lists, and the daemon confirms that. Empty: nothing is subscribed, and no mail answered. See docs/howto/subscribe.md."`
	SMTP     string   `toml:"smtp" doc:"The local mail system, HOST:PORT, without a password: it takes the daemon's answers to lists."`
	Sendmail []string `toml:"sendmail" doc:"Command that takes a request of mail2bus subscribe on standard input; -f, the sender and the list's address are added. Empty: the server of smtp takes it."`
}

func defaultSubscribe() SubscribeConfig {
	return SubscribeConfig{SMTP: "127.0.0.1:25", Sendmail: []string{"/usr/sbin/sendmail", "-i"}}
}

func (c SubscribeConfig) check() error {
	if c.Address == "" {
		return nil
	}
	if err := subscriptions.CheckAddress(c.Address); err != nil {
		return fmt.Errorf("checking [subscribe] address: %w", err)
	}
	if _, _, err := net.SplitHostPort(c.SMTP); err != nil {
		return fmt.Errorf("checking [subscribe] smtp: %w (want a server such as 127.0.0.1:25)", err)
	}
	if len(c.Sendmail) > 0 && !filepath.IsAbs(c.Sendmail[0]) {
		return errors.New("checking [subscribe] sendmail: it does not begin with the absolute path of a program")
	}
	return nil
}

// request sends a mail of the command's.
func (c SubscribeConfig) request(ctx context.Context, from, to string, text []byte) error {
	if len(c.Sendmail) == 0 {
		return c.answer(ctx, from, to, text)
	}
	return sendCommand(ctx, append(slices.Clone(c.Sendmail), "-f", from, to), text)
}

// answer sends a mail of the daemon's, which may start no program.
func (c SubscribeConfig) answer(ctx context.Context, from, to string, text []byte) error {
	return sendSMTP(ctx, c.SMTP, from, to, text)
}

// book is where the subscriptions stand: beside the journal, as its owner's.
func (c *Config) book() *subscriptions.Book {
	like := c.Bus.Journal
	if _, err := os.Stat(like); errors.Is(err, fs.ErrNotExist) { // the daemon never ran
		like = filepath.Dir(like)
	}
	return &subscriptions.Book{File: c.Bus.Journal + ".lists", Own: func(path string) error { return node.OwnAs(path, like) }}
}

// subscriptionSource is where lists are answered; nil: they are not.
func (c *Config) subscriptionSource(log *slog.Logger) *program.Source {
	if c.Subscribe.Address == "" {
		return nil
	}
	c.desk = subscriptions.Open(subscriptions.Options{Book: c.book(), Send: c.Subscribe.answer, Log: log})
	host, _, _ := net.SplitHostPort(c.Subscribe.SMTP)
	return &program.Source{
		Name: "subscriptions", Hosts: []string{host},
		Open: func(_ context.Context, o *program.Opening) (pump.Channel, error) {
			if o.Once || o.Import {
				return ended{}, nil
			}
			return subscriptions.Channel{Desk: c.desk, Idle: o.Idle}, nil
		},
		Made:  func([]byte) bool { return false },
		Check: func(ctx context.Context, _ *program.Env) []program.Finding { return c.checkSubscriptions(ctx) },
	}
}

// see looks whether a mail that came in asks to confirm a subscription.
func (c *Config) see(it translate.Item[any]) translate.Item[any] {
	if c.desk == nil {
		return it
	}
	return c.desk.See(it)
}

// checkSubscriptions says whether the mail system listens, and how lists were answered.
func (c *Config) checkSubscriptions(ctx context.Context) []program.Finding {
	const what = "subscriptions"
	all, err := c.book().Read()
	if err != nil {
		return []program.Finding{program.Found(what, err, "")}
	}
	const patience = 5 * time.Second
	conn, err := (&net.Dialer{Timeout: patience}).DialContext(ctx, "tcp", c.Subscribe.SMTP)
	if err != nil {
		return []program.Finding{program.Away(what, fmt.Errorf("lists cannot be answered: %w ([subscribe] smtp)", err))}
	}
	conn.Close()
	list := []program.Finding{program.Found(what, nil, fmt.Sprintf("%s to %d lists; %s answers", c.Subscribe.Address, len(all.Subscriptions), c.Subscribe.SMTP))}
	for _, s := range all.Subscriptions {
		switch state := s.State(time.Now()); state {
		case subscriptions.Shown, subscriptions.Refused, subscriptions.Expired:
			list = append(list, program.Finding{What: what, Level: "warn", Detail: fmt.Sprintf("%s: %s (mail2bus subscriptions)", s.List, state)})
		}
	}
	return list
}
