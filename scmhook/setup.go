package main

import (
	"errors"
	"fmt"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"busbar/common/exit"
	"busbar/common/program"
	"busbar/common/setup"
	"busbar/scmhook/feed"
	"busbar/scmhook/hook"
)

type setupCmd struct {
	program.AdapterSetup
	Repository []string `help:"Repositories: absolute paths, or globs such as /srv/git/*/*.git. May be repeated. Default: those that are found where forges and gitolite have them." placeholder:"GLOB"`
	NoHooks    bool     `help:"Do not put the hook into the repositories."`
}

// Run sets scmhook up beside repositories.
func (c setupCmd) Run(p *program.Env, g *program.Globals) error {
	return c.AdapterSetup.Run(p, g, c.part)
}

// A place is where repositories are by custom. Of a forge one user alone runs all hooks.
type place struct {
	globs []string
	forge bool
}

var places = []place{
	{[]string{"/var/lib/forgejo/data/forgejo-repositories/*/*.git"}, true},
	{[]string{"/var/lib/forgejo/repositories/*/*.git"}, true},
	{[]string{"/var/lib/gitea/data/gitea-repositories/*/*.git"}, true},
	{[]string{"/var/lib/gitea/repositories/*/*.git"}, true},
	{[]string{"/var/lib/gitolite3/repositories/*.git", "/var/lib/gitolite3/repositories/*/*.git"}, true},
	{[]string{"/srv/git/repositories/*.git", "/srv/git/repositories/*/*.git"}, true},
	{[]string{"/home/git/repositories/*.git", "/home/git/repositories/*/*.git"}, true},
	{[]string{"/srv/git/*.git", "/srv/git/*/*.git"}, false},
	{[]string{"/var/lib/git/*.git", "/var/lib/git/*/*.git"}, false},
	{[]string{"/srv/svn/*"}, false},
	{[]string{"/srv/hg/*"}, false},
}

