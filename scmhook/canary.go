package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"busbar/adapters/scm"
	"busbar/common/canary"
	"busbar/common/config"
	"busbar/common/runes"
	"busbar/common/translate"
	"busbar/scmhook/feed"
)

// CanaryConfig is the [canary] table.
type CanaryConfig struct {
	config.Canary
	Repository string `toml:"repository" doc:"A git repository made for canaries, with the hook, among [scm] repositories: its absolute path. Empty: none."`
	Push       string `toml:"push" doc:"Where they are pushed to, as git takes it, such as ssh://git@localhost/srv/git/canary.git. Empty: repository."`
}

// canaryBranch is the one branch that canaries move.
const canaryBranch = "refs/heads/busbar-canary"

func (c CanaryConfig) check(repositories *feed.Set, refs []string) error {
	if c.Repository == "" {
		return nil
	}
	_, named := repositories.Called(c.Repository)
	switch {
	case !named:
		return fmt.Errorf("checking [canary] repository: [scm] repositories does not name %s", c.Repository)
	case strings.HasPrefix(c.Push, "-"):
		return fmt.Errorf("checking [canary] push: %q is no address of a repository", c.Push)
	case !slices.ContainsFunc(refs, func(prefix string) bool { return strings.HasPrefix(canaryBranch, prefix) }):
		return errors.New("checking [canary]: [scm] refs leaves out " + canaryBranch)
	}
	return c.Check(time.Second)
}

// route is how canaries go through the repository made for them; nil: none do.
func (c *Config) route() *canary.Route {
	if c.Canary.Repository == "" || c.webhooksOnly() {
		return nil
	}
	set, err := feed.NewSet(c.SCM.Repositories)
	if err != nil {
		return nil // it was checked
	}
	name, _ := set.Called(c.Canary.Repository)
	to := c.Canary.Push
	if to == "" {
		to = c.Canary.Repository
	}
	return &canary.Route{
		Interval: time.Duration(c.Canary.Interval),
		Send:     func(ctx context.Context, token string) error { return pushCanary(ctx, to, token) },
		Find:     func(it translate.Item[any]) *canary.Found { return findCanary(name, it) },
		Hint:     "look with `scmhook status` whether the hook is in " + c.Canary.Repository + ", and whether its files reach the spool",
	}
}

// findCanary takes all that happens in the canaries' repository for one of them, or
// what is left of one: nothing in it is a fact.
func findCanary(repository string, it translate.Item[any]) *canary.Found {
	p, ok := it.Value.(scm.Push)
	if !ok || p.System != "git" || p.Repository != repository {
		return nil
	}
	for _, u := range p.Updates {
		if u.Ref != canaryBranch || len(u.Commits) == 0 {
			continue
		}
		f := &canary.Found{Token: strings.TrimSpace(u.Commits[len(u.Commits)-1].Message)}
		if p.Via != "hook" {
			f.Amiss = "no hook reported the push: it was found by comparing refs"
		}
		return f
	}
	return &canary.Found{Rest: true}
}

// pushCanary moves the branch to a commit without parents, whose message is the token.
func pushCanary(ctx context.Context, to, token string) (err error) {
	dir, err := os.MkdirTemp("", "busbar-canary-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	git := func(args ...string) (string, error) { return runGit(ctx, dir, args...) }
	if _, err := git("init", "--quiet", "--bare", "."); err != nil {
		return err
	}
	tree, err := git("hash-object", "-t", "tree", "-w", "--stdin")
	if err != nil {
		return err
	}
	commit, err := git("commit-tree", "-m", token, tree)
	if err != nil {
		return err
	}
	_, err = git("push", "--quiet", "--force", "--", to, commit+":"+canaryBranch)
	return err
}

// runGit runs git as a user would, with nothing on its input.
func runGit(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	cmd.WaitDelay = time.Second // what it started may hold its output open
	cmd.Env = []string{"LC_ALL=C", "GIT_TERMINAL_PROMPT=0"}
	for _, who := range []string{"AUTHOR", "COMMITTER"} {
		cmd.Env = append(cmd.Env, "GIT_"+who+"_NAME=Busbar", "GIT_"+who+"_EMAIL=busbar-canary@localhost")
	}
	for _, name := range []string{"PATH", "HOME", "XDG_CONFIG_HOME", "SSH_AUTH_SOCK", "LOGNAME"} {
		if v := os.Getenv(name); v != "" {
			cmd.Env = append(cmd.Env, name+"="+v)
		}
	}
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		const most = 300
		text, _ := runes.Cut(strings.Join(strings.Fields(strings.ToValidUTF8(said.String(), "\uFFFD")), " "), most)
		return "", fmt.Errorf("running git %s: %w: %s", args[0], err, text)
	}
	return strings.TrimSpace(out.String()), nil
}
