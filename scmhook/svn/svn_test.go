package svn

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"busbar/adapters/scm"
)

func run(t *testing.T, dir, program string, args ...string) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "HOME="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v: %s", program, args, err, out)
	}
}

func TestRevisions(t *testing.T) {
	dir := t.TempDir()
	repo, url := filepath.Join(dir, "r"), "file://"+filepath.Join(dir, "r")
	run(t, dir, "svnadmin", "create", repo)
	run(t, dir, "svn", "mkdir", "-q", "--username", "åsa", "-m", "layout", url+"/trunk", url+"/branches")
	run(t, dir, "svn", "checkout", "-q", url+"/trunk", "w")
	w := filepath.Join(dir, "w")
	if err := os.WriteFile(filepath.Join(w, "ö"), []byte("1"), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, w, "svn", "add", "-q", "ö")
	run(t, w, "svn", "commit", "-q", "--username", "bo", "-m", "two\n\nlines ☃")
	run(t, dir, "svn", "copy", "-q", "-m", "branch", url+"/trunk", url+"/branches/b1")

	ctx, r := context.Background(), Open(repo)
	if y, err := r.Youngest(ctx); y != "3" || err != nil {
		t.Errorf("youngest is %q (%v)", y, err)
	}
	want := map[string][]scm.File{
		"1": {{Path: "branches/", Action: "added"}, {Path: "trunk/", Action: "added"}},
		"2": {{Path: "trunk/ö", Action: "added"}},
		"3": {{Path: "branches/b1/", Action: "copied", From: "trunk/:r2"}},
	}
	for revision, files := range want {
		c, err := r.Commit(ctx, revision)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(c.Files, files) || c.Changed != len(files) {
			t.Errorf("r%s changed %+v", revision, c.Files)
		}
		if revision == "1" && c.Author.Name != "åsa" {
			t.Errorf("r1 is by %q", c.Author.Name)
		}
		if revision == "2" && (c.Message != "two\n\nlines ☃" || c.Branch != "trunk" || c.Committed.IsZero() || c.Parents[0] != "1") {
			t.Errorf("r2 is %+v", c)
		}
	}
	run(t, dir, "svnadmin", "setlog", "--bypass-hooks", "-r", "2", repo, w+"/ö")
	if v, err := r.Property(ctx, "2", "svn:log"); v != "1" || err != nil {
		t.Errorf("svn:log is %q (%v)", v, err)
	}
	if _, err := r.Commit(ctx, "9"); err == nil || !strings.Contains(err.Error(), "No such revision") {
		t.Errorf("revision 9: %v", err)
	}
	if _, err := r.Commit(ctx, "--help"); err == nil {
		t.Error("an option is a revision")
	}
}

func FuzzParse(f *testing.F) {
	f.Add("bo\n2026-11-24 11:03:03 +0000 (Tue, 24 Nov 2026)\n3\ntwo\n", "A + b/c\n    (from a:r1)\nUU  trunk/x\n_U  trunk/\n")
	f.Fuzz(func(t *testing.T, info, changed string) {
		var c scm.Commit
		parseInfo(&c, info)
		parseChanged(&c, changed)
		if len(c.Files) > c.Changed {
			t.Error("more files than were changed")
		}
	})
}
