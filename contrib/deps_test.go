package contrib

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// fakes are the programs that deps.sh calls, on a machine without databases.
// Each call is a line in $LOG.
var fakes = map[string]string{
	"dpkg-query": `case "$*" in *-debversion) exit 1 ;; esac; echo installed`,
	"apt-cache":  `[ "$2" = postgresql-99-debversion ]`,
	"id":         `echo 0`,
	"systemctl":  `echo "systemctl $*" >>"$LOG"`,
	"apt-get": `echo "apt-get $* [policy $("$DEPS_POLICY" >/dev/null 2>&1; echo $?)]" >>"$LOG"
[ -z "${FAIL:-}" ] || exit 1
case "$*" in *" postgresql"*) mkdir -p "$DEPS_ROOT/usr/lib/postgresql/99/bin" && touch "$DEPS_ROOT/usr/lib/postgresql/99/bin/postgres" ;; esac`,
}

// TestDepsStartNoServers runs deps.sh where no server is installed.
func TestDepsStartNoServers(t *testing.T) {
	dir := t.TempDir()
	for name, body := range fakes {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// Nothing of this machine but what the script itself is made of.
	for _, name := range []string{"bash", "sh", "go", "env", "cat", "tee", "chmod", "rm", "sort", "tail", "mkdir", "touch", "echo", "true"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	policy, log := filepath.Join(dir, "policy-rc.d"), filepath.Join(dir, "log")
	run := func(extra ...string) (string, error) {
		os.Remove(log)
		cmd := exec.Command("bash", "dev/deps.sh")
		cmd.Env = append(os.Environ(), "PATH="+dir, "LOG="+log, "DEPS_POLICY="+policy, "DEPS_ROOT="+filepath.Join(dir, "root"))
		cmd.Env = append(cmd.Env, extra...)
		out, err := cmd.CombinedOutput()
		calls, _ := os.ReadFile(log)
		return string(out) + string(calls), err
	}
	out, err := run("FAIL=1")
	if err == nil {
		t.Errorf("apt-get fails, and deps.sh does not:\n%s", out)
	}
	if _, err := os.Stat(policy); err == nil {
		t.Fatal("the policy stays after a failure: no service could ever be started")
	}
	out, err = run()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"postgresql mariadb-server", "postgresql-99-debversion", "systemctl --quiet disable postgresql\n", "systemctl --quiet disable mariadb\n", "mariadb-server nats-server", "systemctl --quiet disable nats-server\n", "nats-server ngircd", "systemctl --quiet disable ngircd\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "apt-get install") && !strings.Contains(line, "[policy 101]") {
			t.Errorf("services may start: %s", line)
		}
	}
	if _, err := os.Stat(policy); err == nil {
		t.Error("the policy stays")
	}
	// A policy that is there belongs to the machine.
	if err := os.RemoveAll(filepath.Join(dir, "root")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(policy, []byte("#!/bin/sh\nexit 104\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err = run(); err != nil || !strings.Contains(out, "[policy 104]") {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := os.Stat(policy); err != nil {
		t.Error("the machine's own policy is gone")
	}
}
