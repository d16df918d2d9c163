package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"busbar/common/sign"
)

// addPushes makes repositories for the version control systems that are
// installed, and the adapter that tells of them. Without git there is none.
func (d *demo) addPushes(ctx context.Context, ca *sign.CA) error {
	if _, err := exec.LookPath("git"); err != nil {
		d.say("Git is not installed, so no pushes are shown but those that mails tell.")
		return nil
	}
	for _, dir := range []string{"pushes", "git", "svn", "hg"} {
		if err := os.Mkdir(d.path(dir), 0o700); err != nil {
			return fmt.Errorf("making the demo's folder: %w", err)
		}
	}
	for _, s := range d.pushing() {
		for _, line := range s.before {
			if err := d.shell(ctx, line); err != nil {
				return fmt.Errorf("making a repository: %w", err)
			}
		}
	}
	own := fmt.Sprintf("[scm]\nspool = %q\ngrace = \"100ms\"\nrepositories = [%q, %q, %q]\n", d.path("pushes"), d.path("git", "*.git"), d.path("svn", "*"), d.path("hg", "*"))
	if err := d.add(ctx, ca, "scmhook", own); err != nil {
		return err
	}
	// The hooks are put in, and what is there is noted: what comes is news.
	d.adapters[len(d.adapters)-1].first = []string{"install", "reconcile"}
	return nil
}

// A pushStory is what happens in one version control system, as lines of the
// shell.
type pushStory struct {
	program       string
	before, lines []string
}

var pushStories = []pushStory{
	{"git", []string{"git init -q --bare git/kettle.git", "git init -q -b main clone", "git -C clone remote add origin ../git/kettle.git"}, []string{
		"cd clone; echo boil >kettle; git add kettle; git commit -q -m 'Boil'; git push -q origin main",
		"cd clone; git mv kettle teakettle; echo whistle >>teakettle; git commit -q -a -m 'Whistle — in tune'; git push -q origin main main:topic",
		"cd clone; git commit -q --amend -m 'Whistle, in another tune'; git push -q -f origin main",
		"cd clone; git tag -a -m 'Kettle 1.0' v1.0; git tag soon main~1; git push -q origin v1.0 soon",
		"cd clone; git tag -f soon main; git push -q -f origin soon",
		"cd clone; git notes add -m 'Tested with tea'; git push -q origin refs/notes/commits",
		"cd clone; git push -q origin :topic :refs/tags/soon",
	}},
	{"svn", []string{"svnadmin create svn/cups; printf '#!/bin/sh\\n' >svn/cups/hooks/pre-revprop-change; chmod +x svn/cups/hooks/pre-revprop-change"}, []string{
		"svn mkdir -q --config-dir svn.conf --username nora -m Cups \"file://$PWD/svn/cups/trunk\"",
		"svn propset -q --config-dir svn.conf --username nora --revprop -r 1 svn:log 'Cups, with handles' \"file://$PWD/svn/cups\"",
	}},
	{"hg", []string{"hg init hg/saucers"}, []string{
		"cd hg/saucers; echo flat >saucer; hg commit -q -A -m Saucers -u nora; hg bookmark -q best",
	}},
}

// pushing are the stories that can happen here.
func (d *demo) pushing() []pushStory {
	var all []pushStory
	for _, s := range pushStories {
		if _, err := exec.LookPath(s.program); err == nil {
			all = append(all, s)
		}
	}
	return all
}

// push makes the stories happen, at the demo's pace.
func (d *demo) push(ctx context.Context) error {
	if !d.runs("scmhook") {
		return nil
	}
	for _, s := range d.pushing() {
		for _, line := range s.lines {
			if err := d.shell(ctx, line); err != nil {
				return fmt.Errorf("pushing: %w", err)
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(d.pace):
			}
		}
	}
	return nil
}

func (d *demo) shell(ctx context.Context, line string) error {
	cmd := exec.CommandContext(ctx, "sh", "-e", "-c", line)
	cmd.Dir = d.dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "HGRCPATH=/dev/null",
		"GIT_AUTHOR_NAME=Nora Ortega", "GIT_AUTHOR_EMAIL=nora@example.org", "GIT_COMMITTER_NAME=Nora Ortega", "GIT_COMMITTER_EMAIL=nora@example.org")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", line, err, bytes.TrimSpace(out))
	}
	return nil
}

func (d *demo) runs(name string) bool {
	for _, a := range d.adapters {
		if a.name == name {
			return true
		}
	}
	return false
}

// pushesTaken says that no hook's file waits.
func (d *demo) pushesTaken() bool {
	waiting, err := filepath.Glob(d.path("pushes", "*.push"))
	return err == nil && len(waiting) == 0
}

// pushed tells whether a kind of pushes can be shown here.
func (d *demo) pushed(topic string) bool {
	needs := map[string]string{"scm.bookmark.update": "hg", "scm.property.update": "svn"}[topic]
	if needs == "" {
		return true // mails tell it, too
	}
	_, err := exec.LookPath(needs)
	return err == nil && d.runs("scmhook")
}

// pushCount is how many lines of the stories push something.
func (d *demo) pushCount() int {
	n := 0
	if d.runs("scmhook") {
		for _, s := range d.pushing() {
			n += len(s.lines)
		}
	}
	return n
}

// firstCommands runs what an adapter needs before it starts.
func (a *adapter) firstCommands(ctx context.Context) error {
	for _, command := range a.first {
		if out, err := exec.CommandContext(ctx, a.program, command, "--config", a.config).CombinedOutput(); err != nil {
			return fmt.Errorf("%s %s: %w: %s", a.name, command, err, strings.TrimSpace(string(out)))
		}
	}
	return nil
}
