package hook

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func TestNotice(t *testing.T) {
	for _, c := range []struct {
		what   string
		system string
		args   []string
		env    func(string) string
		want   Notice
		input  bool
		fails  string
	}{
		{what: "post-receive", system: "git", env: env("GIT_DIR", "."), want: Notice{Hook: PostReceive, Repository: "/srv/git/a.git"}, input: true},
		{what: "work tree", system: "git", env: env("GIT_DIR", ".git"), want: Notice{Hook: PostReceive, Repository: "/srv/git/a.git/.git"}, input: true},
		{what: "absolute", system: "git", env: env("GIT_DIR", "/x"), want: Notice{Hook: PostReceive, Repository: "/x"}, input: true},
		{what: "update", system: "git", args: []string{"refs/heads/a", "1", "2"}, env: env(), want: Notice{Hook: Update, Repository: "/srv/git/a.git", Args: []string{"refs/heads/a", "1", "2"}}},
		{what: "committed", system: "git", args: []string{"committed"}, env: env(), want: Notice{Hook: ReferenceTransaction, Repository: "/srv/git/a.git", Args: []string{"committed"}}},
		{what: "prepared", system: "git", args: []string{"prepared"}, env: env()},
		{what: "aborted", system: "git", args: []string{"aborted"}, env: env()},
		{what: "two arguments", system: "git", args: []string{"a", "b"}, env: env(), fails: "none of git's hooks"},
		{what: "post-commit", system: "svn", args: []string{"/srv/svn", "7", "6-1"}, env: env(), want: Notice{Hook: PostCommit, Repository: "/srv/svn", Args: []string{"7", "6-1"}}},
		{what: "revprop", system: "svn", args: []string{"/srv/svn", "7", "", "svn:log", "M"}, env: env(), want: Notice{Hook: PostRevpropChange, Repository: "/srv/svn", Args: []string{"7", "", "svn:log", "M"}}, input: true},
		{what: "svn alone", system: "svn", env: env(), fails: "REPOSITORY REVISION"},
		{what: "hg", system: "hg", env: env("HG_NODE", "abc", "HG_PENDING", "/x"), want: Notice{Hook: Mercurial, Repository: "/srv/git/a.git", Env: []string{"HG_NODE", "abc"}}},
		{what: "secrets stay", system: "git", env: env("GITEA_INTERNAL_TOKEN", "s3cret", "SSH_CONNECTION", "192.0.2.1", "GL_USERNAME", "nora"), want: Notice{Hook: PostReceive, Repository: "/srv/git/a.git", Env: []string{"GL_USERNAME", "nora"}}, input: true},
		{what: "push options", system: "git", env: env("GIT_PUSH_OPTION_COUNT", "2", "GIT_PUSH_OPTION_0", "ci.skip", "GIT_PUSH_OPTION_1", ""), want: Notice{Hook: PostReceive, Repository: "/srv/git/a.git", Env: []string{"GIT_PUSH_OPTION_0", "ci.skip", "GIT_PUSH_OPTION_1", ""}}, input: true},
	} {
		n, input, err := notice(c.system, c.args, c.env, "/srv/git/a.git")
		if c.fails != "" {
			if err == nil || !strings.Contains(err.Error(), c.fails) {
				t.Errorf("%s: error %v, want %q", c.what, err, c.fails)
			}
			continue
		}
		if err != nil || n.Hook != c.want.Hook || n.Repository != c.want.Repository || !slices.Equal(n.Args, c.want.Args) || !slices.Equal(n.Env, c.want.Env) || input != c.input {
			t.Errorf("%s: %+v, input %v, %v; want %+v", c.what, n, input, err, c.want)
		}
	}
}

func TestFlags(t *testing.T) {
	for _, c := range []struct{ args, dir, rest, fails string }{
		{"--spool /a", "/a", "", ""}, {"--spool=/a x y", "/a", "x y", ""}, {"x --spool /a", "/a", "x", ""},
		{"-- --spool /a", "", "--spool /a", ""}, {"--spool", "", "", "needs a directory"}, {"--spool=", "", "", "needs a directory"},
	} {
		dir, rest, err := flags(strings.Fields(c.args))
		if dir != c.dir || strings.Join(rest, " ") != c.rest || (err == nil) != (c.fails == "") {
			t.Errorf("%q: %q, %q, %v", c.args, dir, rest, err)
		}
	}
}

