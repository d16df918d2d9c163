// Package install puts scmhook into repositories' hooks, takes it out again, and
// tells whether it is there.
//
// A hook that is there already is not replaced: it is kept beside ours under
// another name and called after it, with the same arguments and the same input.
// Doing anything twice changes nothing, and uninstalling leaves what was there
// before.
//
// Not here: finding repositories, and hooks of whole forges (see
// docs/howto/git-hooks.md).
package install

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Options say how the hooks call scmhook.
type Options struct {
	Program string // absolute path of scmhook
	Spool   string // absolute; empty: the hook finds it (see scmhook/hook)
}

// A Wire is a place in a repository where a hook of ours belongs.
type Wire struct {
	Path string // the hook's file; for hg the hgrc
	// State is "wired", "unwired", "other" (wired to another program or
	// spool), or "dead" (wired, and the file cannot be executed).
	State   string
	Chained string // the hook that was there before, if there is one
	Shared  bool   // it lies outside of the repository and serves others, too
}

const (
	mark   = "Made by `scmhook install`"
	former = ".before-busbar"
)

// Wires are the places of one repository; system is git, svn or hg.
func (o Options) Wires(system, dir string) ([]Wire, error) {
	hooks, err := o.hooks(system, dir)
	if err != nil {
		return nil, err
	}
	wires := make([]Wire, len(hooks))
	for i, h := range hooks {
		if wires[i], err = h.look(); err != nil {
			return nil, fmt.Errorf("looking at the hooks of %s: %w", dir, err)
		}
	}
	return wires, nil
}

// Install wires a repository; changed is false where it was.
func (o Options) Install(system, dir string) (changed bool, err error) {
	return o.each("installing", system, dir, place.install)
}

// Uninstall takes the hooks out and puts back what was there before.
func (o Options) Uninstall(system, dir string) (changed bool, err error) {
	return o.each("uninstalling", system, dir, place.uninstall)
}

func (o Options) each(doing, system, dir string, act func(place) (bool, error)) (bool, error) {
	hooks, err := o.hooks(system, dir)
	if err != nil {
		return false, err
	}
	changed := false
	for _, h := range hooks {
		did, err := act(h)
		if err != nil {
			return changed, fmt.Errorf("%s the hook of %s: %w", doing, dir, err)
		}
		changed = changed || did
	}
	return changed, nil
}

// A place is one hook file and what belongs into it.
type place struct {
	path   string
	text   string // where nothing was there before
	chain  string // where something was; calls path + former
	shared bool
	ini    bool // a block in a file of others' lines: hg
}

func (p place) look() (Wire, error) {
	w := Wire{Path: p.path, State: "unwired", Shared: p.shared}
	raw, info, err := read(p.path)
	if err != nil {
		return w, err
	}
	if p.ini {
		switch block := cutBlock(raw); {
		case block == "":
		case block == p.text:
			w.State = "wired"
		default:
			w.State = "other"
		}
		return w, nil
	}
	if _, err := os.Lstat(p.path + former); err == nil {
		w.Chained = p.path + former
	}
	switch {
	case !strings.Contains(raw, mark):
		w.Chained = ""
	case info.Mode()&0o111 == 0:
		w.State = "dead"
	case raw == p.text || raw == p.chain && w.Chained != "":
		w.State = "wired"
	default:
		w.State = "other"
	}
	return w, nil
}

// read gives a file's text; a missing one is empty.
func read(path string) (string, fs.FileInfo, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil, nil
	}
	if err != nil {
		return "", nil, err
	}
	info, err := os.Stat(path)
	return string(raw), info, err
}

func (p place) install() (bool, error) {
	w, err := p.look()
	if err != nil || w.State == "wired" {
		return false, err
	}
	if p.ini {
		return true, p.installBlock()
	}
	if err := os.MkdirAll(filepath.Dir(p.path), 0o755); err != nil {
		return false, err
	}
	text := p.text
	_, err = os.Lstat(p.path)
	switch {
	case err == nil && w.State == "unwired":
		// The file that was kept first is the real one: never overwrite it.
		if _, err := os.Lstat(p.path + former); err == nil {
			return false, fmt.Errorf("%s is not ours, and %s is there, too: move one of them away", p.path, p.path+former)
		}
		if err := os.Rename(p.path, p.path+former); err != nil {
			return false, err
		}
		text = p.chain
	case w.Chained != "":
		text = p.chain
	}
	return true, write(p.path, text, 0o755)
}

func (p place) uninstall() (bool, error) {
	w, err := p.look()
	if err != nil || w.State == "unwired" {
		return false, err
	}
	if p.ini {
		return true, p.removeBlock()
	}
	if w.Chained != "" {
		return true, os.Rename(w.Chained, p.path)
	}
	return true, os.Remove(p.path)
}

// write replaces a file at once. It belongs to whom its directory belongs, also
// where root installs.
func write(path, text string, mode fs.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".busbar-")
	if err != nil {
		return err
	}
	err = func() error {
		if _, err := f.WriteString(text); err != nil {
			return err
		}
		if err := f.Chmod(mode); err != nil {
			return err
		}
		if info, err := os.Stat(filepath.Dir(path)); err == nil && os.Getuid() == 0 {
			if owner, ok := info.Sys().(*syscall.Stat_t); ok {
				if err := f.Chown(int(owner.Uid), int(owner.Gid)); err != nil {
					return err
				}
			}
		}
		return f.Sync()
	}()
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
