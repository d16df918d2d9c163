package install

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// hooks are the places of one repository.
func (o Options) hooks(system, dir string) ([]place, error) {
	switch system {
	case "git":
		p, err := o.git(dir)
		return []place{p}, err
	case "svn":
		return []place{o.script(filepath.Join(dir, "hooks", "post-commit"), "svn", false), o.script(filepath.Join(dir, "hooks", "post-revprop-change"), "svn", true)}, nil
	case "hg":
		return []place{{path: filepath.Join(dir, ".hg", "hgrc"), ini: true, text: o.block()}}, nil
	}
	return nil, fmt.Errorf("%q is no system that has hooks of ours", system)
}

// git asks where the hooks are: core.hooksPath may say so. Where a forge calls
// every file of post-receive.d, ours is one more.
func (o Options) git(dir string) (place, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "git", "--git-dir="+dir, "rev-parse", "--git-path", "hooks")
	cmd.Dir = dir
	for _, name := range []string{"PATH", "HOME"} {
		cmd.Env = append(cmd.Env, name+"="+os.Getenv(name))
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return place{}, fmt.Errorf("asking git where the hooks of %s are: %w: %s", dir, err, strings.TrimSpace(stderr.String()))
	}
	hooks := strings.TrimSuffix(string(out), "\n")
	if !filepath.IsAbs(hooks) {
		hooks = filepath.Join(dir, hooks)
	}
	path := filepath.Join(hooks, "post-receive")
	if raw, _, err := read(path); err == nil && strings.Contains(raw, "post-receive.d") && !strings.Contains(raw, mark) {
		if info, err := os.Stat(path + ".d"); err == nil && info.IsDir() {
			path = filepath.Join(path+".d", "busbar")
		}
	}
	p := o.script(path, "git", true)
	p.shared = !strings.HasPrefix(hooks+"/", filepath.Clean(dir)+"/")
	return p, nil
}

// script is a hook in the shell. input says that the system hands over
// something on standard input.
func (o Options) script(path, system string, input bool) place {
	program := quote(o.Program)
	call := program + " " + system
	if o.Spool != "" {
		call += " --spool " + quote(o.Spool)
	}
	if system == "svn" {
		call += ` "$@"`
	}
	head := "#!/bin/sh\n# " + mark + "; `scmhook uninstall` takes it away.\n"
	gone := "echo " + quote("scmhook: "+o.Program+" is gone (the push is fine; scmhook reconcile will find it)") + " >&2\n"
	text := head + "trap '' HUP INT # the pusher may hang up\n[ -x " + program + " ] && exec " + call + "\n" + gone + "exit 0\n"

	const before = `"$0` + former + `"`
	chain := head + "# The hook that was here before runs after ours and gets the same input.\n"
	if input {
		chain += "input=$(cat; echo .)\ninput=${input%.}\n" +
			"if [ -x " + program + " ]; then (\n\ttrap '' HUP INT\n\tprintf %s \"$input\" | " + call + "\n); else\n\t" + gone + "fi\n" +
			"[ -x " + before + " ] || exit 0\nprintf %s \"$input\" | " + before + " \"$@\"\n"
	} else {
		chain += "if [ -x " + program + " ]; then\n\t(trap '' HUP INT; exec " + call + ")\nelse\n\t" + gone + "fi\n" +
			"[ -x " + before + " ] || exit 0\nexec " + before + " \"$@\"\n"
	}
	return place{path: path, text: text, chain: chain}
}

// quote is a word of the shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

const (
	blockBegin = "# busbar begin: " + mark + "; `scmhook uninstall` takes it away.\n"
	blockEnd   = "# busbar end\n"
)

// block is what belongs into an hgrc. txnclose runs after every transaction:
// pushes, pulls, commits, bookmarks.
func (o Options) block() string {
	call := quote(o.Program) + " hg"
	if o.Spool != "" {
		call += " --spool " + quote(o.Spool)
	}
	return blockBegin + "[hooks]\ntxnclose.busbar = " + call + " || true\n" + blockEnd
}

// cutBlock is our block in an hgrc; empty: there is none.
func cutBlock(text string) string {
	_, rest, ok := strings.Cut(text, blockBegin)
	inside, _, end := strings.Cut(rest, blockEnd)
	if !ok || !end {
		return ""
	}
	return blockBegin + inside + blockEnd
}

func (p place) installBlock() error {
	raw, _, err := read(p.path)
	if err != nil {
		return err
	}
	if old := cutBlock(raw); old != "" {
		return write(p.path, strings.Replace(raw, old, p.text, 1), 0o644)
	}
	if raw != "" && !strings.HasSuffix(raw, "\n") {
		raw += "\n"
	}
	return write(p.path, raw+p.text, 0o644)
}

func (p place) removeBlock() error {
	raw, _, err := read(p.path)
	if err != nil {
		return err
	}
	rest := strings.Replace(raw, cutBlock(raw), "", 1)
	if rest == "" {
		return os.Remove(p.path)
	}
	return write(p.path, rest, 0o644)
}
