package spool

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"busbar/scmhook/hook"
)

// written is what the hook writes of a notice, read back.
func written(t *testing.T, n hook.Notice) Notice {
	t.Helper()
	dir := t.TempDir()
	if err := hook.Write(dir, n, bytes.NewReader(nil)); err != nil {
		t.Fatal(err)
	}
	names, err := List(dir)
	if err != nil || len(names) != 1 {
		t.Fatalf("%q, %v", names, err)
	}
	got, _, err := Read(dir, names[0])
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// FuzzBytes sends any bytes through the hook's JSON and back.
func FuzzBytes(f *testing.F) {
	for _, s := range []string{"/srv/caf\xe9", "/srv/café", "/srv/\xed\xb3\xa9", "/srv/ a\n ", "/srv/\x80\xff\"\\", "/\xed\xa0\xbd\xed\xb8\x80"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ReplaceAll(s, "\x00", "")
		s = s[:min(len(s), 4000)] // more is cut from an environment
		n := written(t, hook.Notice{System: "git", Hook: hook.PostReceive, Repository: "/" + s, Time: time.Unix(1, 0), Args: []string{s}, Env: []string{"GL_USERNAME", s}})
		if n.Repository != "/"+s || n.Args[0] != s || n.Env["GL_USERNAME"] != s {
			t.Errorf("%q becomes %q, %q, %q", s, n.Repository, n.Args, n.Env)
		}
	})
}

// TestLinked: who owns a file with a second name did not necessarily put it here.
func TestLinked(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	if err := hook.Write(elsewhere, hook.Notice{System: "git", Hook: hook.PostReceive, Repository: "/srv/a", Time: time.Unix(1, 0)}, bytes.NewReader(nil)); err != nil {
		t.Fatal(err)
	}
	names, err := List(elsewhere)
	if err == nil {
		err = os.Link(filepath.Join(elsewhere, names[0]), filepath.Join(dir, names[0]))
	}
	if err != nil {
		t.Fatal(err)
	}
	if n, _, err := Read(dir, names[0]); err != nil || !n.Linked {
		t.Errorf("a second name: %+v, %v", n, err)
	}
	if err := Remove(dir, names[0]); err != nil {
		t.Fatal(err)
	}
	if n, _, err := Read(elsewhere, names[0]); err != nil || n.Linked {
		t.Errorf("the other name: %+v, %v", n, err)
	}
}
