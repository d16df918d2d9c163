package contrib

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// elsewhere is a command that sees another folder as /etc.
func elsewhere(ctx context.Context, etc, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "sh", append([]string{"-c", `mount --bind "$0" /etc && exec "$@"`, etc, name}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	return cmd
}

// TestMachinesOwnConfiguration: no test reads /etc/busbar. On a machine where it
// would break every program, each program's scripts pass.
func TestMachinesOwnConfiguration(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can put another folder in the place of /etc")
	}
	etc := filepath.Join(t.TempDir(), "etc")
	if out, err := exec.Command("cp", "-a", "/etc", etc).CombinedOutput(); err != nil {
		t.Fatalf("copying /etc: %v\n%s", err, out)
	}
	must(t, os.RemoveAll(filepath.Join(etc, "busbar")))
	must(t, os.Mkdir(filepath.Join(etc, "busbar"), 0o755))
	for _, name := range []string{"bus.toml", "mail2bus.toml", "dbpoll.toml", "soapbus.toml", "scmhook.toml", "ca.crt", "ca.key", "revoked.crl"} {
		must(t, os.WriteFile(filepath.Join(etc, "busbar", name), []byte("[no file of a test\n"), 0o644))
	}
	must(t, os.WriteFile(filepath.Join(etc, "busbar", "scmhook.spool"), []byte("/nonexistent/spool\n"), 0o644))
	ctx, cancel := context.WithTimeout(context.Background(), long)
	defer cancel()
	if out, err := elsewhere(ctx, etc, "true").CombinedOutput(); err != nil {
		t.Skipf("nothing can be mounted here: %v: %s", err, out)
	}

	scripts := map[string]string{"mail2bus": "explain", "dbpoll": "group/listen", "soapbus": "failures", "scmhook": "failures", "bus": "program"}
	dir := t.TempDir()
	build := exec.CommandContext(ctx, "go", "test", "-c", "-o", dir+"/")
	for name := range scripts {
		build.Args = append(build.Args, "busbar/"+name)
	}
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the tests: %v\n%s", err, out)
	}
	for name, script := range scripts {
		if name != "bus" { // which is not built here
			cmd := elsewhere(ctx, etc, program(t, name), "check")
			cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
			if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "/etc/busbar/bus.toml") {
				t.Fatalf("%s does not mind what is in /etc/busbar: %v\n%s", name, err, out)
			}
		}
		cmd := elsewhere(ctx, etc, filepath.Join(dir, name+".test"), "-test.v", "-test.run", "^TestScripts$/^"+strings.ReplaceAll(script, "/", "$/^")+"$")
		cmd.Dir = filepath.Join("..", name)
		for _, variable := range os.Environ() {
			if !strings.HasPrefix(variable, "BUSBAR_") {
				cmd.Env = append(cmd.Env, variable)
			}
		}
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestScripts/"+script) {
			t.Errorf("%s: its script %s reads the machine's own configuration: %v\n%s", name, script, err, out)
		}
	}
}
