package install

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// run runs a command that must succeed.
func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "HGRCPATH=/dev/null",
		"GIT_AUTHOR_NAME=Nora", "GIT_AUTHOR_EMAIL=nora@example.org", "GIT_COMMITTER_NAME=Nora", "GIT_COMMITTER_EMAIL=nora@example.org", "HGUSER=nora")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// recorder is a scmhook that writes down how it was called.
func recorder(t *testing.T) (Options, string) {
	t.Helper()
	dir := t.TempDir()
	said := filepath.Join(dir, "said")
	program := filepath.Join(dir, "a program's name")
	put(t, program, "#!/bin/sh\n{ echo \"args: $*\"; cat; echo; } >> '"+said+"'\n")
	return Options{Program: program, Spool: "/var/spool/it's here"}, said
}

func gitRepository(t *testing.T) (bare, clone string) {
	t.Helper()
	dir := t.TempDir()
	bare, clone = filepath.Join(dir, "hello.git"), filepath.Join(dir, "clone")
	run(t, dir, "git", "init", "-q", "--bare", bare)
	run(t, dir, "git", "init", "-q", clone)
	run(t, clone, "git", "commit", "-q", "--allow-empty", "-m", "one")
	return bare, clone
}

func wantState(t *testing.T, o Options, system, dir, want string) {
	t.Helper()
	wires, err := o.Wires(system, dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range wires {
		if w.State != want {
			t.Errorf("%s is %s, want %s", w.Path, w.State, want)
		}
	}
}

func change(t *testing.T, act func(string, string) (bool, error), system, dir string, want bool) {
	t.Helper()
	if changed, err := act(system, dir); err != nil || changed != want {
		t.Errorf("changed %v, %v; want %v", changed, err, want)
	}
}

func TestGit(t *testing.T) {
	o, said := recorder(t)
	bare, clone := gitRepository(t)
	wantState(t, o, "git", bare, "unwired")
	change(t, o.Install, "git", bare, true)
	change(t, o.Install, "git", bare, false)
	wantState(t, o, "git", bare, "wired")
	run(t, clone, "git", "push", "-q", bare, "HEAD:refs/heads/main")
	head := strings.TrimSpace(run(t, clone, "git", "rev-parse", "HEAD"))
	want := "args: git --spool /var/spool/it's here\n" + strings.Repeat("0", 40) + " " + head + " refs/heads/main\n"
	if got := get(t, said); !strings.HasPrefix(got, want) {
		t.Errorf("the hook was called with %q, want %q", got, want)
	}
	// Another spool rewires it; without the program the push succeeds.
	other := Options{Program: filepath.Join(t.TempDir(), "gone")}
	wantState(t, other, "git", bare, "other")
	change(t, other.Install, "git", bare, true)
	run(t, clone, "git", "commit", "-q", "--allow-empty", "-m", "two")
	if out := run(t, clone, "git", "push", "-q", bare, "HEAD:refs/heads/main"); !strings.Contains(out, "is gone") {
		t.Errorf("the pusher hears %q", out)
	}
	if err := os.Chmod(bare+"/hooks/post-receive", 0o644); err != nil {
		t.Fatal(err)
	}
	wantState(t, other, "git", bare, "dead")
	change(t, o.Uninstall, "git", bare, true)
	change(t, o.Uninstall, "git", bare, false)
	if _, err := os.Stat(bare + "/hooks/post-receive"); err == nil {
		t.Error("the hook is still there")
	}
}

// TestChain keeps a hook that was there, its input and its output.
func TestChain(t *testing.T) {
	o, said := recorder(t)
	bare, clone := gitRepository(t)
	input := filepath.Join(t.TempDir(), "heard")
	text := "#!/bin/sh\necho heard by the former hook\ncat > '" + input + "'\nexit 3\n"
	put(t, bare+"/hooks/post-receive", text)
	change(t, o.Install, "git", bare, true)
	change(t, o.Install, "git", bare, false)
	wantState(t, o, "git", bare, "wired")
	ref := "refs/heads/a\xff;$(id)%s\"'"
	out := run(t, clone, "git", "push", "-q", bare, "HEAD:"+ref, "HEAD:refs/heads/b")
	if !strings.Contains(out, "heard by the former hook") {
		t.Errorf("the pusher hears %q", out)
	}
	if a, b := get(t, input), get(t, said); !strings.Contains(b, a) || !strings.Contains(a, ref+"\n") || strings.Count(a, "\n") != 2 {
		t.Errorf("the former hook reads %q, ours %q", a, b)
	}
	// A hook that does not read its input is no trouble.
	put(t, bare+"/hooks"+beside+"/post-receive", "#!/bin/sh\nexit 0\n")
	if out := run(t, clone, "git", "push", "-q", bare, ":refs/heads/b"); out != "" {
		t.Errorf("the pusher hears %q", out)
	}
	put(t, bare+"/hooks"+beside+"/post-receive", text)
	change(t, o.Uninstall, "git", bare, true)
	if got := get(t, bare+"/hooks/post-receive"); got != text {
		t.Errorf("put back: %q", got)
	}
	if _, err := os.Lstat(bare + "/hooks" + beside); err == nil {
		t.Error("the folder is left")
	}
	// Two hooks that are not ours: nothing is overwritten.
	if err := os.Mkdir(bare+"/hooks"+beside, 0o755); err != nil {
		t.Fatal(err)
	}
	put(t, bare+"/hooks"+beside+"/post-receive", "another")
	if _, err := o.Install("git", bare); err == nil || !strings.Contains(err.Error(), "move one of them away") {
		t.Errorf("installing over two hooks: %v", err)
	}
}

func TestGitPlaces(t *testing.T) {
	o, _ := recorder(t)
	bare, _ := gitRepository(t)
	put(t, bare+"/hooks/post-receive", "#!/bin/sh\ndata=$(cat)\nfor hook in \"${GIT_DIR}/hooks/${name}.d/\"*; do echo \"$data\" | \"$hook\"; done\n")
	if err := os.Mkdir(bare+"/hooks/post-receive.d", 0o755); err != nil {
		t.Fatal(err)
	}
	wires, err := o.Wires("git", bare)
	if err != nil || wires[0].Path != bare+"/hooks/post-receive.d/busbar" || wires[0].Shared {
		t.Errorf("a forge's hooks: %+v, %v", wires, err)
	}
	elsewhere := t.TempDir()
	run(t, bare, "git", "config", "core.hooksPath", elsewhere)
	wires, err = o.Wires("git", bare)
	if err != nil || wires[0].Path != elsewhere+"/post-receive" || !wires[0].Shared {
		t.Errorf("core.hooksPath: %+v, %v", wires, err)
	}
	if _, err := o.Wires("git", t.TempDir()); err == nil || !strings.Contains(err.Error(), "not a git repository") {
		t.Errorf("no repository: %v", err)
	}
	if _, err := o.Wires("cvs", bare); err == nil {
		t.Error("cvs is wired")
	}
}

func TestSvn(t *testing.T) {
	o, said := recorder(t)
	dir := filepath.Join(t.TempDir(), "svn")
	run(t, "/", "svnadmin", "create", dir)
	put(t, dir+"/hooks/post-commit", "#!/bin/sh\nexit 0\n")
	change(t, o.Install, "svn", dir, true)
	change(t, o.Install, "svn", dir, false)
	wantState(t, o, "svn", dir, "wired")
	run(t, "/", "svn", "mkdir", "-q", "--username", "nora", "-m", "trunk", "file://"+dir+"/trunk")
	if got := get(t, said); !strings.HasPrefix(got, "args: svn --spool /var/spool/it's here "+dir+" 1 ") {
		t.Errorf("post-commit calls with %q", got)
	}
	put(t, dir+"/hooks/pre-revprop-change", "#!/bin/sh\nexit 0\n")
	run(t, "/", "svn", "propset", "-q", "--username", "nora", "--revprop", "-r", "1", "svn:log", "main line", "file://"+dir)
	if got := get(t, said); !strings.Contains(got, dir+" 1 nora svn:log ") {
		t.Errorf("post-revprop-change calls with %q", got)
	}
	change(t, o.Uninstall, "svn", dir, true)
	wantState(t, o, "svn", dir, "unwired")
	if got := get(t, dir+"/hooks/post-commit"); got != "#!/bin/sh\nexit 0\n" {
		t.Errorf("put back: %q", got)
	}
}

func TestHg(t *testing.T) {
	o, said := recorder(t)
	dir := filepath.Join(t.TempDir(), "hg")
	run(t, "/", "hg", "init", dir)
	mine := "[ui]\nusername = nora"
	put(t, dir+"/.hg/hgrc", mine)
	change(t, o.Install, "hg", dir, true)
	change(t, o.Install, "hg", dir, false)
	wantState(t, o, "hg", dir, "wired")
	put(t, dir+"/a", "a")
	run(t, dir, "hg", "commit", "-q", "-A", "-m", "one")
	if got := get(t, said); !strings.HasPrefix(got, "args: hg --spool /var/spool/it's here\n") {
		t.Errorf("txnclose calls with %q", got)
	}
	other := Options{Program: o.Program}
	wantState(t, other, "hg", dir, "other")
	change(t, other.Install, "hg", dir, true)
	wantState(t, other, "hg", dir, "wired")
	change(t, o.Uninstall, "hg", dir, true)
	if got := get(t, dir+"/.hg/hgrc"); got != mine+"\n" {
		t.Errorf("the hgrc is %q", got)
	}
	if err := os.Remove(dir + "/.hg/hgrc"); err != nil {
		t.Fatal(err)
	}
	change(t, o.Install, "hg", dir, true)
	change(t, o.Uninstall, "hg", dir, true)
	if _, err := os.Stat(dir + "/.hg/hgrc"); err == nil {
		t.Error("an empty hgrc is left")
	}
}

func TestQuote(t *testing.T) {
	word := "a b'c\"$(d)\\"
	out, err := exec.Command("/bin/sh", "-c", "printf %s "+quote(word)).Output()
	if err != nil || !bytes.Equal(out, []byte(word)) {
		t.Errorf("%q, %v", out, err)
	}
}
