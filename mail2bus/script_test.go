package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"busbar/common/programtest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"mail2bus": main})
}

// TestScripts runs the real program. Beside [programtest.Scripts]' commands there are:
//
//	hold, release           take the port $PORT, and free it
//	smalldisk DIR           mount a small disk, where [mount]
//	block NAME KIND FILE    put the blocks of a kind of docs/howto/NAME into a file
//	page NAME               put the sh blocks of docs/howto/NAME into page.sh
func TestScripts(t *testing.T) {
	programtest.Scripts{
		Program: "mail2bus", Ports: []string{"PORT", "METRICS"}, Condition: condition,
		Commands: map[string]programtest.Command{"hold": hold, "release": release, "smalldisk": smallDisk, "page": page, "block": block},
		Setup: func(env *testscript.Env) error {
			env.Values["holder"] = &holder{}
			return nil
		},
	}.Run(t)
}

type holder struct{ l net.Listener }

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

func hold(ts *testscript.TestScript, neg bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:"+ts.Getenv("PORT"))
	ts.Check(err)
	ts.Value("holder").(*holder).l = l
	ts.Defer(func() { l.Close() })
}

func release(ts *testscript.TestScript, neg bool, args []string) {
	ts.Check(ts.Value("holder").(*holder).l.Close())
}

func smallDisk(ts *testscript.TestScript, neg bool, args []string) {
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o700))
	ts.Check(syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=128k"))
	ts.Defer(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
}

func page(ts *testscript.TestScript, neg bool, args []string) {
	block(ts, neg, []string{args[0], "sh", "page.sh"})
}

func block(ts *testscript.TestScript, neg bool, args []string) {
	text, err := os.ReadFile(filepath.Join(docs, args[0]))
	ts.Check(err)
	var all strings.Builder
	for _, b := range regexp.MustCompile("(?s)\n```"+args[1]+"\n(.*?)```\n").FindAllStringSubmatch(string(text), -1) {
		all.WriteString(b[1])
	}
	if all.Len() == 0 {
		ts.Fatalf("%s has no blocks of %s", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(all.String()), 0o600))
}

// docs is from this folder, where tests begin.
const docs = "../docs/howto"

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
		got, _, errs := programtest.Run("mail2bus", run, strings.NewReader("a mail"), strings.Fields(c.args)...)
		if got != c.code || !strings.Contains(errs, c.says) {
			t.Errorf("%s: exit %d, says %q; want %d and %q", c.args, got, errs, c.code, c.says)
		}
	}
}

type panics struct{}

func (panics) Read([]byte) (int, error) { panic("a bug") }

func TestDeliverAnswers75AtAPanic(t *testing.T) {
	dir := t.TempDir()
	if got, _, errs := programtest.Run("mail2bus", run, panics{}, "deliver", "--spool", dir); got != 75 || !strings.Contains(errs, "a bug") {
		t.Errorf("exit %d: %s", got, errs)
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
	type end struct {
		code int
		errs string
	}
	ended := make(chan end, 1)
	go func() {
		code, _, errs := programtest.Run("mail2bus", run, strings.NewReader(""), "run", "--set", "sign.backend=none",
			"--set", "bus.journal="+dir+"/journal.db", "--set", "mail.maildir="+dir+"/mail")
		ended <- end{code, errs}
	}()
	want := map[string]int{"READY=1": 1, "STATUS=keeping messages": 2, "WATCHDOG=1": 2}
	if err := socket.SetReadDeadline(time.Now().Add(programtest.Patience)); err != nil {
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
		if got.code != 0 {
			t.Errorf("exit %d: %s", got.code, got.errs)
		}
	case <-time.After(programtest.Patience):
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
