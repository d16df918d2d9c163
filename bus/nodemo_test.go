package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestNoDemo builds bus as for packages: nothing of fixtures or tests is linked,
// and the demo says so.
func TestNoDemo(t *testing.T) {
	whole, lean := links(t, ""), links(t, "nodemo")
	onlyDemo := []string{"busbar/bus/demo", "busbar/fixtures", "busbar/fixtures/bugtracker", "busbar/fixtures/buildqueue", "busbar/fixtures/cluster"}
	for _, name := range onlyDemo {
		if !slices.Contains(whole, name) {
			t.Errorf("the demo does not link %s: this test is out of date", name)
		}
	}
	for _, name := range lean {
		if strings.HasPrefix(name, "busbar/fixtures") || strings.HasSuffix(name, "test") && strings.HasPrefix(name, "busbar/") || slices.Contains(append(onlyDemo, "testing"), name) {
			t.Errorf("without the demo, bus links %s", name)
		}
	}
	if len(lean) < 100 {
		t.Errorf("without the demo, bus links %d packages alone", len(lean))
	}
	bus := filepath.Join(t.TempDir(), "bus")
	build := exec.Command("go", "build", "-tags", "nodemo", "-o", bus, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as other tests build it: what it links is compiled once
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building bus: %v: %s", err, out)
	}
	for _, args := range [][]string{{"demo"}, {"demo", "--pace", "1ms", "--keep"}} {
		out, err := exec.Command(bus, args...).CombinedOutput()
		if want := "bus: this build has no demo (run it from the source: go run ./bus demo)\n"; err == nil || string(out) != want {
			t.Errorf("bus %v says %q, %v", args, out, err)
		}
	}
	if out, err := exec.Command(bus, "--help").CombinedOutput(); err != nil || strings.Contains(string(out), "demo") {
		t.Errorf("bus --help says %s, %v", out, err)
	}
}

// links lists the packages that bus links, when it is built with these tags.
func links(t *testing.T, tags string) []string {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", "-tags", tags, ".").Output()
	if err != nil {
		t.Fatalf("listing what bus links: %v", err)
	}
	return strings.Fields(string(out))
}
