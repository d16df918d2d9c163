// Package howto holds no code: its tests compile what docs/howto shows, and run it.
package howto

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../.."

// A file of a page: its name, and its Go.
var file = regexp.MustCompile("(?s)`([a-z0-9_/]+\\.go)`:\n\n```go\n(.*?)```")

// TestChannel compiles the channel and the program of the how-to, as if they stood in
// their folders, and runs the channel's own test and the program.
func TestChannel(t *testing.T) {
	page, err := os.ReadFile(root + "/docs/howto/new-channel.md")
	if err != nil {
		t.Fatal(err)
	}
	files := file.FindAllStringSubmatch(string(page), -1)
	if n := strings.Count(string(page), "```go\n"); n != len(files) {
		t.Fatalf("%d blocks of Go have the name of a file before them, want all %d", len(files), n)
	}
	house, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	shown, bin := t.TempDir(), t.TempDir()
	replace := map[string]string{}
	lines := 0 // of the program, beside its channel and its table
	for _, f := range files {
		name, text := f[1], f[2]
		path := filepath.Join(shown, filepath.Dir(name), filepath.Base(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		replace[filepath.Join(house, name)] = path
		if filepath.Dir(name) == "log2bus" && filepath.Base(name) != "table.go" {
			lines += strings.Count(text, "\n")
		}
	}
	if lines == 0 || lines > 150 {
		t.Errorf("the program has %d lines beside its channel and its table, want at most 150", lines)
	}
	if out := run(t, house, "gofmt", "-l", shown); out != "" {
		t.Errorf("the how-to's Go is not as gofmt writes it: %s", out)
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	overlay := filepath.Join(bin, "overlay.json")
	if err := os.WriteFile(overlay, text, 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, house, "go", "build", "-tags", "nodemo", "-overlay", overlay, "-o", bin+"/", "busbar/log2bus", "busbar/bus")
	run(t, house, "go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", bin+"/logfile.test", "busbar/log2bus/logfile")
	t.Run("conformance", func(t *testing.T) { t.Parallel(); run(t, t.TempDir(), bin+"/logfile.test") })
	t.Run("commands", func(t *testing.T) { t.Parallel(); commands(t, bin) })
	t.Run("kills", func(t *testing.T) { t.Parallel(); kills(t, bin) })
}

// run runs a command in dir and returns what it printed.
func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "BUSBAR_ETC=/nonexistent")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("running %s %s: %v\n%.2000s", filepath.Base(name), strings.Join(args, " "), err, out)
	}
	return string(out)
}
