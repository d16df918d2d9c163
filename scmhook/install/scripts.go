package install

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// hooks are the hook files of one repository.
func (o Options) hooks(system, dir string) ([]hookFile, error) {
	switch system {
	case "git":
		p, err := o.git(dir)
		return []hookFile{p}, err
	case "svn":
		return []hookFile{o.script(filepath.Join(dir, "hooks", "post-commit"), "svn", false), o.script(filepath.Join(dir, "hooks", "post-revprop-change"), "svn", true)}, nil
	case "hg":
		return []hookFile{{path: filepath.Join(dir, ".hg", "hgrc"), system: "hg", ini: true, text: o.block(), disk: o.disk}}, nil
	}
	return nil, fmt.Errorf("%q is no system that has hooks of ours", system)
}

// git asks where the hooks are: core.hooksPath may say so. Where a forge calls
// every file of post-receive.d, ours is one more.
func (o Options) git(dir string) (hookFile, error) {
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
		return hookFile{}, fmt.Errorf("asking git where the hooks of %s are: %w: %s", dir, err, strings.TrimSpace(stderr.String()))
	}
	hooks := strings.TrimSuffix(string(out), "\n")
	if !filepath.IsAbs(hooks) {
		hooks = filepath.Join(dir, hooks)
	}
	path := filepath.Join(hooks, "post-receive")
	if raw, _, err := read(path); err == nil && feedsEach.MatchString(raw) && !strings.Contains(raw, mark) || ours(path+".d/busbar") {
		if info, err := os.Stat(path + ".d"); err == nil && info.IsDir() {
			path = filepath.Join(path+".d", "busbar")
		}
	}
	p := o.script(path, "git", true)
	p.shared = !strings.HasPrefix(hooks+"/", filepath.Clean(dir)+"/")
	return p, nil
}

// feedsEach is what forges write into hooks that call each file of NAME.d with the
// same input. Others let the first of them read it all, and are called as a whole.
var feedsEach = regexp.MustCompile(`(?s)=\$\(cat\).*\.d["'/]`)

func ours(path string) bool {
	raw, _, err := read(path)
	return err == nil && strings.Contains(raw, mark)
}

// script is a hook in the shell. input says that the system hands over something
// on standard input. It exits with 0, or with what the hook says that was there
// before, whatever becomes of ours: the program may be gone, or the kernel may
// refuse it memory or threads (ulimit), and the shell its fork.
func (o Options) script(path, system string, input bool) hookFile {
	program := quote(o.Program)
	call := program + " " + system
	if o.Spool != "" {
		call += " --spool " + quote(o.Spool)
	}
	if system == "svn" {
		call += ` "$@"`
	}
	name := quote(filepath.Base(path))
	var b strings.Builder
	b.WriteString("#!/bin/sh\n# " + mark + "; `scmhook uninstall` takes it away.\n" +
		"trap 'exit 0' 0 # the push is fine, whatever goes wrong here\n" +
		"ours() {\n\tif [ -x " + program + " ]; then\n" +
		"\t\t(trap '' HUP INT; " + call + ") || : # the pusher may hang up\n" +
		"\telse\n\t\techo " + quote("scmhook: "+o.Program+" is gone (the push is fine; scmhook reconcile will find it)") + " >&2\n\tfi\n}\n" +
		"# The hook that was here before runs after ours and gets the same input.\n" +
		"dir=${0%/*}\n[ \"$dir\" != \"$0\" ] || dir=.\nbefore=$dir" + beside + "/" + name + "\n" +
		"[ -x \"$before\" ] || before=$(cd -P -- \"$dir\" && pwd -P)" + beside + "/" + name + "\n" +
		"if [ ! -x \"$before\" ]; then\n\tours \"$@\"\n\texit 0\nfi\n")
	switch {
	case input && system == "svn": // a property may hold NULs, which no variable can
		b.WriteString("if file=$(mktemp); then\n\tcat >\"$file\"\n\tours \"$@\" <\"$file\"\n\t\"$before\" \"$@\" <\"$file\"\n\tstatus=$?\n\trm -f \"$file\"\n" +
			"else\n\t\"$before\" \"$@\"\n\tstatus=$?\nfi\n")
	case input:
		b.WriteString("input=$(cat; echo .)\ninput=${input%.}\nprintf %s \"$input\" | ours \"$@\"\nprintf %s \"$input\" | \"$before\" \"$@\"\nstatus=$?\n")
	default:
		b.WriteString("ours \"$@\" </dev/null\n\"$before\" \"$@\"\nstatus=$?\n")
	}
	b.WriteString("trap - 0\nexit $status\n")
	return hookFile{path: path, system: system, text: b.String(), disk: o.disk}
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

func (p hookFile) hasBlock() bool {
	raw, _, err := read(p.path)
	return err == nil && cutBlock(raw) != ""
}

func (p hookFile) installBlock() error {
	raw, _, err := read(p.path)
	if err != nil {
		return err
	}
	if old := cutBlock(raw); old != "" {
		return p.disk.write(p.path, strings.Replace(raw, old, p.text, 1), 0o644)
	}
	if raw != "" && !strings.HasSuffix(raw, "\n") {
		raw += "\n"
	}
	return p.disk.write(p.path, raw+p.text, 0o644)
}

func (p hookFile) removeBlock() error {
	raw, _, err := read(p.path)
	if err != nil {
		return err
	}
	rest := strings.Replace(raw, cutBlock(raw), "", 1)
	if rest == "" {
		return p.disk.remove(p.path)
	}
	return p.disk.write(p.path, rest, 0o644)
}
