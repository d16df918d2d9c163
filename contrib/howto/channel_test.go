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
	files, overlay := shown(t, "new-channel.md")
	lines := 0 // of the program, beside its channel and its table
	for name, text := range files {
		if filepath.Dir(name) == "log2bus" && filepath.Base(name) != "table.go" {
			lines += strings.Count(text, "\n")
		}
	}
	if lines == 0 || lines > 150 {
		t.Errorf("the program has %d lines beside its channel and its table, want at most 150", lines)
	}
	bin := t.TempDir()
	run(t, root, "go", "build", "-tags", "nodemo", "-overlay", overlay, "-o", bin+"/", "busbar/log2bus", "busbar/bus")
	run(t, root, "go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", bin+"/logfile.test", "busbar/log2bus/logfile")
	t.Run("conformance", func(t *testing.T) { t.Parallel(); run(t, t.TempDir(), bin+"/logfile.test") })
	t.Run("commands", func(t *testing.T) { t.Parallel(); commands(t, bin) })
	t.Run("kills", func(t *testing.T) { t.Parallel(); kills(t, bin) })
}

// TestSink compiles the sink of the how-to, and runs its test, the suite for sinks.
func TestSink(t *testing.T) {
	t.Parallel()
	_, overlay := shown(t, "new-sink.md")
	bin := t.TempDir()
	run(t, root, "go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", bin+"/table.test", "busbar/common/table")
	run(t, bin, bin+"/table.test")
}

// shown gives the Go of a page by the names of its files, and an overlay (see `go help
// build`) by which they stand in their folders.
func shown(t *testing.T, name string) (files map[string]string, overlay string) {
	t.Helper()
	page, err := os.ReadFile(root + "/docs/howto/" + name)
	if err != nil {
		t.Fatal(err)
	}
	blocks := file.FindAllStringSubmatch(string(page), -1)
	if n := strings.Count(string(page), "```go\n"); n == 0 || n != len(blocks) {
		t.Fatalf("%d blocks of Go in %s have the name of a file before them, want all %d", len(blocks), name, n)
	}
	house, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files, replace := map[string]string{}, map[string]string{}
	for _, b := range blocks {
		path := filepath.Join(dir, filepath.FromSlash(b[1]))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(b[2]), 0o644); err != nil {
			t.Fatal(err)
		}
		files[b[1]], replace[filepath.Join(house, b[1])] = b[2], path
	}
	if out := run(t, house, "gofmt", "-l", dir); out != "" {
		t.Errorf("the Go of %s is not as gofmt writes it: %s", name, out)
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	overlay = filepath.Join(t.TempDir(), "overlay.json")
	if err := os.WriteFile(overlay, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return files, overlay
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
