package howto

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"busbar/common/journal"
	"busbar/common/programtest"
	"busbar/common/sign"
)

// A site is a log2bus with a log, keys and a journal.
type site struct {
	t                 *testing.T
	bin, dir, metrics string
	log, journal      string // files
	reader            *journal.Reader
}

func newSite(t *testing.T, bin string) *site {
	t.Helper()
	s := &site{t: t, bin: bin, dir: t.TempDir()}
	s.log, s.journal = filepath.Join(s.dir, "kettle.log"), filepath.Join(s.dir, "journal.db")
	authority, err := sign.CreateCA(s.dir, "Test CA", 1)
	if err != nil {
		t.Fatal(err)
	}
	certificate, key, err := authority.Issue("log2bus.example.org", 90)
	if err != nil {
		t.Fatal(err)
	}
	if s.metrics, err = programtest.FreeAddress(); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("[bus]\nname = \"log2bus\"\njournal = %q\nmetrics = %q\n[sign]\ncertificate = %q\nkey = %q\n[log]\nfile = %q\npoll = \"5ms\"\n",
		s.journal, s.metrics, certificate, key, s.log)
	if err := os.WriteFile(s.dir+"/log2bus.toml", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *site) command(args ...string) *exec.Cmd {
	cmd := exec.Command(s.bin+"/log2bus", append([]string{"--config", s.dir + "/log2bus.toml"}, args...)...)
	cmd.Env = append(os.Environ(), "BUSBAR_ETC=/nonexistent")
	return cmd
}

// says runs a command that exits with a code and prints what is wanted.
func (s *site) says(code int, want []string, args ...string) {
	s.t.Helper()
	cmd := s.command(args...)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		s.t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != code {
		s.t.Errorf("%v exits with %d, want %d: %s", args, got, code, out)
	}
	for _, w := range want {
		if !strings.Contains(string(out), w) {
			s.t.Errorf("%v says nothing of %q: %s", args, w, out)
		}
	}
}

// start starts the daemon; stop ends it as systemd does.
func (s *site) start() (daemon *exec.Cmd) {
	s.t.Helper()
	daemon = s.command("run")
	daemon.Stderr = s.t.Output()
	if err := daemon.Start(); err != nil {
		s.t.Fatal(err)
	}
	return daemon
}

func (s *site) stop(daemon *exec.Cmd) {
	s.t.Helper()
	if err := daemon.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	if err := daemon.Wait(); err != nil {
		s.t.Errorf("the daemon ends with: %v", err)
	}
}

// write appends to the log.
func (s *site) write(text string) error {
	f, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.WriteString(text); err != nil {
		return err
	}
	return f.Close()
}

// wait waits until something is so.
func (s *site) wait(what string, so func(context.Context) bool) {
	s.t.Helper()
	for end := time.Now().Add(programtest.Patience); !so(s.t.Context()); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("waited in vain: %s", what)
		}
	}
}
