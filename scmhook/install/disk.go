package install

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"busbar/common/durable"
)

// A disk changes files so that a power cut between any two of its steps leaves
// one state or the other: what a step made is on disk when it returns.
type disk struct {
	step func() error // before each; tests stop there. nil: nothing
}

func (d disk) next() error {
	if d.step == nil {
		return nil
	}
	return d.step()
}

// dir makes a directory that belongs to whom its parent belongs.
func (d disk) dir(path string) error {
	if err := d.next(); err != nil {
		return err
	}
	err := os.Mkdir(path, 0o755)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return errors.Join(err, own(path), durable.SyncDir(filepath.Dir(path)))
}

// write puts text into a file at once.
func (d disk) write(path, text string, mode fs.FileMode) error {
	return d.replace(path, func(temp string) error {
		f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		_, err = f.WriteString(text)
		return errors.Join(err, f.Chmod(mode), f.Sync(), f.Close(), own(temp))
	})
}

// second gives a file a second name; path may hold something else before. Where
// the file system or the kernel allows no link, it is a copy.
func (d disk) second(old, path string) error {
	return d.replace(path, func(temp string) error {
		err := os.Link(old, temp)
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return copied(old, temp)
	})
}

// replace renames what make makes to path.
func (d disk) replace(path string, make func(temp string) error) error {
	if err := d.next(); err != nil {
		return err
	}
	temp := filepath.Join(filepath.Dir(path), ".busbar-"+filepath.Base(path))
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err := make(temp)
	if err == nil {
		if err = d.next(); err != nil {
			return err // cut here: the half is left, and replaced the next time
		}
		if err = durable.SyncDir(filepath.Dir(path)); err == nil {
			err = os.Rename(temp, path)
		}
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(temp))
	}
	// Two names of one file: rename leaves both (rename(2)).
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return durable.SyncDir(filepath.Dir(path))
}

// link makes a symbolic link.
func (d disk) link(target, path string) error {
	if err := d.next(); err != nil {
		return err
	}
	if err := os.Symlink(target, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return own(path)
}

// remove takes a file or an empty directory away, if it is there.
func (d disk) remove(path string) error {
	if err := d.next(); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	return durable.SyncDir(filepath.Dir(path))
}

// own gives a path to the owner of its directory, where root installs.
func own(path string) error {
	info, err := os.Stat(filepath.Dir(path))
	if err != nil || os.Getuid() != 0 {
		return err
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok {
		return os.Lchown(path, int(owner.Uid), int(owner.Gid))
	}
	return nil
}

// copied makes a copy of a file, or of a symbolic link.
func copied(from, to string) error {
	info, err := os.Lstat(from)
	if err != nil {
		return err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		target, err := os.Readlink(from)
		return errors.Join(err, os.Symlink(target, to))
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file", from)
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if s, ok := info.Sys().(*syscall.Stat_t); ok && os.Getuid() == 0 {
		err = errors.Join(err, out.Chown(int(s.Uid), int(s.Gid)))
	}
	return errors.Join(err, out.Chmod(info.Mode()), out.Sync(), out.Close(), os.Chtimes(to, info.ModTime(), info.ModTime()))
}

// same reports whether two paths are one file, or copies of each other.
func same(a, b string) bool {
	x, errX := os.Lstat(a)
	y, errY := os.Lstat(b)
	if errX != nil || errY != nil || x.Mode() != y.Mode() {
		return false
	}
	if os.SameFile(x, y) {
		return true
	}
	if x.Mode()&fs.ModeSymlink != 0 {
		s, errS := os.Readlink(a)
		t, errT := os.Readlink(b)
		return errS == nil && errT == nil && s == t
	}
	s, _, errS := read(a)
	t, _, errT := read(b)
	return errS == nil && errT == nil && s == t
}
