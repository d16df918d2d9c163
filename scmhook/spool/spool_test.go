package spool

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"busbar/scmhook/hook"
)

const (
	a = "1111111111111111111111111111111111111111"
	z = "0000000000000000000000000000000000000000"
)

func TestLines(t *testing.T) {
	long := strings.Repeat("2", 64)
	for _, c := range []struct {
		what, input string
		want        []Line
		fails       bool
	}{
		{what: "nothing"},
		{what: "created", input: z + " " + a + " refs/heads/main\n", want: []Line{{"refs/heads/main", "", a}}},
		{what: "deleted, no newline", input: a + " " + z + " refs/tags/1.0", want: []Line{{"refs/tags/1.0", a, ""}}},
		{what: "SHA-256", input: strings.Repeat("0", 64) + " " + long + " refs/heads/x\n", want: []Line{{"refs/heads/x", "", long}}},
		{what: "odd names", input: z + " " + a + " refs/heads/é\xff;$(x) \"\n", want: []Line{{"refs/heads/é\xff;$(x) \"", "", a}}},
		{what: "no ref", input: z + " " + a + "\n", fails: true},
		{what: "not below refs", input: z + " " + a + " --upload-pack=x\n", fails: true},
		{what: "no id", input: "x " + a + " refs/heads/main\n", fails: true},
		{what: "capitals", input: strings.ToUpper(strings.Repeat("a", 40)) + " " + a + " refs/heads/main\n", fails: true},
		{what: "two lengths", input: z + " " + long + " refs/heads/main\n", fails: true},
		{what: "NUL", input: z + " " + a + " refs/heads/\x00\n", fails: true},
		{what: "blank line", input: "\n", fails: true},
	} {
		got, err := Lines([]byte(c.input))
		if c.fails != errors.Is(err, ErrUnreadable) || !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, %v", c.what, got, err)
		}
	}
}

// TestWriteAndRead sends what the hook writes through the reader.
func TestWriteAndRead(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	input := z + " " + a + " refs/heads/main\n"
	for i, name := range []string{"second", "first", "third"} {
		at := now.Add(time.Duration([]int{2, 1, 3}[i]) * time.Second)
		n := hook.Notice{System: "git", Hook: hook.PostReceive, Repository: "/srv/git/" + name, Time: at, Env: []string{"GL_USERNAME", "nora"}}
		if err := hook.Write(dir, n, strings.NewReader(input)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, hook.Hidden+"9"+hook.Suffix), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	names, err := List(dir)
	if err != nil || len(names) != 3 {
		t.Fatalf("List: %q, %v", names, err)
	}
	for i, want := range []string{"first", "second", "third"} {
		n, raw, err := Read(dir, names[i])
		if err != nil || n.Repository != "/srv/git/"+want || string(n.Input) != input || n.Env["GL_USERNAME"] != "nora" || n.Owner != uint32(os.Getuid()) || n.Name != names[i] {
			t.Errorf("%s: %+v, %v", want, n, err)
		}
		if err := Remove(dir, names[i]); err != nil {
			t.Error(err)
		}
		if i == 0 {
			if err := PutBack(dir, raw); err != nil {
				t.Error(err)
			}
		}
	}
	names, err = List(dir)
	if err != nil || len(names) != 1 {
		t.Fatalf("after putting back: %q, %v", names, err)
	}
	if n, _, err := Read(dir, names[0]); err != nil || n.Repository != "/srv/git/first" {
		t.Errorf("put back: %+v, %v", n, err)
	}
	if err := Remove(dir, names[0]); err != nil {
		t.Error(err)
	}
	if err := Remove(dir, names[0]); err != nil {
		t.Errorf("removing twice: %v", err)
	}
}

// TestReadIsCareful puts what anybody could put there.
func TestReadIsCareful(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("1.push", "")
	put("2.push", "{}\n")
	put("3.push", `{"version":1,"system":"cvs","repository":"/x"}`+"\n")
	put("4.push", `{"version":1,"system":"git","repository":"x"}`+"\n")
	put("5.push", `{"version":2,"system":"git","repository":"/x"}`+"\n")
	put("6.push", `{"version":1,"system":"git","repository":"/x`+"\\u0000"+`"}`+"\n")
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "7.push")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "8.push"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "9.push"), 0o700); err != nil {
		t.Fatal(err)
	}
	names, err := List(dir)
	if err != nil || len(names) != 9 {
		t.Fatalf("List: %q, %v", names, err)
	}
	for _, name := range names {
		if _, raw, err := Read(dir, name); !errors.Is(err, ErrUnreadable) || raw == nil {
			t.Errorf("%s: %q, %v", name, raw, err)
		}
		if err := Remove(dir, name); err != nil {
			t.Errorf("%s cannot be removed: %v", name, err)
		}
	}
	if _, _, err := Read(dir, "none.push"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

func TestSweep(t *testing.T) {
	dir := t.TempDir()
	old := filepath.Join(dir, hook.Hidden+"old")
	for _, name := range []string{old, filepath.Join(dir, hook.Hidden+"young"), filepath.Join(dir, "kept.push")} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	past := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(old, past, past); err != nil {
		t.Fatal(err)
	}
	if n, err := Sweep(dir); n != 1 || err != nil {
		t.Errorf("Sweep: %d, %v", n, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"version":1,"system":"git","hook":"post-receive","repository":"/srv/a","time":"2026-01-02T03:04:05Z"}` + "\n" + z + " " + a + " refs/heads/main\n"))
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		n, err := Parse(raw)
		if err != nil {
			if !errors.Is(err, ErrUnreadable) {
				t.Errorf("error of another kind: %v", err)
			}
			return
		}
		lines, err := Lines(n.Input)
		for _, l := range lines {
			if err != nil || !strings.HasPrefix(l.Ref, "refs/") || strings.Contains(l.Ref, "\n") {
				t.Errorf("line %q, %v", l, err)
			}
		}
	})
}
