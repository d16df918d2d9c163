package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"busbar/common/daemon"
	"busbar/common/sign"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"mail2bus": main})
}

// TestScripts runs the real program. Beside testscript's own commands there are:
//
//	keys                    make keys in keys/
//	poll TEXT COMMAND...    run a command until it says TEXT
//	hold, release           take the port $PORT, and free it
//	code N COMMAND...       run a command, which must exit with N
//	term                    end what runs in the background as systemd does
//	smalldisk DIR           mount a small disk, where [mount]
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup:               setup,
		Condition:           condition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"keys": keys, "poll": poll, "hold": hold, "release": release, "code": code, "term": term, "smalldisk": smallDisk,
		},
	})
}

const patience = 3 * time.Minute // only a failure waits so long

type holder struct{ l net.Listener }

func setup(env *testscript.Env) error {
	env.Setenv("BUSBAR_ETC", env.WorkDir+"/etc")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return err
	}
	env.Setenv("PORT", port)
	env.Values["holder"] = &holder{}
	return l.Close()
}

// condition knows [mount]: small disks can be mounted here.
func condition(cond string) (bool, error) {
	if cond != "mount" {
		return false, fmt.Errorf("unknown condition %q", cond)
	}
	dir, err := os.MkdirTemp("", "mail2bus-test-")
	if err != nil {
		return false, err
	}
	defer os.Remove(dir)
	if syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=4k") != nil {
		return false, nil
	}
	return true, syscall.Unmount(dir, 0)
}

func keys(ts *testscript.TestScript, neg bool, args []string) {
	ca, err := sign.CreateCA(ts.MkAbs("keys"), "Test CA", 1)
	ts.Check(err)
	_, _, err = ca.Issue("mail2bus.example.org", 90)
	ts.Check(err)
}

// poll runs a command again and again until its output holds a text.
func poll(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: poll TEXT COMMAND...")
	}
	var last string
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		err := ts.Exec(args[1], args[2:]...)
		last = ts.ReadFile("stdout") + ts.ReadFile("stderr")
		if err == nil && strings.Contains(last, args[0]) {
			return
		}
	}
	ts.Fatalf("%q never said %q; at last: %s", args[1:], args[0], last)
}

func hold(ts *testscript.TestScript, neg bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:"+ts.Getenv("PORT"))
	ts.Check(err)
	ts.Value("holder").(*holder).l = l
	ts.Defer(func() { l.Close() })
}

func release(ts *testscript.TestScript, neg bool, args []string) {
	ts.Check(ts.Value("holder").(*holder).l.Close())
}

func code(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	var exit interface{ ExitCode() int }
	got := 0
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%q: %v", args[1:], err)
	}
	if got != want {
		ts.Fatalf("%q exits with %d, want %d", args[1:], got, want)
	}
}

func term(ts *testscript.TestScript, neg bool, args []string) {
	for _, cmd := range ts.BackgroundCmds() {
		ts.Check(cmd.Process.Signal(syscall.SIGTERM))
	}
}

