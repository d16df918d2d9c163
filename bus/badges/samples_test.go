package badges

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"busbar/bus/badges/rule"
	"busbar/bus/bustest"
)

// TestSamples holds the badges that are shipped to what the events really carry: each of
// their questions finds one among the fixtures' events, with somebody who can earn it.
func TestSamples(t *testing.T) {
	dir := t.TempDir()
	files, err := filepath.Glob("../../contrib/config/badges.d/*.toml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		// The fixtures' builds are for another port.
		text = bytes.ReplaceAll(text, []byte("architecture:riscv64"), []byte("architecture:arm64"))
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	set, err := rule.Files{Path: dir, Prefix: "org.debian"}.Read()
	if err != nil {
		t.Fatal(err)
	}
	if err := possible(set, "org.debian"); err != nil {
		t.Error(err)
	}
	if len(set.Badges) < 12 {
		t.Errorf("there are only %d", len(set.Badges))
	}
	golden, err := bustest.Golden("../../fixtures", time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	var events []*rule.Event
	for _, e := range golden {
		events = append(events, rule.NewEvent("org.debian", e))
	}
	for _, b := range set.Badges {
		found := map[int]bool{}
		for _, ev := range events {
			for _, f := range b.Facts(ev) {
				if _, never := set.Hides(f.Person.Key); !never {
					found[f.Part] = true
				}
			}
		}
		for i, p := range b.Parts {
			if !found[i] {
				t.Errorf("%s: nobody could earn part %d, %q", b.Name, i+1, p.Query)
			}
		}
	}
}
