package contrib

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestThePipeAnswers75 runs mail2bus-pipe where mail2bus cannot begin: whatever
// keeps it from that, the mail system hears 75.
func TestThePipeAnswers75(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{dir, filepath.Dir(dir)} { // nobody shall reach it
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	spool := filepath.Join(dir, "spool")
	if err := os.Mkdir(spool, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(spool, 0o777); err != nil {
		t.Fatal(err)
	}
	script := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	text := read(t, "mta/mail2bus-pipe")
	pipe := script("pipe", here(t, text, spool))
	killed := script("killed", strings.ReplaceAll(text, "/usr/bin/mail2bus", script("suicide", "#!/bin/sh\nkill -9 $$\n")))
	missing := script("missing", strings.ReplaceAll(text, "/usr/bin/mail2bus", filepath.Join(dir, "nothing")))
	nobody := &syscall.SysProcAttr{}
	if os.Geteuid() == 0 { // the number of root's processes is not bounded
		nobody.Credential = &syscall.Credential{Uid: 4243, Gid: 4243}
	}
	for _, c := range []struct {
		name, command, input string
		want                 int
		as                   *syscall.SysProcAttr
	}{
		{"as it should be", pipe, mail, 0, nil},
		{"little memory", "ulimit -v 500000; " + pipe, mail, 75, nil},
		{"no process", "ulimit -u 1; exec " + pipe, mail, 75, nobody},
		{"two processes", "ulimit -u 2; exec " + pipe, mail, 75, nobody},
		{"a small file", "ulimit -f 0; " + pipe, mail, 75, nil},
		{"killed", killed, mail, 75, nil},
		{"not installed", missing, mail, 75, nil},
		{"a wrong flag", pipe + " --spol x", mail, 75, nil},
		{"help", pipe + " --help", mail, 75, nil},
		{"no input", pipe + " <&-", "", 75, nil},
		{"empty input", pipe, "", 75, nil},
	} {
		cmd := exec.Command("bash", "-c", c.command) // sh has no ulimit -u
		cmd.Stdin = strings.NewReader(c.input)
		cmd.SysProcAttr = c.as
		out, err := cmd.CombinedOutput()
		if cmd.ProcessState == nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := cmd.ProcessState.ExitCode(); got != c.want {
			t.Errorf("%s: exit %d, want %d: %.300s", c.name, got, c.want, out)
		}
	}
	wantSpooled(t, spool, 1)
}

// Nobody calls mail2bus past the script.
func TestSamplesCallThePipe(t *testing.T) {
	files, err := filepath.Glob("mta/*")
	if err != nil {
		t.Fatal(err)
	}
	called := 0
	for _, file := range files {
		text := read(t, file)
		if filepath.Base(file) != "mail2bus-pipe" && strings.Contains(text, "mail2bus deliver --") {
			t.Errorf("%s calls mail2bus deliver itself", file)
		}
		called += strings.Count(text, "/usr/lib/busbar/mail2bus-pipe")
	}
	if called < 6 {
		t.Error(fmt.Sprintf("only %d calls of the script were found", called))
	}
}
