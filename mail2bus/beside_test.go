package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"busbar/common/setup"
)

// somebody is a user who is not root: the one who runs the test, where that is so.
func somebody() (uid, gid int) {
	if os.Geteuid() == 0 {
		return 4242, 4243
	}
	return os.Geteuid(), os.Getegid()
}

// home is a machine with alice, who has a Maildir with a mail of that mode, and bob.
func home(t *testing.T, mail os.FileMode, folder os.FileMode) *setup.Machine {
	t.Helper()
	uid, gid := somebody()
	m := &setup.Machine{Root: t.TempDir()}
	box := m.Path("/home/alice/Maildir")
	for _, dir := range []string{m.Path("/etc"), box + "/new", box + "/cur", box + "/tmp"} {
		must(t, os.MkdirAll(dir, 0o755))
	}
	must(t, os.WriteFile(m.Path("/etc/passwd"), fmt.Appendf(nil, "root:x:0:0::/root:/bin/sh\nalice:x:%d:%d::/home/alice:/bin/sh\n", uid, gid), 0o644))
	must(t, os.WriteFile(m.Path("/etc/group"), fmt.Appendf(nil, "lists:x:%d:\n", gid), 0o644))
	must(t, os.WriteFile(box+"/cur/1.a.b:2,S", []byte("a mail"), mail))
	must(t, os.Chmod(box+"/cur/1.a.b:2,S", mail))
	must(t, filepath.Walk(m.Path("/home"), func(path string, info os.FileInfo, err error) error {
		if err == nil && info.IsDir() && path != m.Path("/home") {
			err = os.Chmod(path, folder)
		}
		if err == nil && os.Geteuid() == 0 {
			err = os.Chown(path, uid, gid)
		}
		return err
	}))
	return m
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestReaderOfMaildirs: where mails are for their user alone, the daemon must be that
// user; busbar will do where the group reads all mails that are there.
func TestReaderOfMaildirs(t *testing.T) {
	const dir = "/home/alice/Maildir"
	alone := home(t, 0o600, 0o700)
	found, err := findMaildirs(alone)
	if err != nil || !slices.Equal(found, []string{dir}) {
		t.Errorf("found %q, %v", found, err)
	}
	who, err := readerOf(alone, []string{dir})
	if err != nil || who.User != "alice" || who.Group != "lists" {
		t.Fatalf("%+v, %v", who, err)
	}
	text := strings.Join(who.dropIn([]string{dir, "/srv/mail/100% x"}, true), "\n")
	for _, want := range []string{"User=alice\nGroup=lists\nSupplementaryGroups=busbar\n", "ProtectHome=tmpfs", "BindPaths=" + dir, `ReadWritePaths="/srv/mail/100%% x"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the drop-in has no %q:\n%s", want, text)
		}
	}

	shared := home(t, 0o640, 0o770)
	who, err = readerOf(shared, []string{dir})
	if err != nil || who.User != setup.Busbar || !slices.Equal(who.groups, []string{"lists"}) {
		t.Errorf("%+v, %v", who, err)
	}
	if text := strings.Join(who.dropIn([]string{dir}, true), "\n"); strings.Contains(text, "User=") || !strings.Contains(text, "SupplementaryGroups=lists") {
		t.Errorf("%s", text)
	}
	// An empty folder says nothing of the mails that will come.
	must(t, os.Remove(shared.Path(dir+"/cur/1.a.b:2,S")))
	if who, err := readerOf(shared, []string{dir}); err != nil || who.User != "alice" {
		t.Errorf("of an empty Maildir: %+v, %v", who, err)
	}

	for _, sub := range []string{"new", "cur", "tmp"} {
		must(t, os.MkdirAll(alone.Path("/srv/mail/lists/"+sub), 0o755))
	}
	if os.Geteuid() == 0 {
		if _, err := readerOf(alone, []string{"/srv/mail/lists"}); err == nil || !strings.Contains(err.Error(), "belongs to root") {
			t.Errorf("root's: %v", err)
		}
		for _, sub := range []string{"", "/new"} {
			must(t, os.Chown(alone.Path("/srv/mail/lists"+sub), 4244, 4243))
		}
		f, err := os.OpenFile(alone.Path("/etc/passwd"), os.O_APPEND|os.O_WRONLY, 0)
		must(t, err)
		fmt.Fprintln(f, "bob:x:4244:4243::/home/bob:/bin/sh")
		must(t, f.Close())
		if _, err := readerOf(alone, []string{dir, "/srv/mail/lists"}); err == nil || !strings.Contains(err.Error(), "one daemon cannot read both") {
			t.Errorf("of two users: %v", err)
		}
	}
	for _, wrong := range []string{"/etc", "/nowhere"} {
		if _, err := readerOf(alone, []string{wrong}); err == nil || !strings.Contains(err.Error(), "maildirmake") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}
