package busbar

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	maxLines     = 450
	maxMainLines = 80 // main.go is wiring that reads in a minute
)

var (
	initFunc   = []byte("\nfunc init(")
	unfinished = regexp.MustCompile(`\b(TO[D]O|FIX[M]E|XX[X])\b`)
	// What a program prints may hold a stranger's text.
	printed = regexp.MustCompile(`\bfmt\.(?:Print|Fprint)(?:f|ln)?\((?:[a-z.]*p\.Std(?:out|err)|os\.Std(?:out|err)|w,|"|` + "`" + `)`)
	// A pause in a test is the step of a loop that looks at a condition, or says why.
	slept     = []byte("time.Sleep(")
	explained = regexp.MustCompile(`\btime\.Sleep\(.*// |\bfor .*;.*; time\.Sleep\(`)
	junkNames = []string{"util", "utils", "helper", "helpers", "misc", "types"}
)

func TestFilesAreInOrder(t *testing.T) {
	seen := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && path != "." && (strings.HasPrefix(name, ".") || name == "testdata" || name == "bin") {
			return filepath.SkipDir
		}
		if d.IsDir() || filepath.Ext(name) != ".go" {
			return nil
		}
		seen++
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, complaint := range untidy(filepath.ToSlash(path), source) {
			t.Error(complaint)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 20 {
		t.Fatalf("only %d Go files were found; this test must run in the whole repository", seen)
	}
}

// TestUntidyFilesAreFound shows that each rule can be broken.
func TestUntidyFilesAreFound(t *testing.T) {
	long := []byte("package p\n" + strings.Repeat("//\n", maxLines))
	open := "// TO" + "DO: later\n"
	for _, c := range []struct {
		path   string
		source []byte
		want   string
	}{
		{"common/event/id.go", []byte("package event\n"), ""},
		{"common/event/long.go", long, "split it"},
		{"bus/main.go", long[:300], "reads in a minute"},
		{"common/event/init.go", []byte("package event\n\nfunc init() {}\n"), "func init"},
		{"common/event/util.go", []byte("package event\n"), "says nothing"},
		{"common/helpers/a.go", []byte("package helpers\n"), "says nothing"},
		{"common/event/misc_test.go", []byte("package event\n"), "says nothing"},
		{"bus/say.go", []byte("package main\n\nfunc f() { fmt.Fprintf(p.Stdout, \"x\") }\n"), "common/show"},
		{"bus/hope_test.go", []byte("package main\n\nfunc f() {\n\ttime.Sleep(time.Second)\n}\n"), "sleeps"},
		{"bus/wait_test.go", []byte("package main\n\nfunc f() {\n\tfor end := x; !ok(); time.Sleep(time.Second) {\n\t}\n\ttime.Sleep(1) // the kernel's clock has a coarse tick\n}\n"), ""},
		{"common/event/open.go", []byte("package event\n\n" + open), "left open"},
	} {
		got := strings.Join(untidy(c.path, c.source), "\n")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: complaint %q, want %q", c.path, got, c.want)
		}
	}
}

// untidy says what is wrong with a Go file, and what to do about it.
func untidy(path string, source []byte) []string {
	var bad []string
	complain := func(format string, args ...any) { bad = append(bad, path+": "+fmt.Sprintf(format, args...)) }
	lines := bytes.Count(source, []byte("\n"))
	if lines > maxLines {
		complain("it has %d lines, at most %d are allowed: split it by what a reader looks for", lines, maxLines)
	}
	if filepath.Base(path) == "main.go" && !strings.HasPrefix(path, "contrib/") && lines > maxMainLines {
		complain("it has %d lines, at most %d are allowed: a program's main.go is wiring that reads in a minute; move the work into files beside it", lines, maxMainLines)
	}
	if bytes.Contains(source, initFunc) {
		complain("it has a func init: call it from main, or make the value in the declaration")
	}
	if m := found(unfinished, source, "TO"+"DO", "FIX"+"ME", "XX"+"X"); m != nil {
		complain("something is left open (%s): do it, or file an issue", m)
	}
	program := !strings.HasSuffix(path, "_test.go") && !strings.HasPrefix(path, "contrib/") && !strings.HasPrefix(path, "fixtures/") && !strings.HasPrefix(path, "common/show/")
	if m := found(printed, source, "fmt.Print", "fmt.Fprint"); m != nil && program {
		complain("it prints by %s…: print by common/show, which makes strangers' text fit for a terminal", m)
	}
	if strings.HasSuffix(path, "_test.go") && path != "house_test.go" {
		for line := range bytes.Lines(source) {
			if bytes.Contains(line, slept) && !explained.Match(line) {
				complain("it sleeps (%s): wait for a condition, or say on the line why time must pass", bytes.TrimSpace(line))
			}
		}
	}
	for part := range strings.SplitSeq(path, "/") {
		name := strings.TrimSuffix(strings.TrimSuffix(part, ".go"), "_test")
		if slices.Contains(junkNames, name) {
			complain("the name %q says nothing: name it after what it holds", name)
		}
	}
	return bad
}

// found is what a pattern matches, all of whose matches hold one of the texts: to
// look for those first is many times faster.
func found(pattern *regexp.Regexp, source []byte, texts ...string) []byte {
	if !slices.ContainsFunc(texts, func(text string) bool { return bytes.Contains(source, []byte(text)) }) {
		return nil
	}
	return pattern.Find(source)
}
