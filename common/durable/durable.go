// Package durable makes files and directories that are still there after a power
// cut: their bytes and the entries that lead to them are brought to disk before
// anybody is told that they are.
//
// Not here: the journal (SQLite brings its own file to disk).
package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// SyncDir brings a directory's entries to disk.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// MkdirAll makes a directory and those above it that are missing, and brings the
// entry of each that it made to disk.
func MkdirAll(path string, mode fs.FileMode) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return nil
	case err == nil:
		return &fs.PathError{Op: "mkdir", Path: path, Err: syscall.ENOTDIR}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	parent := filepath.Dir(filepath.Clean(path))
	if parent != path {
		if err := MkdirAll(parent, mode); err != nil {
			return err
		}
	}
	if err := os.Mkdir(path, mode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return SyncDir(parent)
}

// Create writes a new file, whole or not at all, and never in the place of
// another: fs.ErrExist. own is asked to give it away before it appears; nil: it
// stays ours.
func Create(path string, content []byte, mode fs.FileMode, own func(path string) error) error {
	return write(path, content, mode, own, os.Link) // which never replaces
}

// Replace writes a file as [Create] does, also in the place of another: whoever opens
// it finds one of the two, whole.
func Replace(path string, content []byte, mode fs.FileMode, own func(path string) error) error {
	return write(path, content, mode, own, os.Rename)
}

// write writes a file beside its place, and puts it there.
func write(path string, content []byte, mode fs.FileMode, own func(path string) error, put func(from, to string) error) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(content)
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil && own != nil {
		err = own(f.Name())
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	_, before := os.Lstat(path)
	if err := put(f.Name(), path); err != nil {
		return err
	}
	if err := SyncDir(dir); err != nil {
		err = fmt.Errorf("bringing %s to disk: %w", path, err)
		if errors.Is(before, fs.ErrNotExist) {
			err = errors.Join(err, os.Remove(path))
		}
		return err
	}
	return nil
}
