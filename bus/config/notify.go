package config

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"busbar/bus/notify/dest"
	"busbar/bus/notify/dest/command"
	"busbar/bus/notify/dest/irc"
	"busbar/bus/notify/dest/mail"
	"busbar/bus/notify/dest/mastodon"
	"busbar/bus/notify/dest/matrix"
	"busbar/bus/notify/dest/ntfy"
	"busbar/bus/notify/dest/outside"
	"busbar/bus/notify/dest/webhook"
	"busbar/bus/notify/dest/webpush"
	"busbar/bus/notify/openid"
	"busbar/bus/notify/self"
	"busbar/common/archive"
	"busbar/common/config"
	"busbar/common/subscribe"
)

// Notify is the [notify] table: how `bus notify` tells people.
type Notify struct {
	Rules  string          `toml:"rules" doc:"Folder of *.toml files with people and their rules. Empty: /etc/busbar/notify.d."`
	Outbox string          `toml:"outbox" doc:"File with what is to be sent, and up to where events were handled. Empty: /var/lib/busbar/notify/outbox.db."`
	From   string          `toml:"from" doc:"Where to begin with a publisher that is new: now, start (with the oldest that it keeps), or a time such as 2026-11-28T12:00:00Z."`
	Listen string          `toml:"listen" doc:"Address where bus notify answers /healthz, /metrics and /status.json, such as 127.0.0.1:9483. Empty: nowhere."`
	Public string          `toml:"public" doc:"Where others reach what listens there, by a proxy with TLS that passes on /stop/ and /me/ alone, such as https://notify.example.org: then mails have a link by which one click ends a rule (RFC 8058), and people may keep rules of their own ([notify.self] web). Empty: neither."`
	GiveUp config.Duration `toml:"give_up" doc:"How long a note that cannot be sent is tried again before it is a dead letter."`
	Keep   config.Duration `toml:"keep" doc:"How long what was sent is remembered, for bus notify explain."`
	Mail   mail.Config     `toml:"mail"`
	Self   NotifySelf      `toml:"self"`

	IRC      irc.Config       `toml:"irc"`
	Ntfy     ntfy.Config      `toml:"ntfy"`
	WebPush  webpush.Config   `toml:"webpush"`
	Webhook  webhook.Config   `toml:"webhook"`
	Matrix   matrix.Config    `toml:"matrix"`
	Mastodon mastodon.Config  `toml:"mastodon"`
	Command  []command.Config `toml:"command"`
	Outside  outside.Config   `toml:"outside"`
}

// NotifySelf is the [notify.self] table: what people may keep themselves.
type NotifySelf struct {
	Web     bool     `toml:"web" doc:"Serve pages below /me/ of public on which people keep rules of their own. They sign in by a link that is mailed to them, or also as [notify.self.openid] says."`
	Ways    []string `toml:"ways" doc:"Destinations that people may choose, each after a code was sent there: such as mail, ntfy, webhook, matrix, mastodon. With webpush, and [notify.webpush], people can have their browser show notes."`
	People  int      `toml:"people" doc:"How many people may keep rules."`
	Rules   int      `toml:"rules" doc:"How many rules one may have, beside subscriptions to packages."`
	Proxies []string `toml:"proxies" doc:"Addresses of proxies before listen, whose X-Forwarded-For is believed, such as 127.0.0.1: who asks too often is told apart by it."`

	OpenID openid.Config `toml:"openid"`
}

// Limits are those of the store.
func (s NotifySelf) Limits() self.Limits {
	l := self.DefaultLimits()
	l.People, l.Rules = s.People, s.Rules
	return l
}