func smallDisk(ts *testscript.TestScript, neg bool, args []string) {
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o700))
	ts.Check(syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=128k"))
	ts.Defer(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
}

// TestDeliverAlwaysAnswers75 is for what a mail system's administrator mistypes.
func TestDeliverAlwaysAnswers75(t *testing.T) {
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken.toml")
	if err := os.WriteFile(broken, []byte("[mail\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	spool := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	fine := filepath.Join(dir, "fine.toml")
	if err := os.WriteFile(fine, []byte("[mail]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"deliver --spool " + spool, 0, ""},
		{"deliver --spool " + dir, 75, "it is no Maildir"},
		{"deliver --help", 75, "this delivers nothing"},
		{"deliver --spool " + dir + "/none", 75, "no such file"},
		{"deliver --spool " + file, 75, "not a directory"},
		{"deliver --spool /proc", 75, "the spool"},
		{"deliver --config " + fine, 75, "there is no spool"},
		{"deliver --config " + broken, 75, "line 2"},
		{"--config " + broken + " deliver", 75, "line 2"},
		{"--config deliver deliver", 75, "no such file"},
		{"--debug deliver --config " + dir + "/none", 75, "no such file"},
		{"deliver --spool " + dir + " --verbose", 75, "unknown flag"},
		{"deliver --spool", 75, "--spool"},
		{"deliver extra", 75, "extra"},
		{"--set x deliver", 75, "KEY=VALUE"},
		{"deliver --set mail.spol=" + dir, 75, `did you mean "mail.spool"`},
		{"--config " + broken + " check", 78, "line 2"},
		{"run --verbose", 64, "unknown flag"},
	} {
		var out, errs bytes.Buffer
		p := &daemon.Program{Name: "mail2bus", Stdin: strings.NewReader("a mail"), Stdout: &out, Stderr: &errs, Getenv: nothingSet}
		if got := run(p, strings.Fields(c.args)); got != c.code || !strings.Contains(errs.String(), c.says) {
			t.Errorf("%s: exit %d, says %q; want %d and %q", c.args, got, errs.String(), c.code, c.says)
		}
	}
}

type panics struct{}

func (panics) Read([]byte) (int, error) { panic("a bug") }

func TestDeliverAnswers75AtAPanic(t *testing.T) {
	var errs bytes.Buffer
	p := &daemon.Program{Name: "mail2bus", Stdin: panics{}, Stdout: &errs, Stderr: &errs, Getenv: nothingSet}
	dir := t.TempDir()
	if got := run(p, []string{"deliver", "--spool", dir}); got != 75 || !strings.Contains(errs.String(), "a bug") {
		t.Errorf("exit %d: %s", got, errs.String())
	}
	if left, err := filepath.Glob(dir + "/new/*"); len(left) != 0 || err != nil {
		t.Errorf("left in new/: %v, %v", left, err)
	}
}

// TestNotifiesSystemd listens as systemd does.
func TestNotifiesSystemd(t *testing.T) {
	dir := t.TempDir()
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: dir + "/notify", Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	t.Setenv("NOTIFY_SOCKET", dir+"/notify")
	t.Setenv("WATCHDOG_USEC", "200000")
	t.Setenv("WATCHDOG_PID", fmt.Sprint(os.Getpid()))
	if err := os.MkdirAll(dir+"/mail/new", 0o700); err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	p := &daemon.Program{Name: "mail2bus", Stdin: strings.NewReader(""), Stdout: &errs, Stderr: &errs, Getenv: nothingSet}
	ended := make(chan int, 1)
	go func() {
		ended <- run(p, []string{"run", "--set", "sign.backend=none", "--set", "bus.journal=" + dir + "/journal.db", "--set", "mail.maildir=" + dir + "/mail"})
	}()
	want := map[string]int{"READY=1": 1, "STATUS=keeping messages": 2, "WATCHDOG=1": 2}
	if err := socket.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4096)
	for len(want) > 0 {
		n, err := socket.Read(buf)
		if err != nil {
			t.Fatalf("still waiting for %v: %v", want, err)
		}
		for text, left := range want {
			if strings.HasPrefix(string(buf[:n]), text) {
				if want[text] = left - 1; left == 1 {
					delete(want, text)
				}
			}
		}
	}
	// The daemon waits for the signal, so it does not end the test.
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case got := <-ended:
		if got != 0 {
			t.Errorf("exit %d: %s", got, errs.String())
		}
	case <-time.After(patience):
		t.Fatal("it did not end at SIGTERM")
	}
	for {
		n, err := socket.Read(buf)
		if err != nil {
			t.Fatalf("it never said STOPPING=1: %v", err)
		}
		if string(buf[:n]) == "STOPPING=1" {
			return
		}
	}
}

// nothingSet is an environment without variables, and no configuration of the
// machine's own.
func nothingSet(name string) string {
	if name == daemon.EtcVariable {
		return "/nonexistent"
	}
	return ""
}
