package busbar

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	testName = regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Z][A-Za-z0-9_]*)`")
	link     = regexp.MustCompile(`\]\(([^):#]+)(?:#[^)]*)?\)`)
	goBlock  = regexp.MustCompile("(?s)```go\n(.*?)```")
	declared = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)\w+)\(`)
)

// pages are README.md and what is below docs/.
func pages(t *testing.T) map[string]string {
	t.Helper()
	text := map[string]string{}
	for _, root := range []string{"README.md", "contrib/README.md", "docs"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".md" {
				return err
			}
			b, err := os.ReadFile(path)
			text[path] = string(b)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return text
}

// TestDocsNameRealTests keeps the guarantees and what holds them together.
func TestDocsNameRealTests(t *testing.T) {
	real := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path)
		for _, m := range declared.FindAllStringSubmatch(string(b), -1) {
			real[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for page, text := range pages(t) {
		for _, m := range testName.FindAllStringSubmatch(text, -1) {
			named++
			if !real[m[1]] {
				t.Errorf("%s names the test %s, which does not exist: name the one that holds the promise now", page, m[1])
			}
		}
	}
	if named < 10 {
		t.Errorf("the pages name only %d tests; docs/guarantees.md must say what holds each promise", named)
	}
}

func TestDocsLinkToFiles(t *testing.T) {
	for page, text := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", page, m[1])
			}
		}
	}
}

// TestHowtoCompiles builds the adapter of the how-to, with its test, as if it
// stood in its folder.
func TestHowtoCompiles(t *testing.T) {
	blocks := goBlock.FindAllStringSubmatch(pages(t)["docs/howto/add-a-service.md"], -1)
	if len(blocks) != 2 {
		t.Fatalf("the how-to has %d blocks of Go, want the adapter and its test", len(blocks))
	}
	dir, err := filepath.Abs("adapters/kitchen")
	if err != nil {
		t.Fatal(err)
	}
	replace := map[string]string{}
	for i, name := range []string{"kitchen.go", "kitchen_test.go"} {
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, []byte(blocks[i][1]), 0o644); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("gofmt", "-l", file).CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("block %d of the how-to is not as gofmt writes it: %v %s", i+1, err, out)
		}
		replace[filepath.Join(dir, name)] = file
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "overlay.json")
	if err := os.WriteFile(file, overlay, 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "test", "-c", "-vet=off", "-overlay", file, "-o", filepath.Join(t.TempDir(), "kitchen.test"), "busbar/adapters/kitchen")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("building the how-to's adapter: %v\n%s", err, out)
	}
}
