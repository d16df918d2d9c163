package main

import (
	"fmt"
	"path/filepath"

	"busbar/adapters/scm"
	"busbar/common/config"
)

// Config is the configuration of mail2bus.
type Config struct {
	config.Shared
	Mail   MailConfig   `toml:"mail"`
	SCM    SCMConfig    `toml:"scm"`
	Canary CanaryConfig `toml:"canary"`
}

// MailConfig is the [mail] table.
type MailConfig struct {
	Maildir []string        `toml:"maildir" doc:"Maildirs to read: directories that hold new/, cur/ and tmp/."`
	Spool   string          `toml:"spool" doc:"Directory where deliver puts mails for the daemon, itself a Maildir. Both must be able to write there."`
	Lists   bool            `toml:"lists" doc:"Publish any other mail of a mailing list as lists.mail.receive; false: count it as skipped."`
	Limit   config.Size     `toml:"limit" doc:"Size from which a mail is kept aside unread, as poison."`
	Poll    config.Duration `toml:"poll" doc:"How often the directories are read without any notification."`
}

// SCMConfig is the [scm] table: commit mails. A push that a hook tells, too, is
// one event where both call the service and the repository the same.
type SCMConfig struct {
	Service string            `toml:"service" doc:"First part of the topics of commit mails: scm, or a name such as salsa; the same as scmhook's."`
	Names   map[string]string `toml:"names" doc:"What commit mails call a repository (its description, or X-Git-Repo), to its name on the bus. Others keep theirs."`
}

// DefaultConfig is the configuration before any file is read.
func DefaultConfig() *Config {
	return &Config{
		Shared: config.DefaultShared(),
		Mail:   MailConfig{Lists: true, Limit: 64 << 20, Poll: config.Duration(30e9)},
		SCM:    SCMConfig{Service: scm.DefaultService},
		Canary: defaultCanary(),
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
	seen := map[string]bool{}
	for _, dir := range c.Mail.places() {
		dir = filepath.Clean(dir)
		if seen[dir] {
			return fmt.Errorf("checking [mail]: %s is named twice: each directory is read once, and the spool is read without being named in maildir", dir)
		}
		seen[dir] = true
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