// TestHead reads the hand-written JSON with encoding/json.
func TestHead(t *testing.T) {
	odd := "é\"\\\x00\n\x7f\u2028<\xff"
	n := Notice{System: "git", Hook: PostReceive, Repository: "/srv/" + odd, Time: time.Unix(1, 5), Args: []string{odd, ""}, Env: []string{"A", odd, "B", strings.Repeat("x", 2*maxValue)}}
	raw := n.head(true)
	if bytes.Count(raw, []byte("\n")) != 1 || raw[len(raw)-1] != '\n' {
		t.Fatalf("not one line: %q", raw)
	}
	var got struct {
		Repository string
		Time       time.Time
		Args       []string
		Env        map[string]string
		Cut        bool
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatalf("%v: %q", err, raw)
	}
	want := surrogates(odd)
	if got.Repository != "/srv/"+want || got.Args[0] != want || got.Env["A"] != want || len(got.Env["B"]) != maxValue || !got.Cut || !got.Time.Equal(n.Time) {
		t.Errorf("read back: %+v", got)
	}
}

// surrogates is what encoding/json makes of the escapes of bytes that are not
// UTF-8; scmhook/spool reads them.
func surrogates(s string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteRune(r)
	}
	return b.String()
}

func TestBounded(t *testing.T) {
	for _, c := range []struct {
		s    string
		want int
	}{{"é", 2}, {strings.Repeat("x", maxValue+1), maxValue}, {"x" + strings.Repeat("é", maxValue), maxValue - 1}, {strings.Repeat("\x80", 2*maxValue), maxValue - utf8.UTFMax}} {
		if got := bounded(c.s); len(got) != c.want {
			t.Errorf("%d bytes become %d, want %d", len(c.s), len(got), c.want)
		}
	}
}

func FuzzQuote(f *testing.F) {
	f.Add("plain")
	f.Add("\xff\x00\"\\\u2028é")
	f.Fuzz(func(t *testing.T, s string) {
		var got string
		if err := json.Unmarshal(quote(nil, s), &got); err != nil || got != surrogates(s) {
			t.Errorf("%q becomes %q, %v", s, got, err)
		}
	})
}

func TestDirFromFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "scmhook.spool")
	if got := fromFile(file); got != DefaultDir {
		t.Errorf("no file: %q", got)
	}
	for text, want := range map[string]string{"/a/b\n": "/a/b", "/a b  \r\nmore": "/a b", "": DefaultDir, "relative\n": DefaultDir, "\n/a": DefaultDir} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := fromFile(file); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := Dir(env(DirVariable, "/over")); got != "/over" {
		t.Errorf("environment: %q", got)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("the pipe broke") }

type panics struct{}

func (panics) Read([]byte) (int, error) { panic("a bug") }

type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

// TestWriteLeavesNothingHalf looks into the spool after each trouble.
func TestWriteLeavesNothingHalf(t *testing.T) {
	dir := t.TempDir()
	if err := Write(dir, Notice{Time: time.Now()}, broken{}); err == nil || !strings.Contains(err.Error(), "the pipe broke") {
		t.Errorf("error: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	if err := Write(dir, Notice{System: "git", Time: time.Now()}, endless{}); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(dir + "/*" + Suffix)
	if err != nil || len(left) != 1 {
		t.Fatalf("left: %v, %v", left, err)
	}
	raw, err := os.ReadFile(left[0])
	if err != nil || !bytes.HasSuffix(raw, []byte(`"cut":true}`+"\n")) {
		t.Errorf("too much input becomes %.100q, %v", raw, err)
	}
	info, err := os.Stat(left[0])
	if err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("mode %v, %v; the daemon may be another user", info.Mode(), err)
	}
}

func TestRunSaysWhatIsWrong(t *testing.T) {
	var said bytes.Buffer
	Run([]string{"git", "--spool", t.TempDir() + "/none"}, strings.NewReader(""), &said)
	if !strings.Contains(said.String(), "no such file") || !strings.Contains(said.String(), "the push is fine") || strings.Count(said.String(), "\n") != 1 {
		t.Errorf("said: %q", said.String())
	}
	said.Reset()
	Run([]string{"git", "--spool", t.TempDir()}, panics{}, &said)
	if !strings.Contains(said.String(), "defect") {
		t.Errorf("said: %q", said.String())
	}
}

// TestTheWriterMayBeAScript: what hands over the lines need not bear a closed
// pipe, also where nothing can be written.
func TestTheWriterMayBeAScript(t *testing.T) {
	for _, dir := range []string{t.TempDir(), t.TempDir() + "/none"} {
		lines := strings.NewReader(strings.Repeat("x", MaxInput+1<<20))
		Run([]string{"git", "--spool", dir}, lines, io.Discard)
		if lines.Len() != 0 {
			t.Errorf("%d bytes are left unread", lines.Len())
		}
	}
}

// TestHookStartsFirst holds this package to what makes it quick: fmt, strings
// or encoding/json would make it wait for packages of the daemon.
func TestHookStartsFirst(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{join .Imports " "}}`, ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	may := []string{"errors", "io", "math/rand/v2", "os", "strconv", "syscall", "time", "unicode/utf8"}
	for _, imported := range strings.Fields(string(out)) {
		if !slices.Contains(may, imported) {
			t.Errorf("it imports %s: a hook would start later", imported)
		}
	}
}
