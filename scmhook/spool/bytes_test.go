package spool

import (
	"bytes"
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
