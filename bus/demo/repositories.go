package demo

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// A repository is one of a version control system that the demo pushes to, if
// its programs are there.
type repository struct {
	system   string
	programs []string
	kinds    []string          // what its story shows
	files    map[string]string // that it needs, with what is in them
	create   []string          // commands; an empty repository is no news
	story    []string          // commands, with a pause after each
}

// repositories are all that there could be. {} is the demo's folder; the
// commands' words are separated by blanks, and _ is a blank in a word.
func repositories() []repository {
	return []repository{{
		system: "git", programs: []string{"git"},
		kinds: []string{"scm.branch.create", "scm.branch.update", "scm.branch.delete", "scm.tag.create", "scm.tag.update",
			"scm.tag.delete", "scm.commit.create", "scm.ref.update"},
		create: append(lifeRepository(),
			"git init -q --bare git/kettle.git",
			"git init -q kettle",
			"git -C kettle remote add origin {}/git/kettle.git",
			"git -C kettle commit -q --allow-empty -m Boil_water",
			"git -C kettle tag v1",
			"git -C kettle notes add -m Tested_with_tea",
		),
		story: []string{
			"git -C kettle push -q origin HEAD:refs/heads/main",
			"git -C kettle push -q origin v1",
			"git -C kettle push -q origin refs/notes/commits",
			"git -C kettle commit -q --allow-empty -m Whistle_when_it_boils",
			"git -C kettle push -q origin HEAD:refs/heads/main HEAD:refs/heads/steam",
			"git -C kettle tag -f v1",
			"git -C kettle push -q -f origin v1",
			"git -C kettle push -q origin :refs/tags/v1 :refs/heads/steam",
		},
	}, {
		system: "Mercurial", programs: []string{"hg"},
		kinds:  []string{"scm.branch.create", "scm.commit.create", "scm.bookmark.update"},
		create: []string{"hg init hg/teapot"},
		files:  map[string]string{"hg/teapot/leaf": "green\n"},
		story: []string{
			"hg -R hg/teapot commit -q -A -m Pour",
			"hg -R hg/teapot bookmark spout",
		},
	}, {
		system: "Subversion", programs: []string{"svn", "svnadmin", "svnlook"},
		kinds:  []string{"scm.commit.create", "scm.property.update"},
		create: []string{"svnadmin create svn/sugar"},
		files:  map[string]string{"svn/sugar/hooks/pre-revprop-change": "#!/bin/sh\n"}, // else nobody may change a log message
		story: []string{
			"svn --config-dir svnconfig mkdir -q --username nora -m layout file://{}/svn/sugar/trunk",
			"svn --config-dir svnconfig propset -q --username nora --revprop -r 1 svn:log A_first_layout file://{}/svn/sugar",
		},
	}}
}

// openRepositories makes those that this machine can have, and notes the kinds
// that are not shown for want of the others.
func (d *demo) openRepositories(ctx context.Context) error {
	for _, dir := range []string{"scmspool", "git", "hg", "svn"} {
		if err := os.Mkdir(d.path(dir), 0o700); err != nil {
			return err
		}
	}
	shown := map[string]bool{}
	for _, r := range repositories() {
		if !r.there() {
			continue
		}
		d.repositories = append(d.repositories, r)
		for _, topic := range r.kinds {
			shown[topic] = true
		}
		if err := d.commands(ctx, 0, r.create); err != nil {
			return err
		}
		for name, text := range r.files {
			if err := os.WriteFile(d.path(name), []byte(text), 0o700); err != nil {
				return err
			}
		}
	}
	for _, r := range repositories() {
		for _, topic := range r.kinds {
			if !shown[topic] {
				d.absent[topic] = r.system + " is not installed"
			}
		}
	}
	return nil
}

func (d *demo) scmTables() string {
	const links = "https://git.example.org/{repository}/"
	return fmt.Sprintf("[scm]\nspool = %q\nrepositories = [%q, %q, %q]\n[scm.links]\ncommit = %q\nbranch = %q\ntag = %q\n",
		d.path("scmspool"), d.path("git", "*.git"), d.path("hg", "*"), d.path("svn", "*"), links+"commit/{id}", links+"log/{branch}", links+"tag/{tag}")
}

func (r repository) there() bool {
	for _, name := range r.programs {
		if _, err := exec.LookPath(name); err != nil {
			return false
		}
	}
	return true
}

// push makes the pushes happen, at the demo's pace.
func (d *demo) push(ctx context.Context) error {
	for _, r := range d.repositories {
		if err := d.commands(ctx, d.pace, r.story); err != nil {
			return err
		}
	}
	return nil
}

// commands runs some in the demo's folder, as somebody who has configured
// nothing.
func (d *demo) commands(ctx context.Context, pace time.Duration, lines []string) error {
	for _, line := range lines {
		words := strings.Fields(line)
		for i, w := range words {
			words[i] = strings.ReplaceAll(strings.ReplaceAll(w, "_", " "), "{}", d.dir)
		}
		cmd := exec.CommandContext(ctx, words[0], words[1:]...)
		cmd.Dir = d.dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "HGRCPATH=/dev/null",
			"GIT_AUTHOR_NAME=Nora Ortega", "GIT_AUTHOR_EMAIL=nora@example.org", "GIT_COMMITTER_NAME=Nora Ortega",
			"GIT_COMMITTER_EMAIL=nora@example.org", "HGUSER=Nora Ortega <nora@example.org>")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("running %s: %w: %s", line, err, bytes.TrimSpace(out))
		}
		if err := pause(ctx, pace); err != nil {
			return err
		}
	}
	return nil
}
