// Pages writes the manual pages that belong to no program, from the reference:
// pages MAN-FOLDER VERSION SECONDS, in the folder of the source. SECONDS is the
// date of the pages, since 1970.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"busbar/common/manual"
)

// examples are the bodies in the list of topics: a manual page is no place for them.
var examples = regexp.MustCompile("(?s)\nfrom \\[`[^\n]*\n\n```json\n.*?\n```\n")

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "pages:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("want FOLDER VERSION SECONDS, not %q", args)
	}
	seconds, err := strconv.ParseInt(args[2], 10, 64)
	if err != nil {
		return err
	}
	for name, what := range map[string]string{
		"message": "a message on the bus, exactly",
		"topics":  "the topics of the bus, and what their messages hold",
	} {
		text, err := os.ReadFile(filepath.Join("docs", "reference", name+".md"))
		if err != nil {
			return err
		}
		page := examples.ReplaceAllString(string(text), "")
		page = strings.ReplaceAll(page, "Made by `make generate` from the adapters' own declarations and fixtures; do not edit.\n\n", "")
		page = strings.ReplaceAll(page, "[topics.md](topics.md)", "busbar-topics(7)")
		if name == "topics" {
			page = strings.ReplaceAll(page, "\n## ", "\n### ") // a topic keeps its case
		}
		var b strings.Builder
		if err := manual.Convert(&b, page, "busbar-"+name, "7", what, args[1], time.Unix(seconds, 0)); err != nil {
			return err
		}
		path := filepath.Join(args[0], "man7", "busbar-"+name+".7")
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			return err
		}
	}
	return nil
}
