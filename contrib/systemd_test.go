package contrib

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"busbar/common/config"
)

// units are the programs that run as daemons, each with its drop-ins.
var units = map[string][]string{
	"mail2bus": {"systemd/maildirs.conf", "systemd/network.conf"},
	"dbpoll":   {"systemd/database.conf", "systemd/network.conf"},
	"scmhook":  {"systemd/network.conf", "systemd/webhooks.conf"},
	"soapbus":  {"systemd/tracker.conf", "systemd/network.conf"},
	"bus-hub":  {"systemd/network.conf"},

	"bus-forward": {"systemd/network.conf"},
	"bus-notify":  {"systemd/network.conf"},
	"bus-badges":  {"systemd/network.conf"},
}

func unit(name string) string { return "systemd/" + name + ".service" }

// TestUnitIsHardened fails where a unit opens more than 1.0 of 10.
func TestUnitIsHardened(t *testing.T) {
	security := func(file string) (string, error) {
		// --threshold counts in tenths of what is printed.
		out, err := exec.Command("systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=10", file).CombinedOutput()
		return string(out), err
	}
	for name := range units {
		out, err := security(unit(name))
		if err != nil {
			t.Fatalf("systemd-analyze security: %v\n%s", err, out)
		}
		lines := strings.Split(strings.TrimSpace(out), "\n")
		t.Log(lines[len(lines)-1])
	}

	open := filepath.Join(t.TempDir(), "mail2bus.service")
	if err := os.WriteFile(open, []byte("[Service]\nExecStart=/bin/true\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := security(open); err == nil {
		t.Error("a unit without any hardening passes, too: the threshold does nothing")
	}
}

// TestUnitIsUnderstood lets systemd read the units with their drop-ins. It warns
// of unknown directives and bad values, and then exits 0.
func TestUnitIsUnderstood(t *testing.T) {
	for name, dropIns := range units {
		installed := read(t, unit(name))
		for _, dropIn := range dropIns {
			installed += "\n" + read(t, dropIn)
		}
		binary, _, _ := strings.Cut(name, "-")
		installed = strings.ReplaceAll(installed, "/usr/bin/"+binary, program(t, binary))
		if out := complaints(t, name, installed); out != "" {
			t.Errorf("systemd-analyze verify:\n%s", out)
		}
		if complaints(t, name, strings.Replace(installed, "RestrictRealtime=", "RestrictRealtim=", 1)) == "" {
			t.Error("systemd-analyze does not find a wrong directive")
		}
	}
}

// complaints is what systemd says of a unit's text.
func complaints(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name+".service")
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
		if strings.Contains(line, name+".service") {
			ours = append(ours, line)
		}
	}
	return strings.Join(ours, "")
}

// TestUnitSetsKnownKeys compares the variables in the unit with the keys that
// the program has.
func TestUnitSetsKnownKeys(t *testing.T) {
	all := struct {
		Bus  config.Bus  `toml:"bus"`
		Sign config.Sign `toml:"sign"`
		Hub  struct {
			Archive string `toml:"archive"`
		} `toml:"hub"`
		Forward struct {
			Position string `toml:"position"`
		} `toml:"forward"`
		Notify struct {
			Outbox string `toml:"outbox"`
		} `toml:"notify"`
		Badges struct {
			File    string `toml:"file"`
			Journal string `toml:"journal"`
		} `toml:"badges"`
	}{}
	known := map[string]bool{}
	for _, k := range config.Keys(&all) {
		known[k.Env()] = true
	}
	for name := range units {
		set := variable.FindAllString(read(t, unit(name)), -1)
		if len(set) == 0 {
			t.Fatalf("the unit of %s sets no variable; where does the daemon find what is its own?", name)
		}
		for _, v := range set {
			if !known[v] {
				t.Errorf("the unit of %s sets %s, and no key is called so", name, v)
			}
		}
	}
}
