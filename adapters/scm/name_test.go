package scm

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"busbar/common/event"
	"busbar/common/translate"
	"busbar/fixtures/cases"
)

// drawn makes a name from pieces that are easily taken for each other.
func drawn(random *rand.Rand, pieces ...string) string {
	var b strings.Builder
	for range 1 + random.IntN(5) {
		b.WriteString(pieces[random.IntN(len(pieces))])
	}
	return b.String()
}

// TestNoTwoFactsHaveOneID draws the identifiers of pushes, of random bytes, and
// of what separates the parts of a key.
func TestNoTwoFactsHaveOneID(t *testing.T) {
	rounds := cases.Of(4_000, 20_000)
	random := rand.New(rand.NewPCG(3, 4))
	pieces := []string{"a", "a", "é", "\xe9", "\xc3", "\xa9", " ", "  ", "\n", "\t", "/", `\xe9`, "\x00", "\xed\xb0\x80",
		"/ref/", "ref", "/commit/", "/revision/", "/property/", "refs/heads/", "c2", strings.Repeat("c2", 20), strings.Repeat("long", 501)}
	ids := []string{"", strings.Repeat("a0", 20), strings.Repeat("c2", 20), strings.Repeat("d3", 32)}
	tr := Translator(DefaultService, links)
	facts, shown := map[string]string{}, map[string]string{}
	events := 0
	for range rounds {
		p := Push{Repository: drawn(random, pieces...), System: "git"}
		if random.IntN(8) == 0 {
			p.System = "svn"
			p.Property = &Property{Revision: fmt.Sprint(random.IntN(3)), Name: drawn(random, pieces...), Call: "2026-03-14T09:00:00Z/5"}
		} else {
			u := Update{Ref: "refs/" + drawn(random, pieces...), Old: ids[random.IntN(4)], New: ids[random.IntN(4)], Nth: random.IntN(3)}
			u.Commits = []Commit{{ID: ids[1+random.IntN(3)]}}
			p.Updates = []Update{u}
		}
		all, err := tr.Translate(translate.Item[Push]{Value: p})
		if err != nil {
			continue // nothing moved
		}
		for _, e := range all {
			fact := fmt.Sprintf("%q %q", p.Repository, strings.Fields(e.Kind.Topic))
			switch b := e.Body.(type) {
			case Committed:
				fact = fmt.Sprintf("%q commit %s", p.Repository, b.ID)
			case Changed:
				fact = fmt.Sprintf("%q property %+q", p.Repository, *p.Property)
			default:
				fact = fmt.Sprintf("%q ref %q %q %q %d", p.Repository, p.Updates[0].Ref, p.Updates[0].Old, p.Updates[0].New, p.Updates[0].Nth)
			}
			events++
			id := e.UUID().String()
			if other, taken := facts[id]; taken && other != fact {
				t.Fatalf("one id for two facts:\n%.300s\n%.300s", other, fact)
			}
			facts[id] = fact
		}
		for _, s := range []string{p.Repository, strings.Join(refsOf(p), "")} {
			if other, taken := shown[name(s)]; taken && other != s {
				t.Fatalf("%q and %q are both shown as %q", other, s, name(s))
			}
			shown[name(s)] = s
		}
	}
	if events < rounds/2 {
		t.Errorf("only %d events of %d pushes", events, rounds)
	}
	t.Logf("%d pushes, %d events, %d ids", rounds, events, len(facts))
}

func refsOf(p Push) (refs []string) {
	for _, u := range p.Updates {
		refs = append(refs, u.Ref)
	}
	return refs
}

// TestNamesAreShownAsTheyAre: nothing is cleaned, trimmed or cut in silence.
func TestNamesAreShownAsTheyAre(t *testing.T) {
	long := strings.Repeat("d", 612)
	p := Push{Repository: " my  tool\n", System: "git", Updates: []Update{{Ref: "refs/heads/caf\xe9", New: strings.Repeat("c2", 20), Commits: []Commit{{
		ID:    strings.Repeat("c2", 20),
		Files: []File{{Path: "two  spaces "}, {Path: "tab\tand\nline"}, {Path: long}, {Path: `caf\xe9`, From: "caf\xe9"}, {Path: strings.Repeat("é", maxName)}},
	}}}}}
	all, err := Translator(DefaultService, links).Translate(translate.Item[Push]{Value: p})
	if err != nil || len(all) != 2 {
		t.Fatalf("%v, %v", all, err)
	}
	m, c := all[0].Body.(Moved), all[1].Body.(Committed)
	if m.Repository != " my  tool\n" || m.Branch != `caf\xe9` || m.Ref.Ref != `refs/heads/caf\xe9` {
		t.Errorf("%+v", m)
	}
	if m.URL != "https://git.example.org/%20my%20%20tool%0A/log/?h=caf%E9" {
		t.Errorf("the page is %s", m.URL)
	}
	for i, want := range []string{"two  spaces ", "tab\tand\nline", long, `caf\x5cxe9`} {
		if c.Files[i].Path != want {
			t.Errorf("a path is told as %.50q, want %.50q", c.Files[i].Path, want)
		}
	}
	if c.Files[3].From != `caf\xe9` || event.Unescape(c.Files[3].From) != "caf\xe9" {
		t.Errorf("it came from %q", c.Files[3].From)
	}
	if last := c.Files[4].Path; !c.Truncated || !strings.Contains(last, "…sha256:") {
		t.Errorf("a path of %d bytes is told with %d, truncated %v", 2*maxName, len(last), c.Truncated)
	}
}

func TestValidTime(t *testing.T) {
	for text, told := range map[string]bool{
		"9999-12-31T23:59:59Z": true, "9999-12-31T23:59:59-01:00": false, "1970-01-01T00:00:01Z": true, "1970-01-01T00:00:00Z": false,
		"1969-12-31T23:59:59Z": false, "0001-01-01T00:00:00Z": false, "0102-03-04T05:06:07Z": false,
	} {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		if got := stamp(at); (got != "") != told {
			t.Errorf("%s is told as %q", text, got)
		}
	}
	for _, seconds := range []int64{-1 << 63, -1, 0, 253402300800, 1 << 40, 1<<63 - 1} {
		if !Unix(seconds).IsZero() {
			t.Errorf("%d seconds are %s", seconds, Unix(seconds))
		}
	}
}
