package dak

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"busbar/fixtures/cases"
)

// TestOneIdOneUpload draws bytes for what the id of an upload is made of, and
// finds no two uploads that differ in it and have one id.
func TestOneIdOneUpload(t *testing.T) {
	rounds := cases.Of(5_000, 40_000)
	rnd := rand.New(rand.NewPCG(5, 9))
	pieces := []string{"a", "b1", "+", "-", ".", ":", "~", "/", "/queue/", "queue", "accept", "->", ",", " ", "_", "\xe9", "\xc3\xa9", "sha256:", "\u2028", "\x00", "A"}
	draw := func(start string) string {
		out := start
		for range rnd.IntN(3) {
			out += pieces[rnd.IntN(len(pieces))]
		}
		return out
	}
	seen := map[string]string{}
	poisoned := 0
	for range rounds {
		source, version, arch, suite := strings.TrimSpace(draw("p")), strings.TrimSpace(draw("1")), draw("amd64"), draw("s")
		raw := fmt.Sprintf("X-Debian: DAK\nSubject: Accepted x 1 (y)\nDebian-Suite: %s\n\nFormat: 1.8\nSource: %s\nVersion: %s\nArchitecture: %s\nFiles:\n 0 1 s p f\n",
			suite, source, version, arch)
		o := outcome(t, []byte(raw))
		if len(o.Events) == 0 {
			poisoned++
			continue
		}
		is := fmt.Sprintf("%q %q %q %q", source, version, words(arch), words(strings.ReplaceAll(suite, "->", " -> ")))
		id := o.Events[0].UUID().String()
		if was, known := seen[id]; known && was != is {
			t.Fatalf("%s and %s have one id", was, is)
		}
		seen[id] = is
	}
	if len(seen) < rounds/20 {
		t.Fatalf("only %d uploads were drawn, and %d could not be read", len(seen), poisoned)
	}
	t.Logf("%d ids, %d could not be read", len(seen), poisoned)
}

// words are the names in a list, in any order.
func words(s string) []string {
	all := slices.Sorted(slices.Values(strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' })))
	return slices.Compact(all)
}
