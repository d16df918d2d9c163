package feed

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func build(t *testing.T, root string, paths ...string) {
	t.Helper()
	for _, p := range paths {
		if strings.HasSuffix(p, "/") {
			if err := os.MkdirAll(filepath.Join(root, p), 0o700); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Join(root, filepath.Dir(p)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, p), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSet(t *testing.T) {
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	build(t, root, "git/hello.git/HEAD", "git/hello.git/objects/", "git/hello.git/refs/",
		"git/team/tool.git/HEAD", "git/team/tool.git/objects/", "git/team/tool.git/refs/",
		"work/site/.git/HEAD", "work/site/.git/objects/", "work/site/.git/refs/",
		"svn/main/format", "svn/main/db/", "svn/main/hooks/", "hg/docs/.hg/store/", "git/notes.git/README")
	if err := os.Symlink(root+"/git/hello.git", root+"/git/alias.git"); err != nil {
		t.Fatal(err)
	}
	s, err := NewSet([]string{root + "/git/*.git", root + "/git/*/*.git", root + "/work/site", root + "/svn/*", root + "/hg/docs"})
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.All()
	if err != nil {
		t.Error(err)
	}
	var got []string
	for _, r := range all {
		got = append(got, r.System+" "+r.Name+" "+strings.TrimPrefix(r.Dir, root))
	}
	want := "git alias /git/hello.git, hg docs /hg/docs, svn main /svn/main, git site /work/site/.git, git team/tool /git/team/tool.git"
	if strings.Join(got, ", ") != want {
		t.Errorf("found %s\nwant  %s", strings.Join(got, ", "), want)
	}
	for _, c := range []struct {
		system, dir string
		want        bool
	}{
		{"git", "/git/hello.git", true}, {"git", "/git/alias.git/", true}, {"git", "/git/team/../hello.git/.", true},
		{"git", "/work/site/.git", true}, {"git", "/work/site", true}, {"svn", "/svn/main", true}, {"hg", "/hg/docs", true},
		{"svn", "/git/hello.git", false}, {"git", "/git/notes.git", false}, {"git", "/none", false},
	} {
		if _, ok := s.Find(c.system, root+c.dir); ok != c.want {
			t.Errorf("Find %s %s: %v", c.system, c.dir, ok)
		}
	}
}

func TestSetComplains(t *testing.T) {
	root := t.TempDir()
	build(t, root, "a/x.git/HEAD", "a/x.git/objects/", "a/x.git/refs/", "b/x.git/HEAD", "b/x.git/objects/", "b/x.git/refs/")
	for _, c := range []struct {
		patterns []string
		says     string
		found    int
	}{
		{[]string{root + "/a/*", root + "/b/*"}, "would both be called x", 1},
		{[]string{root + "/none", root + "/a/*"}, "is not there", 1},
		{[]string{root + "/a", root + "/b/*"}, "is no git, svn or hg repository", 1},
	} {
		s, err := NewSet(c.patterns)
		if err != nil {
			t.Fatal(err)
		}
		if all, err := s.All(); err == nil || !strings.Contains(err.Error(), c.says) || len(all) != c.found {
			t.Errorf("%q: %v, %v", c.patterns, all, err)
		}
	}
	for _, bad := range []string{"relative", "/a/[", ""} {
		if _, err := NewSet([]string{bad}); err == nil {
			t.Errorf("pattern %q is taken", bad)
		}
	}
}
