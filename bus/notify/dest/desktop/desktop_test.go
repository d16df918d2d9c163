package desktop

import (
	"bufio"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

// patience bounds each wait.
const patience = 2 * time.Minute

// A session is a real dbus-daemon with a program that shows notifications.
type session struct {
	t       *testing.T
	socket  string
	address string
	daemon  *exec.Cmd
	shower  *shower
}

func newSession(t *testing.T) *session {
	t.Helper()
	s := &session{t: t, socket: filepath.Join(t.TempDir(), "bus")}
	s.start()
	t.Cleanup(s.stop)
	return s
}

func (s *session) start() {
	s.t.Helper()
	s.daemon = exec.Command("dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address", "--address=unix:path="+s.socket)
	s.daemon.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := s.daemon.StdoutPipe()
	if err == nil {
		err = s.daemon.Start()
	}
	if err != nil {
		s.t.Fatalf("starting dbus-daemon (apt-get install dbus-daemon): %v", err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		s.t.Fatal(err)
	}
	s.address = strings.TrimSpace(line)
}

func (s *session) stop() {
	if err := s.daemon.Process.Kill(); err != nil {
		s.t.Error(err)
	}
	_ = s.daemon.Wait() // it says that it was killed
}

// A shower is a program that shows notifications, as desktops have one.
type shower struct {
	can   []string
	asked atomic.Int32 // how often it was to show something
	mu    sync.Mutex
	got   []string
}

func (s *shower) GetCapabilities() ([]string, *dbus.Error) { return s.can, nil }

func (s *shower) Notify(app string, replaces uint32, icon, title, body string, actions []string, hints map[string]dbus.Variant, expire int32) (uint32, *dbus.Error) {
	s.asked.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, title+"|"+body)
	if app != "bus" || replaces != 0 || icon != "" || len(actions) > 0 || hints["urgency"].Value() != byte(1) || expire != -1 {
		return 0, dbus.MakeFailedError(errors.New("not as it should be"))
	}
	return uint32(len(s.got)), nil
}

func (s *session) show(can ...string) *shower {
	s.t.Helper()
	conn, err := dbus.Connect(s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	one := &shower{can: can}
	if err := conn.Export(one, path, service); err != nil {
		s.t.Fatal(err)
	}
	if reply, err := conn.RequestName(service, dbus.NameFlagDoNotQueue); err != nil || reply != dbus.RequestNameReplyPrimaryOwner {
		s.t.Fatalf("%v, %v", reply, err)
	}
	return one
}

func (s *shower) sees(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		s.mu.Lock()
		got = slices.Clone(s.got)
		s.mu.Unlock()
		if slices.Equal(got, want) {
			return
		}
	}
	t.Fatalf("shown is %.2000q, want %.2000q", got, want)
}

func open(t *testing.T, address string) (*Notifier, func() []string) {
	t.Helper()
	var mu sync.Mutex
	var failures []string
	n, err := Open(address, func(err error) {
		mu.Lock()
		defer mu.Unlock()
		failures = append(failures, fmt.Sprint(err))
	})
	if err != nil {
		t.Fatal(err)
	}
	n.pace = 50 * time.Millisecond
	return n, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(failures)
	}
}

// TestShow: one message as it is; many that come at once together, none unsaid.
func TestShow(t *testing.T) {
	s := newSession(t)
	desk := s.show("body", "body-markup")
	n, failures := open(t, s.address)
	n.Show(Message{"<b>hello</b> & \x1b[2J", "https://example.org/?a&b"})
	desk.sees(t, "<b>hello</b> & \ufffd[2J|https://example.org/?a&amp;b")
	desk.mu.Lock() // the desktop is busy, and messages come
	n.Show(Message{Title: "while it is busy"})
	for end := time.Now().Add(patience); desk.asked.Load() < 2 && time.Now().Before(end); time.Sleep(time.Millisecond) { // until that one is being shown
	}
	for i := range waiting + 7 {
		n.Show(Message{Title: fmt.Sprint("<", i)})
	}
	desk.mu.Unlock()
	desk.sees(t, "<b>hello</b> & \ufffd[2J|https://example.org/?a&amp;b", "while it is busy|",
		fmt.Sprintf("%d messages|%d before these:\n&lt;248\n&lt;249\n&lt;250\n&lt;251\n&lt;252\n&lt;253\n&lt;254\n&lt;255", waiting+7, waiting-1))
	n.Show(Message{Title: "last"})
	if err := n.Close(); err != nil {
		t.Error(err)
	}
	if desk.mu.Lock(); desk.got[len(desk.got)-1] != "last|" {
		t.Errorf("the end forgets a message: %.500q", desk.got)
	}
	desk.mu.Unlock()
	if f := failures(); len(f) > 0 {
		t.Errorf("%q", f)
	}
}

// TestSessionGoes: it is said once, and goes on when the session is there again.
func TestSessionGoes(t *testing.T) {
	s := newSession(t)
	s.show("body")
	n, failures := open(t, s.address)
	defer n.Close()
	s.stop()
	n.Show(Message{Title: "nobody sees it"}) // alone: of two, one could be shown later with the next
	for end := time.Now().Add(patience); len(failures()) == 0 && time.Now().Before(end); time.Sleep(time.Millisecond) {
	}
	s.start()
	desk := s.show("body")
	n.Show(Message{Title: "here <again>", Link: "https://example.org/?a&b"})
	desk.sees(t, "here <again>|https://example.org/?a&b")
	for end := time.Now().Add(patience); len(failures()) < 2 && time.Now().Before(end); time.Sleep(time.Millisecond) {
	}
	if f := failures(); len(f) != 2 || f[0] == "<nil>" || f[1] != "<nil>" {
		t.Errorf("%q", f)
	}
}

// TestNobodyShows: it is said at the start, with what to do.
func TestNobodyShows(t *testing.T) {
	s := newSession(t)
	for address, want := range map[string]string{
		"": "graphical session", "tcp:host=127.0.0.1,port=1": "no socket", "unix:path=/nowhere/bus": "no such file", s.address: "does a program show them",
	} {
		n, err := Open(address, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v", address, n, err)
		}
	}
	for address, want := range map[string]string{"unix:abstract=/tmp/x%2cy,guid=1": "@/tmp/x,y", "unix:guid=1,path=/a": "/a", "unix:tmpdir=/tmp": "", "unix:path=%zz": "", "launchd:env=X": ""} {
		if got, _ := socketOf(address); got != want {
			t.Errorf("%q: %q", address, got)
		}
	}
}