func (c setupCmd) part(s *program.Setup, there setup.There) (part program.Part, err error) {
	part.Port = 9942
	globs, forge := c.Repository, false
	if len(globs) == 0 {
		globs = there.List("scm", "repositories")
	}
	if len(globs) == 0 {
		found, of := findRepositories(s.Machine)
		answer, err := s.Asker.Ask("Repositories, as paths or globs", strings.Join(found, " "))
		if err != nil {
			return part, err
		}
		globs, forge = strings.Fields(answer), of
	}
	if len(globs) == 0 {
		return part, &exit.Error{Code: exit.Usage, Err: errors.New("which repositories are to be followed? Say --repository, such as '/srv/git/*.git'")}
	}
	for _, p := range places {
		forge = forge || p.forge && slices.Contains(globs, p.globs[0])
	}
	all, err := repositories(s.Machine, globs)
	if err != nil {
		return part, err
	}
	if part.Owner, err = ownerOf(s.Machine, all, globs); err != nil {
		return part, err
	}
	spool := first(there.Text("scm", "spool"), hook.DefaultDir)
	mode := uint32(0o1733) // who pushes may write there, and not look
	if forge {
		mode = 0o700
	}
	part.Before = []setup.Step{s.Folder("/var/spool/busbar", 0o755, setup.Owner{}), s.Folder(spool, mode, part.Owner)}
	part.Values = setup.Values{{Table: "scm", Key: "repositories", Value: globs}}
	if spool != hook.DefaultDir {
		part.Values = append(part.Values, setup.Value{Table: "scm", Key: "spool", Value: spool})
	}
	part.DropIn = dropIn(part.Owner, spool, globs)
	if !c.NoHooks && s.Machine.Root == "" {
		part.After = []setup.Step{hooks(spool, globs)}
	} else {
		s.Next("scmhook install --fake   # puts the hook into the repositories, and tries it")
	}
	return part, nil
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// findRepositories are the globs of the first place that has some.
func findRepositories(m *setup.Machine) (globs []string, forge bool) {
	for _, p := range places {
		if all, err := repositories(m, p.globs); err == nil && len(all) > 0 {
			return p.globs, p.forge
		}
	}
	return nil, false
}

func repositories(m *setup.Machine, globs []string) ([]feed.Repository, error) {
	var at []string
	for _, glob := range globs {
		if !filepath.IsAbs(glob) {
			return nil, &exit.Error{Code: exit.Usage, Err: fmt.Errorf("%q is not an absolute path", glob)}
		}
		at = append(at, m.Path(glob))
	}
	set, err := feed.NewSet(at)
	if err != nil {
		return nil, err
	}
	all, err := set.All()
	return all, err
}

// ownerOf is who owns the repositories: git asks no other, so the daemon is that user.
func ownerOf(m *setup.Machine, all []feed.Repository, globs []string) (setup.Owner, error) {
	if len(all) == 0 {
		return setup.Owner{}, fmt.Errorf("there is no repository at %s", strings.Join(globs, " "))
	}
	var uid uint32
	for i, r := range all {
		var s unix.Stat_t
		if err := unix.Stat(r.Dir, &s); err != nil {
			return setup.Owner{}, fmt.Errorf("looking who owns %s: %w", r.Dir, err)
		}
		if i > 0 && s.Uid != uid {
			return setup.Owner{}, fmt.Errorf("%s and %s belong to two users, and git lets each look at its own alone (name those of one user; a second daemon reads the others: docs/howto/several-owners.md)", all[0].Dir, r.Dir)
		}
		uid = s.Uid
	}
	if uid == 0 {
		return setup.Owner{}, fmt.Errorf("%s belongs to root, as whom no daemon should run (give the repositories to a user of their own: chown -R git:git)", all[0].Dir)
	}
	a, err := m.User(strconv.Itoa(int(uid)))
	if err != nil {
		return setup.Owner{}, fmt.Errorf("who owns %s: %w", all[0].Dir, err)
	}
	group, err := m.GroupName(a.GID)
	return setup.Owner{User: a.Name, Group: group}, err
}

// dropIn is what the unit must know of: its user, if that is not git; repositories in
// homes; another spool.
func dropIn(o setup.Owner, spool string, globs []string) []string {
	var lines []string
	if o != (setup.Owner{User: "git", Group: "git"}) {
		lines = append(lines, "# Who owns the repositories.", "User="+o.User, "Group="+o.Group)
	}
	if spool != hook.DefaultDir {
		lines = append(lines, "ReadWritePaths="+spool)
	}
	shown := []string{}
	for _, glob := range globs {
		dir := glob
		for strings.ContainsAny(dir, "*?[") {
			dir = path.Dir(dir)
		}
		if slices.ContainsFunc([]string{"/home/", "/root/"}, func(home string) bool { return strings.HasPrefix(dir, home) }) && !slices.Contains(shown, dir) {
			shown = append(shown, dir)
		}
	}
	if len(shown) > 0 {
		lines = append(lines, "# Of all homes, these folders alone are shown.", "ProtectHome=tmpfs")
		for _, dir := range shown {
			lines = append(lines, "BindReadOnlyPaths="+strings.ReplaceAll(dir, "%", "%%"))
		}
	}
	return lines
}

// hooks is the step that wires the repositories, by the command that does it alone.
func hooks(spool string, globs []string) setup.Step {
	self := func(command string) error {
		out, err := exec.Command("/proc/self/exe", command).CombinedOutput()
		if err != nil {
			return fmt.Errorf("scmhook %s: %w: %s", command, err, strings.TrimSpace(string(out)))
		}
		return nil
	}
	return setup.Step{
		Say: "put the hook into the repositories (scmhook uninstall takes it out)",
		Done: func() (bool, error) {
			cfg := DefaultConfig()
			cfg.SCM.Spool = spool
			o, err := hookOptions(cfg, "")
			if err != nil {
				return false, err
			}
			set, err := feed.NewSet(globs)
			if err != nil {
				return false, err
			}
			all, err := set.All()
			if err != nil {
				return false, err
			}
			left, err := unwired(o, all)
			return left == "", err
		},
		Do:   func() error { return self("install") },
		Undo: func() error { return self("uninstall") },
	}
}
