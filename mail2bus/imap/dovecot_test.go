package imap

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"busbar/common/journal"
	"busbar/common/pump"
	"busbar/common/pump/channeltest"
	"busbar/common/translate"
	"busbar/fixtures/cluster"
)

// dovecot is a real one, of the test alone.
type dovecot struct {
	*cluster.Dovecot
	t *testing.T
}

func startDovecot(t *testing.T) *dovecot {
	t.Helper()
	dir, err := os.MkdirTemp("", "dovecot-") // a short name: sockets' are
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s, err := cluster.StartDovecot(t.Context(), filepath.Join(dir, "d"))
	if errors.Is(err, cluster.ErrNoMail) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	d := &dovecot{s, t}
	t.Cleanup(func() { d.must(d.Stop()) })
	return d
}

func (d *dovecot) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// deliver puts a mail into a user's INBOX.
func (d *dovecot) deliver(user string, n int) {
	if err := d.Deliver(user, fmt.Sprintf("%d.M%09dP1.host", 1700000000+n, n), fmt.Appendf(nil, "Subject: %d\n\nText.\n", n)); err != nil {
		d.t.Error(err)
	}
}

func (d *dovecot) mailbox(t *testing.T, scheme, user string) Mailbox {
	address := d.Plain
	if scheme == "imaps" {
		address = d.Secured
	}
	m, err := Parse(scheme + "://" + user + "@" + address + "/INBOX")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func secret() (string, error) { return "secret", nil }

func number(it translate.Item[any]) int {
	line, _, _ := strings.Cut(string(it.Raw), "\n")
	n, _ := strconv.Atoi(strings.TrimPrefix(line, "Subject: "))
	return n
}

// TestChannel holds a mailbox of a real Dovecot to what a channel promises.
func TestChannel(t *testing.T) {
	d := startDovecot(t)
	var mu sync.Mutex
	users := 0
	channeltest.Run(t, func(t *testing.T) channeltest.Source {
		mu.Lock()
		defer mu.Unlock()
		users++
		user, scheme := fmt.Sprintf("user%d", users), []string{"imaps", "imap+starttls", "imap"}[users%3]
		return channeltest.Source{
			Open: func(j *journal.Journal) (pump.Channel, func()) {
				position, err := j.Reader().Position(t.Context(), user)
				if err != nil {
					position = nil
				}
				c, err := Open(Options{Mailbox: d.mailbox(t, scheme, user), Password: secret, CA: d.CA, Limit: 1 << 20, Poll: 2 * time.Second, Position: position, Log: slog.New(slog.DiscardHandler)})
				if err != nil {
					t.Fatal(err)
				}
				return c, func() {
					if err := c.Close(); err != nil {
						t.Error(err)
					}
				}
			},
			Position: user,
			Add:      func(n int) { d.deliver(user, n) },
			Number:   number,
		}
	})
}

// TestServerGoes: the server is ended and begun again, and mails go on to come, each
// once; all again where their numbers are those of another mailbox.
func TestServerGoes(t *testing.T) {
	d := startDovecot(t)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	d.deliver("jane", 1)
	c, err := Open(Options{Mailbox: d.mailbox(t, "imaps", "jane"), Password: secret, CA: d.CA, Limit: 1 << 20, Poll: 2 * time.Second, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	take := func(want int) {
		t.Helper()
		it, position, done, err := c.Next(ctx)
		if err != nil || number(it) != want {
			t.Fatalf("mail %d came, %v (%v); want %d\n%s", number(it), err, c.Conditions(), want, d.Log())
		}
		t.Logf("mail %d at %s", want, position)
		done(nil)
	}
	take(1)
	for n := 2; n < 8; n++ {
		d.must(d.Stop())
		d.deliver("jane", n)
		d.must(d.Start(ctx))
		take(n)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	// The numbers of another mailbox say nothing of this one.
	if c, err = Open(Options{Mailbox: d.mailbox(t, "imaps", "jane"), Password: secret, CA: d.CA, Limit: 1 << 20, Position: []byte(`{"validity":1,"uid":5}`), Log: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for n := 1; n < 8; n++ {
		take(n)
	}
	for scheme, ok := range map[string]bool{"imaps": true, "imap": true, "imap+starttls": true} {
		o := Options{Mailbox: d.mailbox(t, scheme, "jane"), Password: secret, CA: d.CA}
		if err := Check(ctx, o); (err == nil) != ok {
			t.Errorf("checking by %s: %v", scheme, err)
		}
	}
}

// TestRefused: what is wrong for good is told, and tried again.
func TestRefused(t *testing.T) {
	d := startDovecot(t)
	d.deliver("jane", 1)
	for name, o := range map[string]Options{
		"another password":      {Mailbox: d.mailbox(t, "imaps", "jane"), CA: d.CA, Password: func() (string, error) { return "wrong", nil }},
		"an unknown authority":  {Mailbox: d.mailbox(t, "imaps", "jane"), Password: secret},
		"no file of a password": {Mailbox: d.mailbox(t, "imaps", "jane"), CA: d.CA, Password: func() (string, error) { return "", os.ErrNotExist }},
		"no such mailbox":       {Mailbox: Mailbox{Host: "127.0.0.1", Address: d.Plain, TLS: "none", User: "jane", Name: "none"}, Password: secret},
	} {
		o.Limit, o.Log = 1000, slog.New(slog.DiscardHandler)
		c, err := Open(o)
		if err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(2 * time.Minute); len(c.Conditions()) == 0; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s: nothing is said", name)
			}
		}
		t.Logf("%s: %s", name, c.Conditions()[0].Text)
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}
