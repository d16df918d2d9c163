package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"busbar/common/journal"
	"busbar/scmhook/hook"
)

// A place is a feed whose repositories are folders that look like some, and
// whose refs the test says.
type place struct {
	t     *testing.T
	dir   string
	refs  map[string]map[string]string // by directory
	sick  map[string]error
	j     *journal.Journal
	o     Options
	asked int
}

func newPlace(t *testing.T, repositories ...string) *place {
	t.Helper()
	p := &place{t: t, dir: t.TempDir(), refs: map[string]map[string]string{}, sick: map[string]error{}}
	p.mkdir("spool")
	for _, r := range repositories {
		p.repository(r)
	}
	var err error
	p.j, err = journal.Open(t.Context(), journal.Options{Path: filepath.Join(p.dir, "journal.db"),
		Identity: journal.Identity{Prefix: "org.example", Environment: "dev", Name: "feed"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.j.Close() })
	set, err := NewSet([]string{filepath.Join(p.dir, "git", "*.git")})
	if err != nil {
		t.Fatal(err)
	}
	p.o = Options{
		Spool: filepath.Join(p.dir, "spool"), Repositories: set, Journal: p.j.Reader(), Grace: 50 * time.Millisecond,
		Poll: 20 * time.Millisecond, Once: true, Log: slog.New(slog.DiscardHandler),
		Refs: func(_ context.Context, _, dir string) (map[string]string, error) {
			p.asked++
			name := filepath.Base(dir)
			if err := p.sick[name]; err != nil {
				return nil, err
			}
			return maps.Clone(p.refs[name]), nil
		},
	}
	return p
}

func (p *place) mkdir(name string) {
	p.t.Helper()
	if err := os.MkdirAll(filepath.Join(p.dir, name), 0o700); err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) repository(name string) {
	p.t.Helper()
	p.mkdir("git/" + name + "/objects")
	p.mkdir("git/" + name + "/refs")
	if err := os.WriteFile(filepath.Join(p.dir, "git", name, "HEAD"), nil, 0o600); err != nil {
		p.t.Fatal(err)
	}
	p.refs[name] = map[string]string{}
}

func id(c string) string {
	if c == "" {
		c = "0"
	}
	return strings.Repeat(c, 40)
}

// push leaves what a hook writes: "a>b refs/heads/x".
func (p *place) push(repository string, at time.Time, lines ...string) {
	p.t.Helper()
	var input string
	for _, l := range lines {
		change, ref, _ := strings.Cut(l, " ")
		from, to, _ := strings.Cut(change, ">")
		input += id(from) + " " + id(to) + " " + ref + "\n"
	}
	n := hook.Notice{System: "git", Hook: hook.PostReceive, Repository: filepath.Join(p.dir, "git", repository), Time: at}
	if err := hook.Write(p.o.Spool, n, strings.NewReader(input)); err != nil {
		p.t.Fatal(err)
	}
}

// now sets the refs of a repository.
func (p *place) now(repository string, refs ...string) {
	p.refs[repository] = map[string]string{}
	for _, r := range refs {
		c, ref, _ := strings.Cut(r, " ")
		p.refs[repository][ref] = id(c)
	}
}

// drain takes all and stores it, except what fail refuses, and says it briefly.
func (p *place) drain(fail func(Batch) error) []string {
	p.t.Helper()
	c := Open(p.o)
	defer c.Close()
	ctx, cancel := context.WithTimeout(p.t.Context(), 2*time.Minute)
	defer cancel()
	var said []string
	for {
		b, done, err := c.Next(ctx)
		if errors.Is(err, io.EOF) {
			return said
		}
		if err != nil {
			p.t.Fatal(err)
		}
		if fail != nil {
			if err := fail(b); err != nil {
				done(err)
				continue
			}
		}
		if _, err := p.j.Append(ctx, journal.Record{Origin: "test", Received: time.Now(), Skip: "test", States: b.States}); err != nil {
			p.t.Fatal(err)
		}
		done(nil)
		said = append(said, brief(b))
	}
}

func brief(b Batch) string {
	s := b.Repository.Name + ":"
	for _, u := range b.Updates {
		short := func(id string) string { return id[:min(len(id), 1)] }
		s += fmt.Sprintf(" %s>%s %s", short(u.Old), short(u.New), u.Ref)
		if u.Nth > 0 {
			s += fmt.Sprintf(" #%d", u.Nth)
		}
	}
	if b.Recovered {
		s += " recovered"
	}
	if b.Broken != "" {
		s += " broken"
	}
	return s + " " + b.Nothing
}

func (p *place) want(got []string, want ...string) {
	p.t.Helper()
	for i := range got {
		got[i] = strings.TrimSpace(got[i])
	}
	if !slices.Equal(got, want) {
		p.t.Errorf("told:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestHooksAndComparing(t *testing.T) {
	p := newPlace(t, "a.git", "b.git")
	p.now("b.git", "1 refs/heads/old")
	p.want(p.drain(nil), "a: first sight of a repository", "b: first sight of a repository")
	p.want(p.drain(nil))

	past := time.Now().Add(-time.Minute)
	p.push("a.git", past, ">1 refs/heads/m", ">2 refs/tags/t")
	p.push("a.git", past.Add(1), "1>3 refs/heads/m", "2> refs/tags/t")
	p.now("a.git", "3 refs/heads/m")
	p.now("b.git", "2 refs/heads/old")
	p.want(p.drain(nil), "a: >1 refs/heads/m >2 refs/tags/t", "a: 1>3 refs/heads/m 2> refs/tags/t", "b: 1>2 refs/heads/old recovered")

	// A lost hook, then one that comes; and the same pair once more.
	p.push("a.git", past, "1>3 refs/heads/m")
	p.now("a.git", "3 refs/heads/m")
	p.want(p.drain(nil), "a: nothing new")
	p.push("a.git", past, "6>4 refs/heads/m")
	p.push("a.git", past.Add(1), "4>3 refs/heads/m")
	p.want(p.drain(nil), "a: 3>6 refs/heads/m recovered", "a: 6>4 refs/heads/m", "a: 4>3 refs/heads/m")
	p.push("a.git", past, "3>1 refs/heads/m")
	p.push("a.git", past.Add(1), "1>3 refs/heads/m")
	p.want(p.drain(nil), "a: 3>1 refs/heads/m", "a: 1>3 refs/heads/m #1")
	p.push("a.git", past, "4>5 refs/heads/m")
	p.now("a.git", "5 refs/heads/m")
	p.want(p.drain(nil), "a: 3>4 refs/heads/m recovered", "a: 4>5 refs/heads/m")
}

// TestFirstPush: a repository whose first sight is its first push.
func TestFirstPush(t *testing.T) {
	p := newPlace(t, "a.git")
	p.push("a.git", time.Now(), ">1 refs/heads/m")
	p.push("a.git", time.Now(), ">2 refs/heads/n")
	p.now("a.git", "1 refs/heads/m", "2 refs/heads/n", "3 refs/heads/before")
	p.want(p.drain(nil), "a: >1 refs/heads/m", "a: >2 refs/heads/n")
}

// TestYoungRepository: one that was made after the last look at the globs, and
// pushed to at once, is not taken for a stranger.
func TestYoungRepository(t *testing.T) {
	p := newPlace(t, "a.git")
	p.o.Once = false
	c := Open(p.o)
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	next := func() string {
		b, done, err := c.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.j.Append(ctx, journal.Record{Origin: "test", Received: time.Now(), Skip: "test", States: b.States}); err != nil {
			t.Fatal(err)
		}
		done(nil)
		return strings.TrimSpace(brief(b))
	}
	if got := next(); got != "a: first sight of a repository" {
		t.Fatal(got)
	}
	p.repository("b.git")
	p.now("b.git", "1 refs/heads/m")
	p.push("b.git", time.Now(), ">1 refs/heads/m")
	if got := next(); got != "b: >1 refs/heads/m" {
		t.Errorf("told: %s", got)
	}
}

func TestTell(t *testing.T) {
	p := newPlace(t, "a.git")
	p.now("a.git", "1 refs/heads/m")
	p.want(p.drain(nil), "a: first sight of a repository")
	p.o.Tell = true
	p.want(p.drain(nil), "a: >1 refs/heads/m recovered")
	p.want(p.drain(nil))
}

// TestTroubleHoldsUpOneAlone fails a repository and each batch once.
func TestTroubleHoldsUpOneAlone(t *testing.T) {
	p := newPlace(t, "a.git", "b.git")
	p.drain(nil)
	p.push("a.git", time.Now().Add(-time.Minute), ">1 refs/heads/m")
	p.push("b.git", time.Now(), ">2 refs/heads/m")
	p.now("a.git", "1 refs/heads/m")
	p.now("b.git", "2 refs/heads/m")
	failures := 2
	got := p.drain(func(b Batch) error {
		if failures > 0 && b.Repository.Name == "a" {
			failures--
			return errors.New("the disk is full")
		}
		return nil
	})
	p.want(got, "b: >2 refs/heads/m", "a: >1 refs/heads/m")

	p.sick["a.git"] = errors.New("locked")
	p.now("b.git", "3 refs/heads/m")
	p.want(p.drain(nil), "b: 2>3 refs/heads/m recovered")
}

func TestSpoolOfStrangers(t *testing.T) {
	p := newPlace(t, "a.git")
	p.drain(nil)
	p.push("none.git", time.Now(), ">1 refs/heads/m")
	if err := os.WriteFile(filepath.Join(p.o.Spool, "0.push"), []byte("rubbish\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	bad := hook.Notice{System: "git", Hook: hook.PostReceive, Repository: filepath.Join(p.dir, "git", "a.git"), Time: time.Now()}
	if err := hook.Write(p.o.Spool, bad, strings.NewReader("rubbish\n")); err != nil {
		t.Fatal(err)
	}
	p.want(p.drain(nil), ": broken", ": broken", ": not in [scm] repositories")
	if left, err := os.ReadDir(p.o.Spool); err != nil || len(left) != 0 {
		t.Errorf("left in the spool: %v, %v", left, err)
	}
}

// TestManyRefs cuts one push into transactions of a bounded size.
func TestManyRefs(t *testing.T) {
	p := newPlace(t, "a.git")
	p.drain(nil)
	var lines []string
	for i := range 2*maxUpdates + 1 {
		lines = append(lines, fmt.Sprintf(">1 refs/heads/%04d", i))
	}
	p.push("a.git", time.Now(), lines...)
	p.now("a.git", strings.Split(strings.ReplaceAll(strings.Join(lines, "\n"), ">", ""), "\n")...)
	if got := p.drain(nil); len(got) != 3 || !strings.HasPrefix(got[2], "a: >1 refs/heads/1000") {
		t.Errorf("%d batches", len(got))
	}
	p.want(p.drain(nil))
}
