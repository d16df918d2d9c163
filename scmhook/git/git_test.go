package git

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"busbar/adapters/scm"
)

// A bench is a repository that a test works on with the real git.
type bench struct {
	t   *testing.T
	dir string
}

func newBench(t *testing.T, args ...string) bench {
	t.Helper()
	b := bench{t, t.TempDir()}
	b.git(append([]string{"init", "-q", "-b", "main"}, args...)...)
	return b
}

func (b bench) git(args ...string) string {
	b.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), "HOME="+b.dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=Åsa", "GIT_AUTHOR_EMAIL=asa@example.org",
		"GIT_COMMITTER_NAME=Bo", "GIT_COMMITTER_EMAIL=bo@example.org", "GIT_AUTHOR_DATE=1700000000 +0100", "GIT_COMMITTER_DATE=1700000100 +0100")
	out, err := cmd.CombinedOutput()
	if err != nil {
		b.t.Fatalf("git %v: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (b bench) commit(name, content, message string) string {
	b.t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), []byte(content), 0o600); err != nil {
		b.t.Fatal(err)
	}
	b.git("add", "-A")
	b.git("commit", "-q", "--allow-empty-message", "-m", message)
	return b.git("rev-parse", "HEAD")
}

func (b bench) describe(published []string, most int, updates ...scm.Update) []scm.Update {
	b.t.Helper()
	r, err := Open(context.Background(), filepath.Join(b.dir, ".git"))
	if err != nil {
		b.t.Fatal(err)
	}
	if err := r.Describe(context.Background(), updates, published, most); err != nil {
		b.t.Fatal(err)
	}
	return updates
}

// subjects shows commits: = before one that was published before.
func subjects(u scm.Update) string {
	var s []string
	for _, c := range u.Commits {
		subject, _, _ := strings.Cut(c.Message, "\n")
		if c.Known {
			subject = "=" + subject
		}
		s = append(s, subject)
	}
	return strings.Join(s, " ")
}

func TestDescribe(t *testing.T) {
	b := newBench(t)
	one := b.commit("a", "1\n2\n3\n4\n", "one")
	two := b.commit("b", "b", "two")
	u := b.describe(nil, 100, scm.Update{Ref: "refs/heads/main", New: two}, scm.Update{Ref: "refs/heads/copy", New: one})
	if subjects(u[0]) != "one two" || u[0].Total != 2 || subjects(u[1]) != "" || u[1].Total != 0 {
		t.Errorf("first push: %q (%d), %q (%d)", subjects(u[0]), u[0].Total, subjects(u[1]), u[1].Total)
	}
	c := u[0].Commits[0]
	if c.Author.Name != "Åsa" || c.Committer.Email != "bo@example.org" || c.Authored.Unix() != 1700000000 || c.Committed.Unix() != 1700000100 || len(c.Parents) != 0 {
		t.Errorf("the commit is %+v", c)
	}
	if len(c.Files) != 1 || c.Files[0] != (scm.File{Path: "a", Action: "added"}) || c.Changed != 1 {
		t.Errorf("its files are %+v", c.Files)
	}

	// A branch that takes over what another told, and goes on.
	b.git("checkout", "-q", "-b", "side", one)
	b.git("mv", "a", "c")
	three := b.commit("d", "d", "three")
	b.git("merge", "-q", "-m", "merge", "main")
	merge := b.git("rev-parse", "HEAD")
	u = b.describe([]string{two, one}, 100, scm.Update{Ref: "refs/heads/side", Old: one, New: merge})
	if subjects(u[0]) != "=two three merge" && subjects(u[0]) != "three =two merge" || u[0].Total != 3 || u[0].Forced {
		t.Errorf("merge: %q (%d, forced %v)", subjects(u[0]), u[0].Total, u[0].Forced)
	}
	for _, c := range u[0].Commits {
		switch c.ID {
		case three:
			if !slices.Contains(c.Files, scm.File{Path: "c", From: "a", Action: "renamed"}) || c.Changed != 2 {
				t.Errorf("the rename is %+v", c.Files)
			}
		case merge:
			if len(c.Parents) != 2 || len(c.Files) != 1 || c.Files[0].Path != "b" {
				t.Errorf("the merge is %+v", c)
			}
		}
	}

	// By force, and an orphan.
	b.git("checkout", "-q", "--orphan", "new")
	orphan := b.commit("e", "e", "orphan")
	u = b.describe([]string{two, one, merge}, 100, scm.Update{Ref: "refs/heads/main", Old: two, New: orphan}, scm.Update{Ref: "refs/heads/side", Old: merge, New: one}, scm.Update{Ref: "refs/heads/copy", Old: one})
	if !u[0].Forced || subjects(u[0]) != "orphan" || !u[1].Forced || subjects(u[1]) != "" || u[2].Forced {
		t.Errorf("forced: %+v", u)
	}
}

func TestManyCommits(t *testing.T) {
	b := newBench(t)
	first := b.commit("a", "0", "0")
	for range 25 {
		b.git("commit", "-q", "--allow-empty", "-m", "more")
	}
	head := b.git("rev-parse", "HEAD")
	u := b.describe([]string{first}, 10, scm.Update{Ref: "refs/heads/main", Old: first, New: head})
	if len(u[0].Commits) != 10 || u[0].Total != 25 || u[0].Commits[9].ID != head {
		t.Errorf("%d of %d commits", len(u[0].Commits), u[0].Total)
	}
	u = b.describe([]string{head}, 10, scm.Update{Ref: "refs/heads/stable", Old: first, New: head})
	if len(u[0].Commits) != 10 || u[0].Total != 25 || !u[0].Commits[9].Known {
		t.Errorf("known: %d of %d commits", len(u[0].Commits), u[0].Total)
	}
}