func (s NotifySelf) check(n *Notify) error {
	if s.People < 1 || s.People > 1_000_000 || s.Rules < 1 || s.Rules > 1000 {
		return errors.New("checking [notify.self]: people is between 1 and 1000000, and rules between 1 and 1000")
	}
	if s.Web && (n.Public == "" || n.Listen == "" || !n.Mail.Configured()) {
		return errors.New("checking [notify.self] web: it needs [notify] listen and public, and [notify.mail], by which people sign in")
	}
	if n.Mail.Control != "" && !n.Mail.Configured() {
		return errors.New("checking [notify.mail] control: answers need server or sendmail")
	}
	if err := s.OpenID.Check(); err != nil {
		return err
	}
	if s.OpenID.Configured() && !s.Web {
		return errors.New("checking [notify.self.openid]: people sign in for the pages alone, and [notify.self] web is not set")
	}
	for _, text := range s.Proxies {
		if _, err := netip.ParseAddr(text); err != nil {
			return fmt.Errorf("checking [notify.self] proxies: %q is no address such as 127.0.0.1", text)
		}
	}
	return nil
}

// DefaultNotify is the [notify] table before any file is read.
func DefaultNotify() Notify {
	return Notify{From: "now", GiveUp: config.Duration(72 * time.Hour), Keep: config.Duration(30 * 24 * time.Hour), Mail: mail.DefaultConfig(), Self: NotifySelf{Ways: []string{"mail", "ntfy", "webhook", "webpush"}, People: self.DefaultLimits().People, Rules: self.DefaultLimits().Rules}, WebPush: webpush.DefaultConfig(), Mastodon: mastodon.DefaultConfig()}
}

// Complete fills what is left out, and reports what cannot work.
func (n *Notify) Complete() error {
	if n.Rules == "" {
		n.Rules = filepath.Join(config.Dir, "notify.d")
	}
	if n.Outbox == "" {
		n.Outbox = filepath.Join(config.StateDir, "notify", "outbox.db")
	}
	if err := config.CheckAddress(n.Listen); n.Listen != "" && err != nil {
		return fmt.Errorf("checking [notify] listen: %w (want an address such as 127.0.0.1:9483)", err)
	}
	if n.Public != "" && (!dest.Web(n.Public) || !strings.HasPrefix(n.Public, "https://") && !loopback(n.Public)) {
		return fmt.Errorf("checking [notify] public: %q is no address such as https://notify.example.org", n.Public)
	}
	if n.GiveUp < config.Duration(time.Minute) || n.Keep < config.Duration(time.Hour) {
		return errors.New("checking [notify]: give_up is at least 1m, and keep 1h")
	}
	if err := n.Self.check(n); err != nil {
		return err
	}
	_, err := n.Begin()
	return err
}

// loopback says whether an address of the web is on this machine: there it may do without
// TLS, for a try.
func loopback(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	a, err := netip.ParseAddr(u.Hostname())
	return err == nil && a.IsLoopback()
}

// Configured says that a destination is, so that there is somebody to tell.
func (n *Notify) Configured() bool {
	return n.Mail.Configured() || n.IRC.Configured() || n.Ntfy.Configured() || n.WebPush.Configured() || n.Webhook.Configured() || n.Matrix.Configured() || n.Mastodon.Configured() || len(n.Command) > 0
}

// Pages is where people keep their own rules; empty: nowhere.
func (n *Notify) Pages() string {
	if !n.Self.Web {
		return ""
	}
	return strings.TrimSuffix(n.Public, "/") + "/me/"
}

// Begin is what From says.
func (n *Notify) Begin() (subscribe.From, error) {
	switch n.From {
	case "start":
		return subscribe.Start(), nil
	case "now":
		return subscribe.Now(), nil
	}
	t, err := archive.ParseTime(n.From)
	if err != nil {
		return subscribe.From{}, fmt.Errorf("checking [notify] from: %w (or start, or now)", err)
	}
	return subscribe.Since(t), nil
}

// Secrets are the files that must be kept from others.
func (n *Notify) Secrets() []string {
	return slices.Concat(n.Mail.Secrets(), n.IRC.Secrets(), n.Ntfy.Secrets(), n.WebPush.Secrets(), n.Webhook.Secrets(), n.Matrix.Secrets(), n.Mastodon.Secrets(), n.Self.OpenID.Secrets())
}
