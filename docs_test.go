package busbar

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
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

// realTests are the tests that exist, each with the folders that have one of the name.
func realTests(t *testing.T) map[string][]string {
	t.Helper()
	real := map[string][]string{}
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path)
		for _, m := range declared.FindAllStringSubmatch(string(b), -1) {
			real[m[1]] = append(real[m[1]], "/"+filepath.ToSlash(filepath.Dir(path))+"/")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return real
}

// TestDocsNameRealTests keeps the guarantees and what holds them together.
func TestDocsNameRealTests(t *testing.T) {
	real := realTests(t)
	named := 0
	for page, text := range pages(t) {
		for _, m := range testName.FindAllStringSubmatch(text, -1) {
			named++
			if real[m[1]] == nil {
				t.Errorf("%s names the test %s, which does not exist: name the one that holds the promise now", page, m[1])
			}
		}
	}
	if named < 10 {
		t.Errorf("the pages name only %d tests; docs/guarantees.md must say what holds each promise", named)
	}
}

var (
	heading = regexp.MustCompile(`(?m)^## `)
	heldBy  = regexp.MustCompile(`(?s)\nHeld by: (.*?)\.\n`)
	remark  = regexp.MustCompile(`\([^()]*\)`)
)

// TestEveryGuaranteeIsHeld: each section of promises names the tests that hold it, by
// groups of a folder: `TestA` (what it shows), `TestB` (folder); `TestC` (other, third).
func TestEveryGuaranteeIsHeld(t *testing.T) {
	real := realTests(t)
	sections := heading.Split(pages(t)["docs/guarantees.md"], -1)[1:]
	for _, section := range sections {
		title, text, _ := strings.Cut(section, "\n")
		lists := heldBy.FindAllStringSubmatch(text, -1)
		if (title == "What is not promised yet") != (len(lists) == 0) {
			t.Errorf("%q has %d lists of tests that hold it", title, len(lists))
		}
		for _, list := range lists {
			for _, complaint := range unheld(real, list[1]) {
				t.Errorf("%q: %s", title, complaint)
			}
		}
	}
	if got := unheld(map[string][]string{"TestA": {"/common/wire/"}}, "`TestA` (it; or that) (wire); `TestA` (bus); `TestA`"); len(got) != 2 {
		t.Errorf("of a list with two faults is said: %q", got)
	}
}

// unheld says which tests of a list do not stand where the list says.
func unheld(real map[string][]string, list string) (bad []string) {
	inside := 0
	groups := strings.FieldsFunc(list, func(r rune) bool {
		inside += map[rune]int{'(': 1, ')': -1}[r]
		return r == ';' && inside == 0
	})
	for _, group := range groups {
		tests := testName.FindAllStringSubmatch(group, -1)
		remarks := remark.FindAllString(group, -1)
		if len(tests) == 0 || len(remarks) == 0 {
			bad = append(bad, fmt.Sprintf("%q names no test, or not the folder of its tests", group))
			continue
		}
		folders := strings.Split(strings.Trim(remarks[len(remarks)-1], "()"), ", ")
		for _, test := range tests {
			if !slices.ContainsFunc(real[test[1]], func(dir string) bool {
				return slices.ContainsFunc(folders, func(f string) bool { return strings.Contains(dir, "/"+f+"/") })
			}) {
				bad = append(bad, fmt.Sprintf("%s is not in %s, but in %s", test[1], folders, real[test[1]]))
			}
		}
	}
	return bad
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

// TestEveryPageIsInTheIndex: docs/index.md leads to each page.
func TestEveryPageIsInTheIndex(t *testing.T) {
	all := pages(t)
	linked := map[string]bool{"docs/index.md": true}
	for _, m := range link.FindAllStringSubmatch(all["docs/index.md"], -1) {
		linked[filepath.Join("docs", m[1])] = true
	}
	for page := range all {
		if strings.HasPrefix(page, "docs"+string(filepath.Separator)) && !linked[page] {
			t.Errorf("docs/index.md does not lead to %s", page)
		}
	}
}

// howtoMail is a mail as the how-to's kitchen would write it.
const howtoMail = "From: Jane Doe <jane@example.org>\nX-Kitchen: 1\nMessage-ID: <soup.1@example.org>\n" +
	"Date: Mon, 06 Jul 2026 10:00:00 +0000\nSubject: Soup is ready\n\nCome and get it.\n"

// TestHowtoWorks builds the adapter of the how-to, with its test, as if it stood
// in its folder, and runs the test as the how-to says.
func TestHowtoWorks(t *testing.T) {
	blocks := goBlock.FindAllStringSubmatch(pages(t)["docs/howto/add-a-service.md"], -1)
	if len(blocks) != 2 {
		t.Fatalf("the how-to has %d blocks of Go, want the adapter and its test", len(blocks))
	}
	house := t.TempDir()
	adapter, fixtures := filepath.Join(house, "adapters", "kitchen"), filepath.Join(house, "fixtures", "kitchen")
	for _, dir := range []string{adapter, fixtures} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	replace := map[string]string{}
	for i, name := range []string{"kitchen.go", "kitchen_test.go"} {
		file := filepath.Join(adapter, name)
		write(t, file, blocks[i][1])
		replace[filepath.Join(here, "adapters", "kitchen", name)] = file
	}
	if out := run(t, here, "gofmt", "-l", adapter); out != "" {
		t.Errorf("the how-to's Go is not as gofmt writes it: %s", out)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(house, "overlay.json"), string(overlay))
	binary := filepath.Join(house, "kitchen.test")
	run(t, here, "go", "test", "-c", "-vet=off", "-overlay", filepath.Join(house, "overlay.json"), "-o", binary, "busbar/adapters/kitchen")

	write(t, filepath.Join(fixtures, "soup.mail"), howtoMail)
	run(t, adapter, binary, "-update")
	run(t, adapter, binary)
	golden, err := os.ReadFile(filepath.Join(fixtures, "soup.events.json"))
	if err != nil || !strings.Contains(string(golden), "Jane Doe serves Soup") {
		t.Errorf("the how-to's mail becomes %s, %v", golden, err)
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// run runs a command in dir and returns what it printed.
func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0") // so that go compiles nothing that it has
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("running %s %s: %v\n%.2000s", filepath.Base(name), strings.Join(args, " "), err, out)
	}
	return string(out)
}
