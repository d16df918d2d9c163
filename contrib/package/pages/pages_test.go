package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestPages has mandoc read the pages of the present reference.
func TestPages(t *testing.T) {
	t.Chdir("../../..")
	dir := t.TempDir()
	if err := run([]string{dir, "1.2", "1790000000"}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{
		"busbar-message.7": {"busbar\\-topics(7)", "HOW IT IS VERIFIED", "signature_ed25519"},
		"busbar-topics.7":  {".Ss dak.source.accept", ".Os Busbar 1.2", "September 21, 2026"},
	} {
		path := filepath.Join(dir, "man7", name)
		out, err := exec.Command("mandoc", "-T", "lint", "-W", "style", path).CombinedOutput()
		if len(out) > 0 || err != nil {
			t.Errorf("mandoc: %s%v", out, err)
		}
		page, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range append(want, ".Sh DESCRIPTION") {
			if !strings.Contains(string(page), w) {
				t.Errorf("%s does not say %q", name, w)
			}
		}
		if strings.Contains(string(page), "```") {
			t.Errorf("%s holds Markdown", name)
		}
	}
}
