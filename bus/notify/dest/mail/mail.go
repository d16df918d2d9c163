// Package mail is the way to people by mail: through a server (SMTP, RFC 5321, with TLS)
// or a program such as sendmail.
//
// A mail's Message-ID is made of the note's id: it stays the same if the mail is sent
// again because the connection ended between the server's acceptance and its answer. SMTP
// has nothing against that, so such a mail may come twice, with the same Message-ID.
package mail

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"busbar/bus/notify/dest"
	"busbar/common/runes"
)

// Config is the [notify.mail] table.
type Config struct {
	Server       string   `toml:"server" doc:"The mail server, as HOST:PORT, such as 127.0.0.1:25. Empty, and no sendmail: no mail is sent."`
	TLS          string   `toml:"tls" doc:"How it is spoken to: offered (TLS if the server offers it), starttls (or not at all), tls (from the first byte, as on port 465), none."`
	CA           string   `toml:"ca" doc:"PEM file of the authority of the server's certificate. Empty: the system's authorities."`
	User         string   `toml:"user" doc:"User at the server, with password_file; TLS must be used then."`
	PasswordFile string   `toml:"password_file" doc:"File whose first line is the user's password."`
	Sendmail     []string `toml:"sendmail" doc:"Instead of a server: a program that takes a mail on standard input, and the recipient as its last argument, such as [\"/usr/sbin/sendmail\", \"-i\", \"-f\", \"bounces@example.org\", \"--\"]."`
	From         string   `toml:"from" doc:"Whom mails are from, such as Busbar <busbar@example.org>."`
	Sender       string   `toml:"sender" doc:"The address that bounces go to. Empty: that of from."`
	Control      string   `toml:"control" doc:"Address to which people mail commands such as subscribe hello: what comes there is given to bus notify mail. Empty: there is none."`
	Bounces      string   `toml:"bounces" doc:"Address to which bounces go, instead of sender: what comes there, and at the same with +ANYTHING, is given to bus notify mail. Each mail has one of its own (VERP). It needs server. Empty: bounces tell nothing."`
	Unsubscribe  string   `toml:"unsubscribe" doc:"Address for mails that end a subscription, named in List-Unsubscribe. Empty: that of control."`
	Parallel     int      `toml:"parallel" doc:"How many connections to the server there may be."`
}

// DefaultConfig is the table before any file is read.
func DefaultConfig() Config { return Config{TLS: "offered", Parallel: 10} }

// Configured says that mail is to be sent.
func (c Config) Configured() bool { return c.Server != "" || len(c.Sendmail) > 0 }

// Secrets are the files that must be kept from others.
func (c Config) Secrets() []string {
	if c.PasswordFile == "" {
		return nil
	}
	return []string{c.PasswordFile}
}

// A Destination sends mails.
type Destination struct {
	config Config
	from   *netmail.Address
	domain string

	mu     sync.Mutex
	idle   []*client
	open   map[*client]bool
	closed bool
}

// Open checks the configuration. No server is asked.
func Open(c Config) (*Destination, error) {
	from, err := netmail.ParseAddress(c.From)
	switch {
	case c.Server != "" && len(c.Sendmail) > 0:
		err = errors.New("server and sendmail exclude each other")
	case err != nil:
		err = fmt.Errorf("from: %w (want an address such as Busbar <busbar@example.org>)", err)
	case len(c.Sendmail) > 0 && !filepath.IsAbs(c.Sendmail[0]):
		err = fmt.Errorf("sendmail: %s is no absolute path", c.Sendmail[0])
	case !slices.Contains([]string{"offered", "starttls", "tls", "none"}, c.TLS):
		err = fmt.Errorf("tls: %q is none of offered, starttls, tls, none", c.TLS)
	case (c.User == "") != (c.PasswordFile == ""):
		err = errors.New("user and password_file belong together, and one is not set")
	case c.User != "" && (c.TLS == "none" || c.TLS == "offered"):
		err = errors.New("with a user, tls must be starttls or tls, or the password could be read on the way")
	case c.Bounces != "" && c.Server == "":
		err = errors.New("bounces: it needs server")
	case c.Parallel < 1 || c.Parallel > 64:
		err = fmt.Errorf("parallel: %d is not between 1 and 64", c.Parallel)
	}
	if err == nil && c.Server != "" {
		_, _, err = net.SplitHostPort(c.Server)
	}
	for key, text := range map[string]string{"sender": c.Sender, "unsubscribe": c.Unsubscribe, "control": c.Control, "bounces": c.Bounces} {
		if err == nil && text != "" {
			if err = checkAddress(text); err != nil {
				err = fmt.Errorf("%s: %w", key, err)
			}
		}
	}
	if err != nil {
		return nil, fmt.Errorf("checking [notify.mail] %w", err)
	}
	if err := checkAddress(from.Address); err != nil {
		return nil, fmt.Errorf("checking [notify.mail] from: %w", err)
	}
	c.Sender, c.Unsubscribe = cmp.Or(c.Sender, from.Address), cmp.Or(c.Unsubscribe, c.Control)
	d := &Destination{config: c, from: from, open: map[*client]bool{}}
	d.domain = from.Address[strings.LastIndexByte(from.Address, '@')+1:]
	return d, nil
}

