package spool

import (
	"bytes"
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
		n.Owner = stat.Uid
	}
	return n, raw, nil
}

// Remove takes a file away for good: it does not come back after a crash.
func Remove(dir, name string) error {
	if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
		return fmt.Errorf("clearing the spool: %w", err)
	}
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("clearing the spool: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("clearing the spool: %w", err)
	}
	return nil
}

// PutBack writes a file's bytes into the spool once more.
func PutBack(dir string, raw []byte) error {
	n, err := Parse(raw)
	if err != nil {
		return err
	}
	again := hook.Notice{System: n.System, Hook: n.Hook, Repository: n.Repository, Time: n.Time, Args: n.Args}
	for name, value := range n.Env {
		again.Env = append(again.Env, name, value)
	}
	return hook.Write(dir, again, bytes.NewReader(n.Input))
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
