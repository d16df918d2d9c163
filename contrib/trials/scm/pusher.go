package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// A pusher pushes into one repository, one push after the other, and keeps what
// each ref was at each time.
type pusher struct {
	name, clone, repository string
	commits                 []string // to move refs between: a line of history
	history                 map[string][]string
	rng                     *rand.Rand
	killOne                 float64 // the share of pushes whose hook is killed

	updates, killed, bare int
}

func newPusher(ctx context.Context, s *site, i int, o options) (*pusher, error) {
	p := &pusher{
		name: fmt.Sprintf("r%d", i), history: map[string][]string{}, rng: rand.New(rand.NewPCG(o.Seed, uint64(i))),
		killOne: float64(o.kills) / 2 / float64(max(o.pushes, 1)),
	}
	p.repository, p.clone = filepath.Join(s.Path("git"), p.name+".git"), s.Path("clone-"+p.name)
	if _, err := git(ctx, s.Dir, "", "init", "-q", "--bare", p.repository); err != nil {
		return nil, err
	}
	if _, err := git(ctx, s.Dir, "", "init", "-q", p.clone); err != nil {
		return nil, err
	}
	tree, err := git(ctx, p.clone, "", "mktree")
	if err != nil {
		return nil, err
	}
	for n := range pool {
		args := []string{"commit-tree", tree, "-m", fmt.Sprintf("Change %d of %s", n, p.name)}
		if n > 0 {
			args = append(args, "-p", p.commits[n-1])
		}
		id, err := git(ctx, p.clone, "", args...)
		if err != nil {
			return nil, err
		}
		p.commits = append(p.commits, id)
	}
	// Kept for git, which packs what refs reach.
	_, err = git(ctx, p.clone, "", "update-ref", "refs/heads/keep", p.commits[pool-1])
	return p, err
}

// now is what a ref is; empty: it is not there.
func (p *pusher) now(ref string) string {
	h := p.history[ref]
	if len(h) == 0 {
		return ""
	}
	return h[len(h)-1]
}

// push pushes one to three refs: forward, back, made, deleted.
func (p *pusher) push(ctx context.Context) error {
	next := map[string]string{}
	for range 1 + p.rng.IntN(3) {
		ref := fmt.Sprintf("refs/heads/b%d", p.rng.IntN(branches))
		if p.rng.IntN(10) == 0 {
			ref = fmt.Sprintf("refs/tags/t%d", p.rng.IntN(branches))
		}
		id := p.commits[p.rng.IntN(pool)]
		if p.now(ref) != "" && p.rng.IntN(6) == 0 {
			id = ""
		}
		if id != p.now(ref) {
			next[ref] = id
		}
	}
	if len(next) == 0 {
		return nil
	}
	args := []string{"push", "-q", "-f", p.repository}
	for ref, id := range next {
		args = append(args, id+":"+ref)
	}
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = p.clone
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
	if p.rng.Float64() < p.killOne {
		after := time.Duration(100+p.rng.Int64N(8000)) * time.Microsecond
		cmd.Env = append(cmd.Env, fmt.Sprintf("TORTURE_KILL=%.4f", after.Seconds()))
		p.killed++
	}
	there := hookThere(p.repository)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("a push failed: %w: %s", err, stderr.String())
	}
	if !there {
		p.bare++
	}
	for ref, id := range next {
		p.history[ref] = append(p.history[ref], id)
		p.updates++
	}
	return nil
}

// check compares what was pushed with what is there: the harness must be right.
func (p *pusher) check(ctx context.Context) error {
	out, err := git(ctx, p.repository, "", "for-each-ref", "--format=%(refname) %(objectname)")
	if err != nil {
		return err
	}
	there := map[string]string{}
	for line := range strings.Lines(out) {
		ref, id, _ := strings.Cut(strings.TrimSpace(line), " ")
		there[ref] = id
	}
	for ref := range p.history {
		if there[ref] != p.now(ref) {
			return fmt.Errorf("%s of %s is %q, and %q was pushed", ref, p.name, there[ref], p.now(ref))
		}
	}
	return nil
}
