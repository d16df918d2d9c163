package listen

import (
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"busbar/common/config"
	"busbar/common/programtest"
	"busbar/common/sign"
	"busbar/fixtures"
)

// A site is a mail2bus with a Maildir, and a hub, in a folder with the authority's
// ca.crt and crl.pem.
type site struct {
	t        *testing.T
	dir      string
	endpoint string // of mail2bus
	hub      string // its URL
	sent     int    // mails
	report   []byte
}

// firstBug is the bug of the first mail; those that follow have the next numbers.
const firstBug = 812001

var number = regexp.MustCompile(`#(8\d{5})\b`)

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, dir: t.TempDir()}
	ca, err := sign.CreateCA(s.dir, "Test CA", 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ca.CRL(7); err != nil {
		t.Fatal(err)
	}
	certificate, key, err := ca.Issue("mail2bus-test.example.org", 7)
	if err != nil {
		t.Fatal(err)
	}
	if s.report, err = fs.ReadFile(fixtures.Mails, "debbugs/report.mail"); err != nil {
		t.Fatal(err)
	}
	for _, sub := range []string{"new", "cur", "tmp"} {
		if err := os.MkdirAll(s.path("mails", sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s.endpoint, s.hub = "tcp://"+free(t), "http://"+free(t)
	s.write("mail2bus.toml", fmt.Sprintf("[bus]\npublish = [%q]\njournal = %q\nheartbeat = \"1s\"\n[sign]\ncertificate = %q\nkey = %q\n[mail]\nmaildir = [%q]\n",
		s.endpoint, s.path("journal.db"), certificate, key, s.path("mails")))
	s.write("bus.toml", fmt.Sprintf("[bus]\nsubscribe = [%q]\n[sign]\nca = %q\ncrl = %q\n[hub]\nlisten = %q\narchive = %q\n",
		s.endpoint, s.path("ca.crt"), s.path("crl.pem"), strings.TrimPrefix(s.hub, "http://"), s.path("archive.db")))
	s.start(s.program("mail2bus"), "--config", s.path("mail2bus.toml"), "run")
	return s
}

func free(t *testing.T) string {
	t.Helper()
	address, err := programtest.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func (s *site) path(parts ...string) string {
	return filepath.Join(s.dir, filepath.Join(parts...))
}

func (s *site) write(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(s.path(name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) program(name string) string {
	s.t.Helper()
	dir, err := built()
	if err != nil {
		s.t.Fatalf("building the programs: %v", err)
	}
	return filepath.Join(dir, name)
}

// deliver puts n mails into the Maildir, each the report of a bug.
func (s *site) deliver(n int) {
	s.t.Helper()
	for range n {
		raw := bytes.ReplaceAll(s.report, []byte("812001"), []byte(strconv.Itoa(firstBug+s.sent)))
		raw = bytes.ReplaceAll(raw, []byte("drip.1@"), fmt.Appendf(nil, "drip.%d@", s.sent+1))
		s.sent++
		name := fmt.Sprintf("%06d", s.sent)
		s.write("mails/tmp/"+name, string(raw))
		if err := os.Rename(s.path("mails/tmp", name), s.path("mails/new", name)); err != nil {
			s.t.Fatal(err)
		}
	}
}

// serve starts the hub, and waits until it listens.
func (s *site) serve() *process {
	s.t.Helper()
	for end := time.Now().Add(programtest.Patience); ; {
		hub := s.start(s.program("bus"), "hub", "--config", s.path("bus.toml"))
		for !hub.over() {
			if c, err := net.Dial("tcp", strings.TrimPrefix(s.hub, "http://")); err == nil {
				c.Close()
				return hub
			}
			if time.Now().After(end) {
				s.t.Fatal("the hub does not listen")
			}
			time.Sleep(10 * time.Millisecond) // the condition is a port
		}
		if time.Now().After(end) { // another program may have had its port for a moment
			s.t.Fatal("the hub ends")
		}
	}
}

// A process runs beside the test, with all that it starts; what it prints is kept.
type process struct {
	t   *testing.T
	cmd *exec.Cmd

	mu    sync.Mutex
	lines []string
	done  chan struct{} // it has ended, and all that it started
	ended sync.Once
}

// start starts a program in the site's folder, with what tells it of publisher and hub.
func (s *site) start(name string, args ...string) *process {
	s.t.Helper()
	p := &process{t: s.t, cmd: exec.Command(name, args...), done: make(chan struct{})}
	p.cmd.Dir = s.dir
	p.cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "PYTHONUNBUFFERED=") }),
		"PATH="+filepath.Dir(s.program("bus"))+":"+os.Getenv("PATH"), config.EtcVariable+"="+s.dir, "HUB="+s.hub)
	p.cmd.Stderr = s.t.Output()
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() {
		defer close(p.done)
		defer p.cmd.Wait() // how it ended, its output shows
		for lines := bufio.NewScanner(out); lines.Scan(); {
			p.mu.Lock()
			p.lines = append(p.lines, lines.Text())
			p.mu.Unlock()
		}
	}()
	s.t.Cleanup(p.kill)
	return p
}

// kill kills it and all that it started, at once.
func (p *process) kill() {
	p.ended.Do(func() {
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // it may have ended by itself
		<-p.done
	})
}

// end ends it as a person does, and waits for that.
func (p *process) end() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGTERM) // if it lives
	select {
	case <-p.done:
	case <-time.After(programtest.Patience):
		p.t.Errorf("it does not end; it printed %q", p.printed())
	}
	p.kill()
}

// over says whether it has ended.
func (p *process) over() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// printed is what it printed until now.
func (p *process) printed() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.lines)
}

// bugs are the numbers of the mails that lines tell of, from 1, in order.
func bugs(lines []string) (list []int) {
	for _, line := range lines {
		if m := number.FindStringSubmatch(line); m != nil {
			n, _ := strconv.Atoi(m[1]) // it is digits
			list = append(list, n-firstBug+1)
		}
	}
	return list
}

// tells waits until the process has told of the last mail, and all from one mail on,
// in order and each once.
func (p *process) tells(from, to int) {
	p.t.Helper()
	end := time.Now().Add(programtest.Patience)
	for got := bugs(p.printed()); len(got) == 0 || got[len(got)-1] != to; got = bugs(p.printed()) {
		if p.over() || time.Now().After(end) {
			p.t.Fatalf("it told of %v, and never of %d; it printed %q", got, to, p.printed())
		}
		time.Sleep(10 * time.Millisecond) // the condition is what it prints
	}
	p.told(from, to)
}

// told holds what it told against what it should have. It may begin with the one that
// it printed, and could not remember that it did, when it ended.
func (p *process) told(from, to int) {
	p.t.Helper()
	got := bugs(p.printed())
	if len(got) > 0 && got[0] == from-1 {
		from--
	}
	var want []int
	for n := from; n <= to; n++ {
		want = append(want, n)
	}
	if !slices.Equal(got, want) {
		p.t.Errorf("it told of %v, want %d to %d; it printed %q", got, from, to, p.printed())
	}
}
