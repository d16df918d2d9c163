package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"busbar/common/program"
	"busbar/common/show"
	"busbar/scmhook/feed"
	"busbar/scmhook/hook"
	"busbar/scmhook/install"
)

type installCmd struct {
	Paths   []string `arg:"" optional:"" name:"repository" help:"Repositories, or directories above some. None: those of [scm] repositories." type:"path"`
	Program string   `help:"The scmhook that the hooks call. Default: this one." placeholder:"FILE" type:"path"`
	Fake    bool     `help:"Also call each git hook with a push of refs/busbar/fake, which exists nowhere: a visible test of the whole way."`
}

type uninstallCmd struct {
	Paths   []string `arg:"" optional:"" name:"repository" help:"Repositories, or directories above some. None: those of [scm] repositories." type:"path"`
	Program string   `help:"As for install." placeholder:"FILE" type:"path" hidden:""`
}

// Run wires repositories.
func (c installCmd) Run(p *program.Env, g *program.Globals) error {
	o, all, failed := wiring(p, g, c.Program, c.Paths)
	for _, r := range all {
		changed, err := o.Install(r.System, r.Dir)
		if err == nil && c.Fake && r.System == "git" {
			err = fake(o, r, p.Stderr)
		}
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		said := "wired already"
		if changed {
			said = "wired"
		}
		show.Fprintf(p.Stdout, "%s\t%s %s\n", said, r.System, r.Dir)
	}
	return failed
}

// Run takes the hooks out.
func (c uninstallCmd) Run(p *program.Env, g *program.Globals) error {
	o, all, failed := wiring(p, g, c.Program, c.Paths)
	for _, r := range all {
		changed, err := o.Uninstall(r.System, r.Dir)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		said := "was not wired"
		if changed {
			said = "taken out"
		}
		show.Fprintf(p.Stdout, "%s\t%s %s\n", said, r.System, r.Dir)
	}
	return failed
}

// wiring is how to wire, and which repositories.
func wiring(p *program.Env, g *program.Globals, file string, paths []string) (install.Options, []feed.Repository, error) {
	cfg, err := program.Load[*Config](p, g)
	if err != nil {
		return install.Options{}, nil, err
	}
	o, err := hookOptions(cfg, file)
	if err != nil {
		return o, nil, err
	}
	if len(paths) == 0 {
		set, err := feed.NewSet(cfg.SCM.Repositories)
		if err != nil {
			return o, nil, err
		}
		all, err := set.All()
		if len(all) == 0 {
			err = errors.Join(err, errors.New("there is no repository: name some, or set [scm] repositories"))
		}
		return o, all, err
	}
	var all []feed.Repository
	for _, path := range paths {
		found, err := below(path)
		if err != nil {
			return o, nil, err
		}
		if len(found) == 0 {
			return o, nil, fmt.Errorf("there is no git, svn or hg repository at or below %s", path)
		}
		all = append(all, found...)
	}
	return o, all, nil
}

// hookOptions are how hooks call scmhook: without --spool where they find the
// configured one without.
func hookOptions(cfg *Config, program string) (install.Options, error) {
	if program == "" {
		var err error
		if program, err = os.Executable(); err != nil {
			return install.Options{}, fmt.Errorf("looking for this program: %w", err)
		}
	}
	o := install.Options{Program: program}
	if hook.Dir(func(string) string { return "" }) != cfg.SCM.Spool {
		o.Spool = cfg.SCM.Spool
	}
	return o, nil
}

// below gives the repositories at or below a directory. It looks into none.
func below(root string) ([]feed.Repository, error) {
	var all []feed.Repository
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("looking for repositories: %w", err)
		}
		if !d.IsDir() && path != root {
			return nil
		}
		r, err := feed.Recognize(path)
		if errors.Is(err, feed.ErrNone) {
			return nil
		}
		if err != nil {
			return err
		}
		r.Name = path
		all = append(all, r)
		if !d.IsDir() {
			return nil
		}
		return filepath.SkipDir
	})
	return all, err
}

// fake calls the hook as git would.
func fake(o install.Options, r feed.Repository, stderr io.Writer) error {
	wires, err := o.Wires(r.System, r.Dir)
	if err != nil {
		return err
	}
	id := strings.Repeat("0", 39) + "1"
	head, err := exec.Command("git", "--git-dir="+r.Dir, "rev-parse", "--verify", "--quiet", "HEAD").Output()
	if s := strings.TrimSpace(string(head)); err == nil && s != "" {
		id = s
	}
	cmd := exec.Command(wires[0].Path)
	cmd.Dir, cmd.Env = r.Dir, append(os.Environ(), "GIT_DIR=.")
	cmd.Stdin = strings.NewReader(strings.Repeat("0", len(id)) + " " + id + " " + feed.FakeRef + "\n")
	cmd.Stderr = stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("calling the hook of %s: %w", r.Dir, err)
	}
	return nil
}
