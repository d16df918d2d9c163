// Report reads what `go test -json` prints and says what a person wants to know:
// a line for each package, the output of what failed, and every test that was
// skipped, with its reason: nothing is left out silently. It exits 1 where
// something failed, or nothing was run; with -skips=false also where something
// was skipped.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

// An event is one line of go test -json (go doc test2json).
type event struct {
	Action, Package, Test, Output string
	ImportPath                    string // of build output
}

type report struct {
	out             io.Writer
	output          map[string]*strings.Builder // by package and test
	failed          map[string]bool             // packages
	skipped         []string
	passed, failing int
}

func main() {
	skips := flag.Bool("skips", true, "tests may be skipped")
	flag.Parse()
	r := &report{out: os.Stdout, output: map[string]*strings.Builder{}, failed: map[string]bool{}}
	if err := r.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "report: reading test events:", err)
		os.Exit(1)
	}
	if !r.close(*skips) {
		os.Exit(1)
	}
}

func (r *report) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) != nil {
				fmt.Fprintf(r.out, "%s", line) // of go itself
			} else {
				r.take(e)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *report) take(e event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "build-output":
		fmt.Fprint(r.out, e.Output)
	case "output":
		if r.output[key] == nil {
			r.output[key] = &strings.Builder{}
		}
		r.output[key].WriteString(e.Output)
	case "pass", "fail", "skip":
		text := ""
		if b := r.output[key]; b != nil {
			text = b.String()
		}
		delete(r.output, key)
		r.end(e, text)
	}
}

// end takes the end of a test, or of a package (without a test's name).
func (r *report) end(e event, text string) {
	switch {
	case e.Test == "":
		if e.Action == "fail" {
			r.failed[e.Package] = true
			r.unended(e.Package)
		}
		for line := range strings.Lines(text) {
			if e.Action == "fail" || strings.HasPrefix(line, "ok ") || strings.HasPrefix(line, "? ") {
				fmt.Fprint(r.out, line)
			}
		}
	case e.Action == "pass":
		r.passed++
	case e.Action == "fail":
		r.failing++
		fmt.Fprint(r.out, text)
	case e.Action == "skip":
		r.skipped = append(r.skipped, fmt.Sprintf("%s %s: %s", e.Package, e.Test, reason(text)))
	}
}

// unended prints what those tests of a package said that did not end: of a program
// that fell over, or was killed, they tell why.
func (r *report) unended(pkg string) {
	for _, key := range slices.Sorted(maps.Keys(r.output)) {
		if strings.HasPrefix(key, pkg+" ") {
			fmt.Fprintf(r.out, "did not end: %s\n%s", key, r.output[key])
			delete(r.output, key)
		}
	}
}

// reason is what a test said to t.Skip, on one line.
func reason(text string) string {
	var said []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "=== ") && !strings.HasPrefix(line, "--- ") {
			said = append(said, line)
		}
	}
	return strings.Join(said, " ")
}

// close prints the sums; it is false where the run was not good.
func (r *report) close(skips bool) bool {
	slices.Sort(r.skipped)
	for _, s := range r.skipped {
		fmt.Fprintln(r.out, "skipped:", s)
	}
	for p := range r.failed {
		fmt.Fprintln(r.out, "failed:", p)
	}
	fmt.Fprintf(r.out, "%d passed, %d failed, %d skipped\n", r.passed, r.failing, len(r.skipped))
	good := r.failing == 0 && len(r.failed) == 0 && r.passed > 0
	if good && !skips && len(r.skipped) > 0 {
		fmt.Fprintln(r.out, "report: everything is installed here, so nothing may be skipped")
		return false
	}
	return good
}
