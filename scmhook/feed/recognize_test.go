package feed

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func git(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=Nora", "-c", "user.email=nora@example.org", "-c", "protocol.file.allow=always"}, args...)...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v: %s", args, err, out)
	}
}

// TestRecognize holds what is recognized to what git makes.
func TestRecognize(t *testing.T) {
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	git(t, root, "init", "-q", "--bare", "packed.git")
	git(t, root, "init", "-q", "main")
	git(t, root+"/main", "commit", "-q", "--allow-empty", "-m", "one")
	git(t, root+"/main", "push", "-q", "../packed.git", "HEAD:refs/heads/main")
	git(t, root+"/packed.git", "pack-refs", "--all")
	link(t, "refs/heads/main", root+"/packed.git/HEAD") // core.preferSymlinkRefs; it leads nowhere
	git(t, root, "init", "-q", "--separate-git-dir", root+"/elsewhere", "separate")
	git(t, root+"/main", "worktree", "add", "-q", "-b", "side", "../a-linked")
	git(t, root+"/main", "submodule", "--quiet", "add", root+"/packed.git", "inner")
	link(t, "main", root+"/alias")
	for _, dir := range []string{"plain/objects", "plain/refs", "false"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(root+"/false/.git", []byte("gitdir: ../plain\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	link(t, "nowhere", root+"/dangling")
	for path, want := range map[string]string{
		"packed.git": "packed.git", "main": "main/.git", "main/.git": "main/.git", "alias": "main/.git",
		"elsewhere": "elsewhere", "separate": "elsewhere",
		"a-linked": "main/.git", "main/.git/worktrees/a-linked": "main/.git", // what a hook there calls its own
		"main/inner": "main/.git/modules/inner",
		"plain":      "", "false": "", "dangling": "", "false/.git": "",
	} {
		r, err := Recognize(filepath.Join(root, path))
		switch {
		case want == "" && !errors.Is(err, ErrNone):
			t.Errorf("%s is %+v, %v", path, r, err)
		case want != "" && (err != nil || r.System != "git" || r.Dir != filepath.Join(root, want)):
			t.Errorf("%s is %+v, %v; want %s", path, r, err, want)
		}
	}
	s, err := NewSet([]string{root + "/*", root + "/*.none"})
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.All()
	var names []string
	for _, r := range all {
		names = append(names, r.Name)
	}
	// The repository names itself, also where a work tree comes first; of two
	// plain paths to one, the first does.
	if err != nil || strings.Join(names, " ") != "alias elsewhere packed" || !slices.Equal(s.Empty(), []string{root + "/*.none"}) {
		t.Errorf("found %q, %v; without any: %q", names, err, s.Empty())
	}
}

// TestUnreadableIsSaid: what cannot be looked at is not taken for something else.
func TestUnreadableIsSaid(t *testing.T) {
	root := t.TempDir()
	build(t, root, "a.git/HEAD", "a.git/objects/", "a.git/refs/", "b.git/HEAD")
	link(t, "b.git", root+"/b.git/objects") // too many levels: the one fault that root meets, too
	link(t, "objects", root+"/b.git/refs")
	if err := os.Remove(root + "/b.git/objects"); err != nil {
		t.Fatal(err)
	}
	link(t, "refs", root+"/b.git/objects")
	s, err := NewSet([]string{root + "/*"})
	if err != nil {
		t.Fatal(err)
	}
	if all, err := s.All(); err == nil || !strings.Contains(err.Error(), "b.git") || len(all) != 1 {
		t.Errorf("found %+v, %v", all, err)
	}
}

func link(t *testing.T, target, name string) {
	t.Helper()
	os.Remove(name) // it may be there
	if err := os.Symlink(target, name); err != nil {
		t.Fatal(err)
	}
}

// TestNamesOfRepositories: each byte of a name counts.
func TestNamesOfRepositories(t *testing.T) {
	root := t.TempDir()
	want := []string{" tool", "caf\xe9", "café", "tool", "tool ", "tool\n", "too\tl", "too  l", "a pushes", "a", `caf\xe9`}
	for _, name := range want {
		build(t, root, name+".git/HEAD", name+".git/objects/", name+".git/refs/")
	}
	s, err := NewSet([]string{root + "/*.git"})
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.All()
	var got []string
	sources := map[string]string{}
	for _, r := range all {
		got = append(got, r.Name)
		for _, source := range []string{Source(r.System, r.Name), Pushes(r.System, r.Name)} {
			if other, taken := sources[source]; taken {
				t.Errorf("%q and %q share %q", other, r.Name, source)
			}
			sources[source] = r.Name
		}
		if found, ok := s.Find("git", r.Dir); !ok || found.Name != r.Name {
			t.Errorf("%q is found as %q", r.Name, found.Name)
		}
	}
	slices.Sort(want)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("found %q, %v", got, err)
	}
}
