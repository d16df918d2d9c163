package contrib

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"busbar/common/daemon"
)

const unit = "systemd/mail2bus.service"

// TestUnitIsHardened fails where the unit opens more than 1.0 of 10.
func TestUnitIsHardened(t *testing.T) {
	security := func(file string) (string, error) {
		// --threshold counts in tenths of what is printed.
		out, err := exec.Command("systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=10", file).CombinedOutput()
		return string(out), err
	}
	out, err := security(unit)
	if err != nil {
		t.Fatalf("systemd-analyze security: %v\n%s", err, out)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	t.Log(lines[len(lines)-1])

	open := filepath.Join(t.TempDir(), "mail2bus.service")
	if err := os.WriteFile(open, []byte("[Service]\nExecStart=/bin/true\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := security(open); err == nil {
		t.Error("a unit without any hardening passes, too: the threshold does nothing")
	}
}

// TestUnitIsUnderstood lets systemd read the unit with its drop-ins. It warns of
// unknown directives and bad values, and then exits 0.
func TestUnitIsUnderstood(t *testing.T) {
	dir := t.TempDir()
	installed := strings.ReplaceAll(read(t, unit), "/usr/bin/mail2bus", program(t))
	for _, dropIn := range []string{"systemd/maildirs.conf", "systemd/network.conf"} {
		installed += "\n" + read(t, dropIn)
	}
	verify := func(text string) string {
		file := filepath.Join(dir, "mail2bus.service")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("systemd-analyze", "verify", "--man=no", file).CombinedOutput()
		if err != nil {
			return string(out) + err.Error()
		}
		// What it says of other units of this machine is not ours to mend.
		var ours []string
		for line := range strings.Lines(string(out)) {
			if strings.Contains(line, "mail2bus.service") {
				ours = append(ours, line)
			}
		}
		return strings.Join(ours, "")
	}
	if out := verify(installed); out != "" {
		t.Errorf("systemd-analyze verify:\n%s", out)
	}
	if verify(strings.Replace(installed, "RestrictRealtime=", "RestrictRealtim=", 1)) == "" {
		t.Error("systemd-analyze does not find a wrong directive")
	}
}

// TestUnitSetsKnownKeys compares the variables in the unit with the keys that
// the program has.
func TestUnitSetsKnownKeys(t *testing.T) {
	config := struct {
		Bus  daemon.BusConfig  `toml:"bus"`
		Sign daemon.SignConfig `toml:"sign"`
	}{}
	known := map[string]bool{}
	for _, k := range daemon.Keys(&config) {
		known[k.Env()] = true
	}
	set := variable.FindAllString(read(t, unit), -1)
	if len(set) == 0 {
		t.Fatal("the unit sets no variable; where does the daemon find its credential?")
	}
	for _, v := range set {
		if !known[v] {
			t.Errorf("the unit sets %s, and no key is called so", v)
		}
	}
}
