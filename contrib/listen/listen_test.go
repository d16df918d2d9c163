package listen

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// misses runs a program that follows, ends it, runs it again, kills it, and wants it to
// tell of all that was said meanwhile.
func (s *site) misses(name string, args ...string) {
	s.t.Helper()
	s.deliver(5)
	p := s.start(name, args...)
	p.tells(1, 5)
	p.end()
	s.deliver(1)
	p = s.start(name, args...)
	p.tells(6, 6)
	p.kill()
	s.deliver(20)
	p = s.start(name, args...)
	p.tells(7, 26)
	p.end()
}

// TestGo builds the program of the page as the page says.
func TestGo(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	unpack(t, "howto/listen-go.md", s.dir, "main.go")
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	_, commands, _ := strings.Cut(page(t, "howto/listen-go.md"), "```sh\n")
	build, run, found := strings.Cut(commands, "./listen tcp://127.0.0.1:9940\n```")
	if !found || strings.Contains(build, "```") || run == "" {
		t.Fatalf("the page's commands are %q", build)
	}
	cmd := exec.Command("sh", "-ec", strings.ReplaceAll(build, "~/busbar", "'"+root+"'"))
	cmd.Dir = s.dir
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if out, err := exec.Command("gofmt", "-l", s.path("main.go")).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("the page's Go is not as gofmt writes it: %v %s", err, out)
	}
	s.misses(s.path("listen"), s.endpoint)
}

// TestShell runs the scripts of the page.
func TestShell(t *testing.T) {
	t.Parallel()
	t.Run("tail", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		unpack(t, "howto/listen-shell.md", s.dir, "tail.sh", "follow.sh", "package.sh")
		s.misses("sh", "tail.sh")
	})
	t.Run("hub", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		unpack(t, "howto/listen-shell.md", s.dir, "tail.sh", "follow.sh", "package.sh")
		hub := s.serve()
		s.misses("sh", "follow.sh", "debbugs.bug")
		p := s.start("sh", "package.sh", "teapot")
		<-p.done
		p.told(1, s.sent)
		if lines := p.printed(); len(lines) > 0 && !regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\tNora Ortega reported`).MatchString(lines[0]) {
			t.Errorf("a line is %q", lines[0])
		}
		// A hub that goes away and comes back is asked again.
		last := s.start("sh", "follow.sh")
		hub.kill()
		s.deliver(3)
		s.serve()
		last.tells(s.sent-2, s.sent)
	})
}
