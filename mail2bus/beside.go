package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"busbar/common/setup"
	"busbar/mail2bus/maildir"
)

// A mailSystem is one that can fill Maildirs, or a pipe.
type mailSystem struct{ name, program, page string }

// mailSystems are those that the machine has.
func mailSystems(m *setup.Machine) []mailSystem {
	return slices.DeleteFunc([]mailSystem{
		{"Postfix", "postfix", "mail-postfix.md"}, {"Exim", "exim4", "mail-exim.md"}, {"Exim", "exim", "mail-exim.md"}, {"Dovecot", "dovecot", "mail-dovecot.md"},
		{"procmail", "procmail", "mail-procmail.md"}, {"maildrop", "maildrop", "mail-procmail.md"},
	}, func(s mailSystem) bool { return !m.Has(s.program) })
}

// mostFound bounds how many Maildirs are proposed.
const mostFound = 20

// findMaildirs looks for Maildirs where mail systems have them by custom.
func findMaildirs(m *setup.Machine) ([]string, error) {
	var found []string
	for _, pattern := range []string{"/home/*/Maildir", "/home/*/Mail", "/var/mail/*", "/var/mail/*/Maildir", "/var/vmail/*/*", "/var/vmail/*/*/Maildir", "/srv/mail/*", "/srv/mail/*/*"} {
		dirs, err := filepath.Glob(m.Path(pattern))
		if err != nil {
			return nil, err
		}
		for _, dir := range dirs {
			if maildir.IsMaildir(dir, false) != nil || len(found) == mostFound {
				continue
			}
			if info, err := os.Stat(filepath.Join(dir, "new")); err == nil && info.IsDir() {
				found = append(found, "/"+strings.TrimPrefix(strings.TrimPrefix(dir, m.Path("/")), "/"))
			}
		}
	}
	return found, nil
}

// A reader is who can read all mails of the Maildirs, now and later.
type reader struct {
	setup.Owner
	groups []string // beside its own
}

// readerOf is the user that the daemon must be. A mail system that delivers as a user
// writes mails that only that user can read (mode 0600), whatever the folder's group,
// and no group or access list helps against that: so it is the Maildirs' owner; or
// busbar with their group, where each mail that is there can be read by the group.
func readerOf(m *setup.Machine, dirs []string) (reader, error) {
	var all reader
	owner := ""
	for _, dir := range dirs {
		who, err := readerOfOne(m, dir)
		if err != nil {
			return reader{}, err
		}
		if owner == "" {
			owner, all = dir, who
		} else if all.Owner != who.Owner {
			return reader{}, fmt.Errorf("one daemon cannot read both: the mails of %s are for %s, those of %s for %s (let the mail system deliver both into the spool, or the mail of one to the other)", owner, all.User, dir, who.User)
		}
		for _, g := range who.groups {
			if !slices.Contains(all.groups, g) {
				all.groups = append(all.groups, g)
			}
		}
	}
	return all, nil
}

func readerOfOne(m *setup.Machine, dir string) (reader, error) {
	if strings.HasPrefix(dir, "/tmp/") || strings.HasPrefix(dir, "/var/tmp/") {
		if m.Root == "" {
			return reader{}, fmt.Errorf("the unit hides %s (PrivateTmp=yes): choose another place", dir)
		}
	}
	if err := maildir.IsMaildir(m.Path(dir), false); err != nil {
		return reader{}, err
	}
	var s unix.Stat_t
	if err := unix.Stat(m.Path(path.Join(dir, "new")), &s); err != nil {
		return reader{}, &fs.PathError{Op: "stat", Path: path.Join(dir, "new"), Err: err}
	}
	shared, err := groupReads(m, dir, s.Gid)
	if err != nil {
		return reader{}, err
	}
	if shared {
		group, err := m.GroupName(s.Gid)
		if err != nil {
			return reader{}, err
		}
		return reader{setup.Owner{User: setup.Busbar, Group: setup.Busbar}, []string{group}}, nil
	}
	if s.Uid == 0 {
		return reader{}, fmt.Errorf("%s belongs to root, as whom no daemon should run: let the mail system deliver as a user of its own, or into the spool", dir)
	}
	a, err := m.User(strconv.Itoa(int(s.Uid)))
	if err != nil {
		return reader{}, fmt.Errorf("who owns %s: %w", dir, err)
	}
	group, err := m.GroupName(a.GID)
	return reader{Owner: setup.Owner{User: a.Name, Group: group}}, err
}

// mostModes bounds how many mails are looked at.
const mostModes = 1000

// groupReads says whether a group may do with a Maildir what the daemon must, and read
// each mail that is there. Where none is, nothing is known of those that will come.
func groupReads(m *setup.Machine, dir string, gid uint32) (bool, error) {
	mails := 0
	for _, sub := range []string{"new", "cur", "tmp"} {
		at := m.Path(path.Join(dir, sub))
		var s unix.Stat_t
		if err := unix.Stat(at, &s); err != nil {
			return false, &fs.PathError{Op: "stat", Path: at, Err: err}
		}
		if s.Gid != gid || s.Mode&0o070 != 0o070 {
			return false, nil
		}
		d, err := os.Open(at)
		if err != nil {
			return false, err
		}
		names, err := d.Readdirnames(mostModes)
		d.Close()
		if err != nil && len(names) > 0 {
			return false, err
		}
		for _, name := range names {
			err := unix.Stat(filepath.Join(at, name), &s)
			switch {
			case errors.Is(err, fs.ErrNotExist): // it was moved on
			case err != nil:
				return false, err
			case s.Gid != gid || s.Mode&0o040 == 0:
				return false, nil
			default:
				mails++
			}
		}
	}
	return mails > 0, nil
}

// dropIn is what the unit must allow: to be that user, and to see and write the
// Maildirs (contrib/systemd/maildirs.conf).
func (r reader) dropIn(dirs []string, spool bool) []string {
	var lines []string
	if r.User != setup.Busbar {
		lines = append(lines, "# Their mails are for this user alone.", "User="+r.User, "Group="+r.Group)
		if spool {
			r.groups = append(r.groups, setup.Busbar)
		}
	}
	if len(r.groups) > 0 {
		lines = append(lines, "SupplementaryGroups="+strings.Join(r.groups, " "))
	}
	home := slices.ContainsFunc(dirs, inHome)
	if home {
		lines = append(lines, "# Of all homes, these folders alone are shown.", "ProtectHome=tmpfs")
	}
	lines = append(lines, "# Mails move from new/ to cur/.")
	for _, dir := range dirs {
		if inHome(dir) {
			lines = append(lines, "BindPaths="+specifier(dir))
		} else {
			lines = append(lines, "ReadWritePaths="+specifier(dir))
		}
	}
	return lines
}

// specifier writes a path for a unit (systemd.syntax(7)).
func specifier(p string) string {
	p = strings.NewReplacer(`\`, `\\`, "%", "%%", `"`, `\"`).Replace(p)
	if strings.ContainsAny(p, " \t'") {
		return `"` + p + `"`
	}
	return p
}

func inHome(dir string) bool {
	return slices.ContainsFunc([]string{"/home/", "/root/", "/run/user/"}, func(home string) bool { return strings.HasPrefix(dir, home) })
}
