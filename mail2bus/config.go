package main

import (
	"fmt"
	"path/filepath"

	"busbar/adapters/scm"
	"busbar/common/config"
	"busbar/mail2bus/imap"
	"busbar/mail2bus/lmtp"
	"busbar/mail2bus/proof"
	"busbar/mail2bus/subscriptions"
)

// Config is the configuration of mail2bus.
type Config struct {
	config.Shared
	Mail      MailConfig      `toml:"mail"`
	SCM       SCMConfig       `toml:"scm"`
	Dak       DakConfig       `toml:"dak"`
	Canary    CanaryConfig    `toml:"canary"`
	Subscribe SubscribeConfig `toml:"subscribe"`

	imports   *imports      // the files of the command import
	policy    *proof.Policy // nil: nothing is asked for
	mailboxes []imap.Mailbox
	after     imap.After
	desk      *subscriptions.Desk // nil: nothing is subscribed
}

// MailConfig is the [mail] table.
type MailConfig struct {
	Maildir []string        `toml:"maildir" doc:"Maildirs to read: directories that hold new/, cur/ and tmp/."`
	Spool   string          `toml:"spool" doc:"Directory where deliver puts mails for the daemon, itself a Maildir. Both must be able to write there."`
	Lists   bool            `toml:"lists" doc:"Publish any other mail of a mailing list as lists.mail.receive; false: count it as skipped."`
	Private bool            `toml:"private" doc:"Publish mails that are one person's own, too: that an account for uploads was opened (dak.account.create). false: they are counted as skipped, and nothing of them leaves this machine."`
	Limit   config.Size     `toml:"limit" doc:"Size from which a mail is kept aside unread, as poison."`
	Poll    config.Duration `toml:"poll" doc:"How often the directories are read without any notification."`

	LMTP            string `toml:"lmtp" doc:"Where mail systems hand mails over by LMTP: unix:///PATH (for this user and its group), tcp://HOST:PORT, or systemd (a socket unit). Empty: nowhere. See docs/howto/lmtp.md."`
	LMTPConnections int    `toml:"lmtp_connections" doc:"How many of them may be connected at one moment; others wait."`

	IMAP         []string `toml:"imap" doc:"Mailboxes to read by IMAP: imaps://USER@HOST/MAILBOX, or imap+starttls://…. See docs/howto/imap.md."`
	IMAPPassword string   `toml:"imap_password" doc:"File with the password of these users."`
	IMAPAfter    string   `toml:"imap_after" doc:"What becomes of mails there once they are stored: leave (nothing is changed), mark (as seen), or move:MAILBOX (made where it is missing)."`
	IMAPCA       string   `toml:"imap_ca" doc:"Authority of the servers' certificates, PEM. Empty: those of the machine."`

	Require         map[string][]string `toml:"require" doc:"What must prove a mail, by the beginning of the topic that it leads to: \"debbugs\" = [\"dkim:bugs.debian.org and relay:*.debian.org\"]. One entry of the list is enough; * is for all other topics. Empty: mails are believed. See docs/howto/evidence.md."`
	Unproved        string              `toml:"unproved" doc:"What becomes of a mail that falls short: poison (it is kept, and not published), or mark (it is published, with the evidence against it)."`
	RequireImported bool                `toml:"require_imported" doc:"Also imported mails must be proved, though keys may have changed or gone since."`
	ResultsOf       string              `toml:"results_of" doc:"Name by which our own mail host begins its Authentication-Results; needed for results:DOMAIN. It must take out those that come from outside."`
	ReceivedBy      string              `toml:"received_by" doc:"Name of our own mail host in its Received lines; needed for relay:NAME."`
	Keyrings        map[string]string   `toml:"keyrings" doc:"OpenPGP keyrings by name, for pgp:NAME: debian = \"/usr/share/keyrings/debian-keyring.gpg\"."`
	DKIMKeys        string              `toml:"dkim_keys" doc:"File with the keys of domains, a line \"mail._domainkey.example.org v=DKIM1; k=rsa; p=…\" each; they count before the DNS."`
	DNS             bool                `toml:"dns" doc:"Ask the DNS for keys of the domains that require names."`
}

// SCMConfig is the [scm] table: commit mails. A push that a hook tells, too, is
// one event where both call the service and the repository the same.
type SCMConfig struct {
	Service string            `toml:"service" doc:"First part of the topics of commit mails: scm, or a name such as salsa; the same as scmhook's."`
	Names   map[string]string `toml:"names" doc:"What commit mails call a repository (its description, or X-Git-Repo), to its name on the bus. Others keep theirs."`
}

// DakConfig is the [dak] table: what the archive says beside its mails.
type DakConfig struct {
	Removals string `toml:"removals" doc:"The archive's log of removals (removals.822), or a copy that is fetched again and again: it has those without a bug, too, of which no mail tells. What it holds at first is recorded, and not published."`
	History  bool   `toml:"history" doc:"Publish what the log of removals holds at first, too, as recovered."`
}

// DefaultConfig is the configuration before any file is read.
func DefaultConfig() *Config {
	return &Config{
		Shared:    config.DefaultShared(),
		Mail:      MailConfig{Lists: true, Limit: 64 << 20, Poll: config.Duration(30e9), Unproved: "poison", DNS: true, LMTPConnections: 20, IMAPAfter: "leave"},
		SCM:       SCMConfig{Service: scm.DefaultService},
		Canary:    defaultCanary(),
		Subscribe: defaultSubscribe(),
	}
}

// maxLimit keeps what is read of one mail, and may be kept as poison, below what
// the journal takes as one item.
const maxLimit = 128 << 20

// Complete checks [mail].
func (c *Config) Complete() error {
	if c.Mail.Limit <= 0 || c.Mail.Limit > maxLimit {
		return fmt.Errorf("checking [mail]: limit is %d bytes; it must be more than 0 and at most %d", c.Mail.Limit, maxLimit)
	}
	if c.Mail.LMTP != "" {
		if err := lmtp.Check(c.Mail.LMTP); err != nil {
			return fmt.Errorf("checking [mail] lmtp: %w", err)
		}
		if c.Mail.LMTPConnections < 1 {
			return fmt.Errorf("checking [mail] lmtp_connections: %d; at least one must be able to connect", c.Mail.LMTPConnections)
		}
	}
	if err := c.completeIMAP(); err != nil {
		return fmt.Errorf("checking [mail] imap: %w", err)
	}
	seen := map[string]bool{}
	for _, dir := range c.Mail.places() {
		dir = filepath.Clean(dir)
		if seen[dir] {
			return fmt.Errorf("checking [mail]: %s is named twice: each directory is read once, and the spool is read without being named in maildir", dir)
		}
		seen[dir] = true
	}
	if err := c.completePolicy(); err != nil {
		return err
	}
	if err := c.Subscribe.check(); err != nil {
		return err
	}
	return c.Canary.check(c.Mail.places())
}

// places are the directories to read: the Maildirs and the spool.
func (c MailConfig) places() []string {
	if c.Spool == "" {
		return c.Maildir
	}
	return append(append([]string(nil), c.Maildir...), c.Spool)
}
