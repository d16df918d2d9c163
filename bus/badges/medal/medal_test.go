package medal

import (
	"encoding/xml"
	"io"
	"regexp"
	"strings"
	"testing"
)

// foreign is what would be fetched from elsewhere, or run.
var foreign = regexp.MustCompile(`(?i)href|url\(|<script|<style|<image|@import|on[a-z]+=`)

// TestDrawings reads each drawing as XML: it is whole, and needs nothing beside itself.
func TestDrawings(t *testing.T) {
	seen := map[string]string{}
	for _, sign := range Signs() {
		for rank := range 7 {
			m := Medal{Name: "bug-closer", Sign: sign, Rank: rank, Ranks: 7, Level: 10 * rank}
			text := string(m.SVG())
			d := xml.NewDecoder(strings.NewReader(text))
			for {
				if _, err := d.Token(); err == io.EOF {
					break
				} else if err != nil {
					t.Fatalf("%s: %v in %s", sign, err, text)
				}
			}
			if bad := foreign.FindString(strings.Replace(text, `xmlns="http://www.w3.org/2000/svg"`, "", 1)); bad != "" || strings.Contains(text, "%!") {
				t.Errorf("%s has %q: %s", sign, bad, text)
			}
			if other := seen[text]; other != "" {
				t.Errorf("%s is drawn as %s", sign, other)
			}
			seen[text] = sign
		}
	}
	if string(Medal{Name: "a", Sign: "star"}.SVG()) != string(Medal{Name: "a", Sign: "star"}.SVG()) {
		t.Error("the same is not drawn the same")
	}
	for _, m := range []Medal{{Sign: "none"}, {Sign: "star", Rank: -1}, {Sign: "star", Level: 1 << 40}, {Sign: "star", Name: strings.Repeat("x", 99)}} {
		if m.Possible() {
			t.Errorf("%+v can be drawn", m)
		}
	}
}
