package event

import (
	"math/rand/v2"
	"testing"
	"unicode/utf8"

	"busbar/fixtures/cases"
)

func TestEscape(t *testing.T) {
	for id, want := range map[string]string{
		"":               "",
		"refs/heads/é":   "refs/heads/é",
		`a\b`:            `a\b`,
		`a\xe`:           `a\xe`,
		`a\xE9`:          `a\xE9`, // never written so
		"caf\xe9":        `caf\xe9`,
		`caf\xe9`:        `caf\x5cxe9`, // UTF-8 that looks escaped
		"\\\xff":         `\\xff`,
		"\\xe9\xff":      `\x5cxe9\xff`,
		"é\xc3":          `é\xc3`,
		"\xed\xb0\x80":   `\xed\xb0\x80`, // a surrogate is no UTF-8
		"two  blanks\n ": "two  blanks\n ",
	} {
		got := Escape(id)
		if got != want || Unescape(got) != id {
			t.Errorf("%q is shown as %q, want %q; and read back as %q", id, got, want, Unescape(got))
		}
	}
}

// TestEscapeIsInjective draws identifiers that differ little from each other.
func TestEscapeIsInjective(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pieces := []string{"a", "e", "9", "x", `\`, `\x`, `\xe9`, "é", "\xe9", "\xc3", "\xa9", "\xff", " "}
	from := map[string]string{}
	for range cases.Of(40_000, 200_000) {
		id := ""
		for range random.IntN(7) {
			id += pieces[random.IntN(len(pieces))]
		}
		shown := Escape(id)
		if other, taken := from[shown]; taken && other != id {
			t.Fatalf("%q and %q are both shown as %q", id, other, shown)
		}
		from[shown] = id
	}
}

func FuzzEscape(f *testing.F) {
	f.Add("caf\xe9")
	f.Add(`\x5c\xff`)
	f.Fuzz(func(t *testing.T, id string) {
		shown := Escape(id)
		if !utf8.ValidString(shown) || Unescape(shown) != id || utf8.ValidString(id) && !escaped(id) && shown != id {
			t.Errorf("%q is shown as %q", id, shown)
		}
	})
}
