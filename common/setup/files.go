package setup

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"busbar/common/durable"
)

// Owner is who shall own a file, by the machine's own names. Empty: root, or who runs
// setup.
type Owner struct{ User, Group string }

// Folder makes a folder and those above it. One that is there gets the mode and the
// owner. mode has the bits of chmod(2): 0o2770 is set-group-id.
func (m *Machine) Folder(path string, mode uint32, o Owner) Step {
	var made []string // by Do, the outermost first
	var before *unix.Stat_t
	at := m.Path(path)
	return Step{
		Say:  fmt.Sprintf("make the folder %s (mode %04o%s)", path, mode, o.text()),
		Done: func() (bool, error) { return m.as(path, unix.S_IFDIR, mode, o) },
		Do: func() error {
			var s unix.Stat_t
			if unix.Lstat(at, &s) == nil {
				before = &s
			}
			made = missing(at)
			if err := durable.MkdirAll(at, 0o755); err != nil {
				return err
			}
			return m.give(at, mode, o)
		},
		Undo: func() error {
			if before != nil {
				return errors.Join(unix.Lchown(at, int(before.Uid), int(before.Gid)), unix.Chmod(at, before.Mode&0o7777))
			}
			return removeFolders(made)
		},
	}
}

// missing are a folder and those above it that are not there, the outermost first.
func missing(dir string) (list []string) {
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
			return list
		}
		list = append([]string{dir}, list...)
	}
}

// removeFolders removes what missing listed, and MkdirAll made.
func removeFolders(made []string) error {
	for _, dir := range slices.Backward(made) {
		if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// File writes a file that is setup's own: what is there and says something else is
// replaced, and put back by undo.
func (m *Machine) File(path, text string, mode uint32, o Owner) Step {
	at := m.Path(path)
	var before []byte
	var had bool
	var made []string
	return Step{
		Say: fmt.Sprintf("write %s", path),
		Done: func() (bool, error) {
			there, err := os.ReadFile(at)
			if errors.Is(err, fs.ErrNotExist) {
				return false, nil
			}
			if err != nil || string(there) != text {
				return false, err
			}
			return m.as(path, unix.S_IFREG, mode, o)
		},
		Do: func() error {
			there, err := os.ReadFile(at)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			before, had, made = there, err == nil, missing(filepath.Dir(at))
			if err := durable.MkdirAll(filepath.Dir(at), 0o755); err != nil {
				return err
			}
			return m.put(at, []byte(text), mode, o)
		},
		Undo: func() error {
			if had {
				return m.put(at, before, mode, o)
			}
			return errors.Join(remove(at, []byte(text)), removeFolders(made))
		},
	}
}

// put replaces a file, whole or not at all.
func (m *Machine) put(at string, text []byte, mode uint32, o Owner) error {
	if err := remove(at+".new", nil); err != nil { // of a setup that was cut off
		return err
	}
	if err := durable.Create(at+".new", text, os.FileMode(mode&0o777), func(path string) error { return m.give(path, mode, o) }); err != nil {
		return err
	}
	if err := os.Rename(at+".new", at); err != nil {
		return err
	}
	return durable.SyncDir(filepath.Dir(at))
}

// remove takes a file away; with only, it must hold that.
func remove(at string, only []byte) error {
	if only != nil {
		there, err := os.ReadFile(at)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if !bytes.Equal(there, only) {
			return fmt.Errorf("%s was changed meanwhile: it stays", at)
		}
	}
	err := os.Remove(at)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (o Owner) text() string {
	if o == (Owner{}) {
		return ""
	}
	return fmt.Sprintf(", of %s:%s", o.User, o.Group)
}

// as says whether a file is there, of that kind, mode and owner. One of another kind
// is an error.
func (m *Machine) as(path string, kind, mode uint32, o Owner) (bool, error) {
	var s unix.Stat_t
	err := unix.Stat(m.Path(path), &s)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, &fs.PathError{Op: "stat", Path: path, Err: err}
	case s.Mode&unix.S_IFMT != kind:
		return false, fmt.Errorf("%s is there, and is something else", path)
	case s.Mode&0o7777 != mode:
		return false, nil
	}
	uid, gid, err := m.ids(o)
	if err != nil {
		return false, nil // the user is made by a step before
	}
	return !m.mayGive() || s.Uid == uid && s.Gid == gid, nil
}

// give sets a file's owner and mode. Who is not root can give nothing away: what is
// made in a folder (--root) is then its maker's.
func (m *Machine) give(at string, mode uint32, o Owner) error {
	if m.mayGive() {
		uid, gid, err := m.ids(o)
		if err != nil {
			return err
		}
		if err := unix.Lchown(at, int(uid), int(gid)); err != nil {
			return &fs.PathError{Op: "chown", Path: at, Err: err}
		}
	}
	if err := unix.Chmod(at, mode); err != nil {
		return &fs.PathError{Op: "chmod", Path: at, Err: err}
	}
	return nil
}

func (m *Machine) mayGive() bool { return os.Geteuid() == 0 }

func (m *Machine) ids(o Owner) (uid, gid uint32, err error) {
	if o.User != "" {
		u, err := m.User(o.User)
		if err != nil {
			return 0, 0, err
		}
		uid, gid = u.UID, u.GID
	}
	if o.Group != "" {
		g, err := m.Group(o.Group)
		if err != nil {
			return 0, 0, err
		}
		gid = g
	}
	return uid, gid, nil
}