// Traits says that a mail server knows no ids.
func (d *Destination) Traits() dest.Traits {
	return dest.Traits{Name: "mail", Parallel: d.config.Parallel, Patience: time.Minute}
}

// Check says why a text is no address.
func (d *Destination) Check(to string) error { return checkAddress(to) }

// checkAddress accepts plain addresses in ASCII, which need no quotes anywhere.
func checkAddress(to string) error {
	local, domain, ok := strings.Cut(to, "@")
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"
	if !ok || len(to) > 254 || len(local) > 64 || local == "" || domain == "" || local[0] == '-' || strings.Trim(local, plain+"!#$&'*+/=?^_`{|}~") != "" || strings.Trim(domain, plain) != "" ||
		strings.Contains(domain, "..") || strings.Trim(domain, ".-") != domain || strings.ContainsAny(local, "\"\\<>()[]:;, ") {
		return fmt.Errorf("%.80q is no mail address such as jane@example.org", to)
	}
	if a, err := netmail.ParseAddress(to); err != nil || a.Address != to {
		return fmt.Errorf("%.80q is no mail address such as jane@example.org", to)
	}
	return nil
}

var errClosed = errors.New("mail has been closed")

// Send sends one.
func (d *Destination) Send(ctx context.Context, n dest.Note) error {
	if err := checkAddress(n.To); err != nil {
		return dest.Refused(err)
	}
	text := d.compose(n, time.Now())
	if len(d.config.Sendmail) > 0 {
		d.mu.Lock()
		closed := d.closed
		d.mu.Unlock()
		if closed {
			return errClosed
		}
		return d.run(ctx, n.To, text)
	}
	return d.deliver(ctx, d.sender(n), n.To, text)
}

// maxLocal bounds what stands before the @ of an address (RFC 5321 §4.5.3.1.1).
const maxLocal = 64

// sender is the address to which a note's bounces go.
func (d *Destination) sender(n dest.Note) string {
	local, domain, ok := strings.Cut(d.config.Bounces, "@")
	if !ok {
		return d.config.Sender
	}
	if own := local + "+" + n.Bounce; n.Bounce != "" && len(own) <= maxLocal && checkAddress(own+"@"+domain) == nil {
		local = own
	}
	return local + "@" + domain
}

// The exit codes of sysexits.h by which sendmail says that a mail never will go out.
var never = []int{64, 65, 67, 68}

// run hands a mail to the program.
func (d *Destination) run(ctx context.Context, to string, text []byte) error {
	command := d.config.Sendmail
	cmd := exec.CommandContext(ctx, command[0], append(slices.Clone(command[1:]), to)...)
	cmd.Stdin = bytes.NewReader(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")))
	cmd.WaitDelay = time.Second // what it started may hold its output open
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	said, _ := runes.Cut(strings.TrimSpace(strings.ToValidUTF8(string(out), "\uFFFD")), 300)
	err = fmt.Errorf("running %s: %w: %s", command[0], err, said)
	if exited, ok := errors.AsType[*exec.ExitError](err); ok {
		if slices.Contains(never, exited.ExitCode()) {
			return dest.Refused(err)
		}
		return err
	}
	if ctx.Err() != nil {
		return dest.Unsure(err)
	}
	return err
}

// tlsConfig is what is asked of the server.
func (d *Destination) tlsConfig() (*tls.Config, error) {
	host, _, err := net.SplitHostPort(d.config.Server)
	if err != nil {
		return nil, err
	}
	c := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if d.config.TLS == "offered" { // in the clear, anybody on the way could read it, too
		c.InsecureSkipVerify = true
	}
	if d.config.CA == "" {
		return c, nil
	}
	pem, err := os.ReadFile(d.config.CA)
	if err != nil {
		return nil, err
	}
	c.RootCAs, c.InsecureSkipVerify = x509.NewCertPool(), false
	if !c.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s has no certificate", d.config.CA)
	}
	return c, nil
}

// Close ends all connections.
func (d *Destination) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	for c := range d.open {
		c.conn.Close() // it was idle, or is ended
	}
	d.idle, d.open = nil, nil
	return nil
}
