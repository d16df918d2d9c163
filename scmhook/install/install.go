// Package install puts scmhook into repositories' hooks, takes it out again, and
// reports whether it is there.
//
// A hook that is there already is not replaced: it is kept under its own name in
// a folder beside that of the hooks, and called after ours, with the same
// arguments and the same input. Doing anything twice changes nothing; what was cut
// is finished by doing it again; and uninstalling leaves what was there before.
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
)

// Options say how the hooks call scmhook.
type Options struct {
	Program string // absolute path of scmhook
	Spool   string // absolute; empty: the hook finds it (see scmhook/hook)

	disk disk
}

// A Wire is a hook file of a repository in which a hook of ours belongs.
type Wire struct {
	Path string // the hook's file; for hg the hgrc
	// State is "wired" (by us, or by hand in somebody's own hook), "unwired",
	// "other" (wired to another program or spool, or by an earlier version), or
	// "dead" (wired, and the file cannot be executed).
	State   string
	Chained string // the hook that was there before, if there is one
	Shared  bool   // it lies outside of the repository and serves others, too
}

const (
	mark = "Made by `scmhook install`"
)

// Wires are the hook files of one repository; system is git, svn or hg.
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
	return o.each("installing", system, dir, hookFile.install)
}

// Uninstall takes the hooks out and puts back what was there before.
func (o Options) Uninstall(system, dir string) (changed bool, err error) {
	return o.each("uninstalling", system, dir, hookFile.uninstall)
}

func (o Options) each(doing, system, dir string, act func(hookFile) (bool, error)) (bool, error) {
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

// A hookFile is one hook and what belongs into it.
type hookFile struct {
	path   string
	system string
	text   string
	shared bool
	ini    bool // a block in a file of others' lines: hg
	disk   disk
}

func (p hookFile) look() (Wire, error) {
	w := Wire{Path: p.path, State: "unwired", Shared: p.shared}
	raw, info, err := read(p.path)
	if err != nil {
		return w, err
	}
	if p.ini {
		switch block := cutBlock(raw); {
		case block == p.text, block == "" && p.byHand(raw):
			w.State = "wired"
		case block != "":
			w.State = "other"
		}
		return w, nil
	}
	if !strings.Contains(raw, mark) {
		if p.byHand(raw) || p.chained(raw) {
			w.State = "wired"
		}
		return w, nil
	}
	if before, ok := p.before(); ok {
		w.Chained = before
	} else if exists(p.path + former) {
		w.Chained = p.path + former
	}
	switch {
	case info.Mode()&0o111 == 0:
		w.State = "dead"
	case raw == p.text && !exists(p.path+former):
		w.State = "wired"
	default:
		w.State = "other"
	}
	return w, nil
}

// byHand reports whether somebody wrote a call of scmhook into a hook, such as
// `tee >(scmhook git) | …` or `pee "scmhook git" …`.
func (p hookFile) byHand(raw string) bool {
	for line := range strings.Lines(raw) {
		words := strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" \t\n'\"()|&;`=<>", r) })
		for i := range words {
			if strings.HasPrefix(words[0], "#") || i+1 == len(words) {
				break
			}
			if filepath.Base(words[i]) == "scmhook" && words[i+1] == p.system {
				return true
			}
		}
	}
	return false
}

// chained reports whether a hook that calls the files of a folder finds ours there.
func (p hookFile) chained(raw string) bool {
	if !strings.Contains(raw, ".d") && !strings.Contains(raw, "run-parts") {
		return false
	}
	files, err := filepath.Glob(globbed(p.path) + ".d/*")
	if err != nil {
		return false
	}
	for _, file := range files {
		if text, info, err := read(file); err == nil && info != nil && info.Mode()&0o111 != 0 && p.byHand(text) {
			return true
		}
	}
	return false
}

// globbed is a path without wildcards.
func globbed(path string) string {
	return strings.NewReplacer("*", `\*`, "?", `\?`, "[", `\[`, `\`, `\\`).Replace(path)
}

// read gives the text of a file's beginning; a missing one is empty.
func read(path string) (string, fs.FileInfo, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil, nil
	}
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file", path)
	}
	if err != nil {
		return "", nil, err
	}
	raw, err := os.ReadFile(path)
	return string(raw), info, err
}

// install keeps what is there and puts ours in its place. Cut anywhere, the hook
// that was there runs, from its old place or from its new one; and installing
// again finishes it.
func (p hookFile) install() (bool, error) {
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
	before, kept := p.before()
	old := ""
	switch {
	case w.State == "unwired" && exists(p.path):
		old = p.path
		// Who was kept first is the real one: never overwrite it.
		for _, other := range []string{before, p.path + former} {
			if exists(other) && !p.mirrored(other) && !same(old, other) {
				return false, fmt.Errorf("%s is not ours, and %s is there, too: move one of them away", p.path, other)
			}
		}
	case exists(p.path + former): // of an earlier version
		old = p.path + former
	}
	if old != "" && !(kept && same(old, before)) {
		if err := p.keep(old); err != nil {
			return false, err
		}
	}
	if err := p.disk.write(p.path, p.text, 0o755); err != nil {
		return false, err
	}
	return true, p.disk.remove(p.path + former)
}

// uninstall puts back what was there, the very same file where there can be links.
func (p hookFile) uninstall() (bool, error) {
	w, err := p.look()
	if err != nil {
		return false, err
	}
	if p.ini {
		if !p.hasBlock() {
			return false, nil
		}
		return true, p.removeBlock()
	}
	raw, _, err := read(p.path)
	if err != nil {
		return false, err
	}
	before, kept := p.before()
	if !strings.Contains(raw, mark) {
		if kept && same(before, p.path) || p.onlyLinks() { // it was cut before it was all
			return true, p.forget()
		}
		return false, nil
	}
	if w.Chained == "" {
		return true, errors.Join(p.disk.remove(p.path), p.forget())
	}
	if err := p.disk.second(w.Chained, p.path); err != nil {
		return false, err
	}
	return true, p.forget()
}
