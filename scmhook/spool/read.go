package spool

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"busbar/common/durable"
	"busbar/scmhook/hook"
)

// List names the files that wait, oldest first.
func List(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("reading the spool: %w", err)
	}
	var names []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), hook.Suffix) && !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// Read reads one file. raw is all of it, to be kept as poison with
// ErrUnreadable.
func Read(dir, name string) (n Notice, raw []byte, err error) {
	// Anybody may have put a link or a pipe there.
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ELOOP) {
		return n, []byte{}, fmt.Errorf("%w: it is a symbolic link", ErrUnreadable)
	}
	if err != nil {
		return n, nil, fmt.Errorf("reading the spool: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return n, nil, fmt.Errorf("reading the spool: %w", err)
	}
	if !info.Mode().IsRegular() {
		return n, []byte{}, fmt.Errorf("%w: it is no regular file", ErrUnreadable)
	}
	raw, err = io.ReadAll(io.LimitReader(f, hook.MaxInput+maxHead+1))
	if err != nil {
		return n, nil, fmt.Errorf("reading the spool: %w", err)
	}
	if len(raw) > hook.MaxInput+maxHead {
		return n, raw[:maxHead], fmt.Errorf("%w: it has more than %d bytes", ErrUnreadable, hook.MaxInput+maxHead)
	}
	if n, err = Parse(raw); err != nil {
		return n, raw, err
	}
	n.Name = name
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		n.Owner, n.Linked = stat.Uid, stat.Nlink > 1
	}
	return n, raw, nil
}

// Remove takes a file away for good: it does not come back after a crash.
func Remove(dir, name string) error {
	if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
		return fmt.Errorf("clearing the spool: %w", err)
	}
	return syncDir(dir)
}

// PutBack writes a file's bytes into the spool once more, whatever they are.
func PutBack(dir string, raw []byte) error {
	f, err := os.CreateTemp(dir, hook.Hidden)
	if err != nil {
		return fmt.Errorf("putting a file back into the spool: %w", err)
	}
	_, err = f.Write(raw)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		name := fmt.Sprintf("%019d-%s%s", time.Now().UnixNano(), filepath.Base(f.Name())[len(hook.Hidden):], hook.Suffix)
		err = os.Rename(f.Name(), filepath.Join(dir, name))
	}
	if err != nil {
		return fmt.Errorf("putting a file back into the spool: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	if err := durable.SyncDir(dir); err != nil {
		return fmt.Errorf("syncing the spool: %w", err)
	}
	return nil
}

// Sweep removes what hooks that were killed left half written.
func Sweep(dir string) (int, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, fmt.Errorf("clearing the spool: %w", err)
	}
	n := 0
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !strings.HasPrefix(e.Name(), hook.Hidden) || time.Since(info.ModTime()) < time.Hour {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return n, fmt.Errorf("clearing the spool: %w", err)
		}
		n++
	}
	return n, nil
}