func TestOddities(t *testing.T) {
	b := newBench(t)
	b.git("-c", "i18n.commitEncoding=ISO-8859-1", "commit", "-q", "--allow-empty", "-m", "caf\xe9")
	latin := b.git("rev-parse", "HEAD")
	odd := b.commit("caf\xe9\n\t\"x", "\x00\x01", "bad \xff byte")
	u := b.describe(nil, 10, scm.Update{Ref: "refs/heads/-\xff", New: odd})
	if got := subjects(u[0]); got != "café bad ÿ byte" {
		t.Errorf("messages %q", got)
	}
	if f := u[0].Commits[1].Files; len(f) != 1 || f[0].Path != "caf\xe9\n\t\"x" {
		t.Errorf("files %+v", f)
	}
	b.git("tag", "-a", "-m", "first\n\nbody\n-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----", "v1", latin)
	b.git("notes", "add", "-m", "a note", odd)
	blob := b.git("rev-parse", odd+":caf\xe9\n\t\"x")
	tag, note := b.git("rev-parse", "v1"), b.git("rev-parse", "refs/notes/commits")
	gone := strings.Repeat("ab", 20)
	u = b.describe([]string{odd, gone, blob}, 10, scm.Update{Ref: "refs/tags/v1", New: tag}, scm.Update{Ref: "refs/notes/commits", New: note},
		scm.Update{Ref: "refs/tags/blob", New: blob}, scm.Update{Ref: "refs/heads/x", Old: odd, New: gone}, scm.Update{Ref: "refs/heads/y", Old: gone, New: odd},
		scm.Update{Ref: "refs/heads/z", New: "--output=/x"})
	if g := u[0].Tag; g == nil || !g.Signed || g.Target != latin || g.Type != "commit" || strings.TrimSpace(g.Message) != "first\n\nbody" || g.Tagger.Name != "Bo" {
		t.Errorf("the tag is %+v", g)
	}
	if len(u[1].Commits) != 1 || u[2].Total != 0 || !strings.Contains(u[3].Missing, gone) || !strings.Contains(u[4].Missing, gone) || u[5].Total != 0 {
		t.Errorf("described as %+v", u)
	}
	r, err := Open(context.Background(), filepath.Join(b.dir, ".git"))
	if err != nil {
		t.Fatal(err)
	}
	b.git("symbolic-ref", "refs/heads/alias", "refs/heads/main")
	all, err := r.Refs(context.Background())
	if err != nil || len(all) != 3 || all["refs/heads/main"] != odd || all["refs/tags/v1"] != tag {
		t.Errorf("the refs are %v (%v)", all, err)
	}
}

func TestSHA256(t *testing.T) {
	b := newBench(t, "--object-format=sha256")
	id := b.commit("a", "a", "long")
	u := b.describe(nil, 10, scm.Update{Ref: "refs/heads/main", New: id})
	if len(id) != 64 || subjects(u[0]) != "long" {
		t.Errorf("%s is %+v", id, u[0])
	}
}

func TestNoRepository(t *testing.T) {
	if _, err := Open(context.Background(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "not a git repository") {
		t.Errorf("an empty folder is a repository: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Open(ctx, t.TempDir()); err == nil {
		t.Error("an ended context asks git")
	}
}

func FuzzObject(f *testing.F) {
	f.Add([]byte("tree x\nparent y\nauthor A <a@b> 1 +0000\ncommitter B <b@c> 2 -0000\nencoding latin1\ngpgsig -----BEGIN\n more\n\nmessage\n"))
	f.Add([]byte("object x\ntype commit\ntag v\ntagger T <t> 5 +0000\n\nv\n-----BEGIN SSH SIGNATURE-----\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c := parseCommit("id", raw)
		if c.ID != "id" || parseTag(raw) == nil {
			t.Error("an object is nothing")
		}
	})
}

// TestOddHeaders: what an object claims falsely costs nothing of what it says.
func TestOddHeaders(t *testing.T) {
	for raw, want := range map[string]string{
		"author A <a@x> 1700000000 +0000\nencoding utf-16\n\nplain":                                      "A a@x 1700000000 plain",
		"author A <a@x> 1700000000 +0000\nencoding UTF-32LE\n\ncaf\xc3\xa9":                              "A a@x 1700000000 café",
		"author A <a@x> 1700000000 +0000\nencoding ucs-2\n\ncaf\xe9":                                     "A a@x 1700000000 café",
		"author A a@x 1700000000 +0000\n\nplain":                                                         "A a@x 0 plain",
		"author 2b a@x\n\nplain":                                                                         "2b a@x 0 plain",
		"author A <a@x> 1700000000\nmergetag object 1\n tagger T <t@x> 5\n \n author E <e@x> 6\n\nplain": "A a@x 1700000000 plain",
	} {
		c := parseCommit("1", []byte(raw))
		if got := fmt.Sprintf("%s %s %d %s", c.Author.Name, c.Author.Email, max(0, c.Authored.Unix()), c.Message); got != want {
			t.Errorf("%q is %q, want %q", raw, got, want)
		}
	}
}
