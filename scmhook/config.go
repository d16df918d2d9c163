package main

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"busbar/common/config"
	"busbar/scmhook/feed"
	"busbar/scmhook/hook"
)

// Config is the configuration of scmhook.
type Config struct {
	config.Shared
	SCM     SCMConfig     `toml:"scm"`
	Webhook WebhookConfig `toml:"webhook"`
	Canary  CanaryConfig  `toml:"canary"`
}

// SCMConfig is the [scm] table.
type SCMConfig struct {
	Service      string          `toml:"service" doc:"First part of the topics: scm, or a name of your own such as salsa."`
	Spool        string          `toml:"spool" doc:"Directory where hooks leave their files. Hooks find it by their own means: see scmhook git."`
	Repositories []string        `toml:"repositories" doc:"Absolute paths of repositories, or globs such as /srv/git/*/*.git. A repository is called after its path below the first wildcard's directory, without .git."`
	Reconcile    config.Duration `toml:"reconcile" doc:"How often all refs are compared with what was published; also at the start."`
	Grace        config.Duration `toml:"grace" doc:"How long a difference must last before comparing tells it: its hook may still be running."`
	Poll         config.Duration `toml:"poll" doc:"How often the spool is read without any notification."`
	Timeout      config.Duration `toml:"timeout" doc:"How long git, svnlook or hg may take to answer one question."`
	Commits      int             `toml:"commits" doc:"How many commits of one update are published one by one, at most 300: the newest. The rest is counted, and its range named."`
	Refs         []string        `toml:"refs" doc:"Beginnings of the refs that are published; others are watched only. Add \"refs/\" to publish all."`
	Links        LinksConfig     `toml:"links"`
}

// WebhookConfig is the [webhook] table.
type WebhookConfig struct {
	Listen  string `toml:"listen" doc:"Address and port of scmhook serve: 127.0.0.1:9944. It speaks HTTP; put a server that speaks TLS before it."`
	Secrets string `toml:"secrets" doc:"File of the secrets that forges know, one a line, of 16 characters at least. Each is accepted."`
	Journal string `toml:"journal" doc:"Journal of scmhook serve, where scmhook run works on the same machine and has [bus] journal. Empty: [bus] journal."`
}

// LinksConfig is the [scm.links] table.
type LinksConfig struct {
	Commit string `toml:"commit" doc:"Page of a commit. {repository} {id} {branch} {tag} {ref} are filled in: https://git.example.org/{repository}/commit/?id={id}"`
	Branch string `toml:"branch" doc:"Page of a branch: https://git.example.org/{repository}/log/?h={branch}"`
	Tag    string `toml:"tag" doc:"Page of a tag: https://git.example.org/{repository}/tag/?h={tag}"`
}

// DefaultConfig is the configuration before any file is read.
func DefaultConfig() *Config {
	return &Config{
		Shared: config.DefaultShared(),
		SCM: SCMConfig{
			Service: "scm", Spool: hook.DefaultDir, Commits: 100, Refs: []string{"refs/heads/", "refs/tags/", "refs/notes/", "refs/bookmarks/", "refs/anonymous/"},
			Reconcile: config.Duration(10 * time.Minute), Grace: config.Duration(2 * time.Second),
			Poll: config.Duration(30 * time.Second), Timeout: config.Duration(time.Minute),
		},
		Canary: CanaryConfig{Canary: config.DefaultCanary()},
	}
}

// Complete checks [scm]. Where nothing but webhooks is configured, their journal is
// the one to ask.
func (c *Config) Complete() error {
	if c.webhooksOnly() {
		c.Bus.Journal = c.webhookJournal()
	}
	if err := c.SCM.check(); err != nil {
		return fmt.Errorf("checking [scm]: %w", err)
	}
	if err := config.CheckAddress(c.Webhook.Listen); c.Webhook.Listen != "" && err != nil {
		return fmt.Errorf("checking [webhook] listen: %w (want an address such as 127.0.0.1:9944)", err)
	}
	set, err := feed.NewSet(c.SCM.Repositories)
	if err != nil {
		return fmt.Errorf("checking [scm]: %w", err)
	}
	return c.Canary.check(set, c.SCM.Refs)
}

// Service is the first part of all topics.
func (c *Config) Service() string { return c.SCM.Service }

// webhooksOnly reports whether nothing but webhooks is configured.
func (c *Config) webhooksOnly() bool { return len(c.SCM.Repositories) == 0 && c.Webhook.Listen != "" }

// webhookJournal is the journal of the webhooks' server.
func (c *Config) webhookJournal() string { return cmp.Or(c.Webhook.Journal, c.Bus.Journal) }

func (c SCMConfig) check() error {
	switch {
	case !filepath.IsAbs(c.Spool):
		return fmt.Errorf("spool is %q; it must be an absolute path, because hooks run anywhere", c.Spool)
	case c.Reconcile <= 0 || c.Grace <= 0 || c.Poll <= 0 || c.Timeout <= 0:
		return errors.New("reconcile, grace, poll and timeout must be more than 0s")
	case c.Commits < 1 || c.Commits > 300:
		return fmt.Errorf("commits is %d; it must be from 1 to 300", c.Commits)
	}
	return nil
}
