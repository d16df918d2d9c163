package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"busbar/common/config"
	"busbar/common/exit"
	"busbar/common/program"
	"busbar/scmhook/feed"
	"busbar/scmhook/hook"
)

// Config is the configuration of scmhook.
type Config struct {
	Bus  config.Bus  `toml:"bus"`
	Sign config.Sign `toml:"sign"`
	SCM  SCMConfig   `toml:"scm"`

	Webhook WebhookConfig `toml:"webhook"`
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

// LinksConfig is the [scm.links] table.
type LinksConfig struct {
	Commit string `toml:"commit" doc:"Page of a commit. {repository} {id} {branch} {tag} {ref} are filled in: https://git.example.org/{repository}/commit/?id={id}"`
	Branch string `toml:"branch" doc:"Page of a branch: https://git.example.org/{repository}/log/?h={branch}"`
	Tag    string `toml:"tag" doc:"Page of a tag: https://git.example.org/{repository}/tag/?h={tag}"`
}

// DefaultConfig is the configuration before any file is read.
func DefaultConfig() Config {
	return Config{
		Bus: config.DefaultBus(), Sign: config.DefaultSign(),
		SCM: SCMConfig{
			Service: "scm", Spool: hook.DefaultDir, Commits: 100, Refs: []string{"refs/heads/", "refs/tags/", "refs/notes/", "refs/bookmarks/", "refs/anonymous/"},
			Reconcile: config.Duration(10 * time.Minute), Grace: config.Duration(2 * time.Second),
			Poll: config.Duration(30 * time.Second), Timeout: config.Duration(time.Minute),
		},
	}
}

func load(p *program.Env, g *program.Globals) (Config, error) {
	c := DefaultConfig()
	if _, err := g.Source(p).Load(&c); err != nil {
		return c, &exit.Error{Code: exit.Config, Err: err}
	}
	if err := c.Bus.Complete(p.Name); err != nil {
		return c, &exit.Error{Code: exit.Config, Err: err}
	}
	if err := c.SCM.check(); err != nil {
		return c, &exit.Error{Code: exit.Config, Err: fmt.Errorf("checking [scm]: %w", err)}
	}
	return c, nil
}

func (c SCMConfig) check() error {
	switch {
	case !filepath.IsAbs(c.Spool):
		return fmt.Errorf("spool is %q; it must be an absolute path, because hooks run anywhere", c.Spool)
	case c.Reconcile <= 0 || c.Grace <= 0 || c.Poll <= 0 || c.Timeout <= 0:
		return errors.New("reconcile, grace, poll and timeout must be more than 0s")
	case c.Commits < 1 || c.Commits > 300:
		return fmt.Errorf("commits is %d; it must be from 1 to 300", c.Commits)
	}
	_, err := feed.NewSet(c.Repositories)
	return err
}
