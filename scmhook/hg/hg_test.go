package hg

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

type bench struct {
	t   *testing.T
	dir string
}

func (b bench) hg(args ...string) string {
	b.t.Helper()
	cmd := exec.Command("hg", append([]string{"--noninteractive"}, args...)...)
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), "HGRCPATH=", "HGPLAIN=1", "HGENCODING=UTF-8", "HGUSER=Åsa <asa@example.org>")
	out, err := cmd.CombinedOutput()
	if err != nil {
		b.t.Fatalf("hg %v: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (b bench) commit(name, message string) string {
	b.t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), []byte(message), 0o600); err != nil {
		b.t.Fatal(err)
	}
	b.hg("add", name)
	b.hg("commit", "-d", "1700000000 0", "-m", message)
	return b.hg("log", "-r", ".", "-T", "{node}")
}

func (b bench) refs(want map[string]string) {
	b.t.Helper()
	got, err := Open(b.dir).Refs(context.Background())
	if err != nil || !reflect.DeepEqual(got, want) {
		b.t.Errorf("the refs are %v, want %v (%v)", got, want, err)
	}
}

func TestRepository(t *testing.T) {
	b := bench{t, t.TempDir()}
	b.hg("init")
	b.refs(map[string]string{})
	one := b.commit("a", "one")
	b.hg("mv", "a", "ö")
	two := b.commit("b", "two\n\nlines ☃")
	b.hg("bookmark", "-i", "mark")
	b.hg("branch", "-q", "stable")
	three := b.commit("c", "three")
	b.hg("update", "-q", one)
	four := b.commit("d", "four")
	b.refs(map[string]string{"refs/heads/default": four, "refs/anonymous/default/" + two: two, "refs/heads/stable": three, "refs/bookmarks/mark": two})

	ctx, r := context.Background(), Open(b.dir)
	updates := []scm.Update{
		{Ref: "refs/heads/stable", New: three}, {Ref: "refs/heads/default", Old: two, New: four},
		{Ref: "refs/bookmarks/mark", New: two}, {Ref: "refs/heads/gone", Old: one}, {Ref: "refs/heads/odd", New: "--help"},
	}
	if err := r.Describe(ctx, updates, []string{strings.Repeat("ab", 20)}, 2); err != nil {
		t.Fatal(err)
	}
	u := updates[0]
	if u.Total != 3 || len(u.Commits) != 2 || u.Commits[0].ID != two || u.Commits[1].ID != three || u.Forced {
		t.Errorf("stable is %+v", u)
	}
	c := u.Commits[0]
	files := []scm.File{{Path: "b", Action: "added"}, {Path: "ö", Action: "copied", From: "a"}, {Path: "a", Action: "removed"}}
	if c.Message != "two\n\nlines ☃" || c.Author.Name != "Åsa" || c.Author.Email != "asa@example.org" || c.Committed.Unix() != 1700000000 ||
		c.Branch != "default" || !reflect.DeepEqual(c.Parents, []string{one}) || !reflect.DeepEqual(c.Files, files) || c.Changed != 3 {
		t.Errorf("two is %+v", c)
	}
	if u := updates[1]; !u.Forced || u.Total != 1 || u.Commits[0].ID != four {
		t.Errorf("default is %+v", u)
	}
	if updates[2].Total+updates[3].Total+updates[4].Total != 0 {
		t.Errorf("nothing came with %+v", updates[2:])
	}
	b.hg("tag", "-d", "1700000001 0", "v1", "-r", two)
	b.hg("phase", "-s", "-f", ".")
	b.refs(map[string]string{"refs/heads/stable": three, "refs/heads/default": two, "refs/bookmarks/mark": two, "refs/tags/v1": two})
}

// TestOddNames: what separates the fields of an answer may stand in names and
// messages.
func TestOddNames(t *testing.T) {
	b := bench{t, t.TempDir()}
	b.hg("init")
	b.commit("\x01a\tb", "one")
	b.hg("mv", "\x01a\tb", " c\xe9  ")
	if err := os.WriteFile(filepath.Join(b.dir, "text"), []byte("two\x00\x01"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.hg("commit", "-d", "-5000000 0", "-u", "Nora nora@example.org", "-l", "text")
	two := b.hg("log", "-r", ".", "-T", "{node}")
	updates := []scm.Update{{Ref: "refs/heads/default", New: two}}
	if err := Open(b.dir).Describe(context.Background(), updates, nil, 10); err != nil {
		t.Fatal(err)
	}
	c := updates[0].Commits
	if len(c) != 2 || !reflect.DeepEqual(c[0].Files, []scm.File{{Path: "\x01a\tb", Action: "added"}}) ||
		!reflect.DeepEqual(c[1].Files, []scm.File{{Path: " c\xe9  ", Action: "copied", From: "\x01a\tb"}, {Path: "\x01a\tb", Action: "removed"}}) {
		t.Errorf("the commits are %+v", c)
	}
	if c[1].Message != "two\x00\x01" || !c[1].Authored.IsZero() || c[1].Author.Email != "nora@example.org" {
		t.Errorf("the second is %+v", c[1])
	}
}

func TestNoRepository(t *testing.T) {
	if _, err := Open(t.TempDir()).Refs(context.Background()); err == nil || !strings.Contains(err.Error(), "not found") {
		t.Errorf("an empty folder is a repository: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("n", "a <b>", "1 0", "x\ny\n", "p\nq")
	f.Fuzz(func(t *testing.T, node, author, date, copies, adds string) {
		c := parse([]string{node, "0", "1", "default", author, date, "6d", adds, "", "", copies})
		if len(c.Files) > c.Changed || c.ID != node {
			t.Errorf("it is %+v", c)
		}
	})
}
