package hook

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestOtherUsers writes as somebody who may write into the spool and not read
// it, and who sets a narrow umask; the daemon must be able to read the file, and
// to take it away.
func TestOtherUsers(t *testing.T) {
	const nobody = 65534
	if dir := os.Getenv("OTHER_USERS_SPOOL"); dir != "" {
		syscall.Umask(0o077)
		if err := Write(dir, Notice{System: "git", Hook: PostReceive, Repository: "/srv/git/a b\n.git", Time: time.Now()}, strings.NewReader("lines\n")); err != nil {
			t.Fatal(err)
		}
		if _, err := os.ReadDir(dir); err == nil {
			t.Error("the spool can be read")
		}
		return
	}
	if os.Getuid() != 0 {
		t.Skip("only root can be others")
	}
	dir, err := os.MkdirTemp("", "spool-") // t.TempDir is root's alone
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o733|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "program")
	raw, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, raw, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-test.run", "^TestOtherUsers$")
	cmd.Dir, cmd.Env = "/", append(os.Environ(), "OTHER_USERS_SPOOL="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	files, err := filepath.Glob(dir + "/*" + Suffix)
	if err != nil || len(files) != 1 {
		t.Fatalf("in the spool: %v, %v", files, err)
	}
	info, err := os.Stat(files[0])
	if err != nil || info.Mode().Perm() != 0o644 || info.Sys().(*syscall.Stat_t).Uid != nobody {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if raw, err := os.ReadFile(files[0]); err != nil || !strings.Contains(string(raw), `"/srv/git/a b\u000a.git"`) {
		t.Errorf("%s, %v", raw, err)
	}
}
