package adaptertest

import (
	"bytes"
	"flag"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"regexp"
	"slices"
	"testing"

	"busbar/common/translate"
	"busbar/fixtures/cases"
)

// stable checks that a mail keeps its ids over what transports do to it.
func (s suite[T]) stable(t *testing.T) {
	for _, f := range s.fixtures {
		if f.ext != ".mail" {
			continue
		}
		want := ids(s.must(t, f.raw))
		for name, change := range transports {
			if (name == footer || name == reencoded) && !hasID.Match(f.raw) {
				continue // its text is its identity
			}
			if got := ids(s.must(t, change(f.raw))); !slices.Equal(got, want) {
				t.Errorf("%s: the ids change with %s: %v, not %v", f.name, name, got, want)
			}
		}
	}
}

const (
	footer    = "a list's footer"
	reencoded = "its text in base64"
)

var hasID = regexp.MustCompile(`(?mi)^Message-ID:.*\S`)

// transports are harmless changes between two copies of one mail.
var transports = map[string]func([]byte) []byte{
	"another Received": func(b []byte) []byte {
		return append([]byte("Received: from a.example.org by b.example.net\n\twith esmtps; Fri, 3 Jul 2026 10:00:00 +0000\n"), b...)
	},
	"other line ends": func(b []byte) []byte {
		return bytes.ReplaceAll(bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
	},
	"an mbox line": func(b []byte) []byte {
		return append([]byte("From someone@example.org Fri Jul  3 10:00:00 2026\n"), b...)
	},
	"a list's header fields": func(b []byte) []byte {
		return append([]byte("X-Mailing-List-Extra: archive/latest/1\nPrecedence: list\nX-Spam-Status: No, score=-4.0\n"), b...)
	},
	reencoded:       inBase64,
	"folded fields": folded,
	footer: func(b []byte) []byte {
		return append(slices.Clone(b), "\n-- \nTo UNSUBSCRIBE, mail listmaster@lists.example.org\n"...)
	},
}

var copies = flag.Int("copies", cases.Of(60, 500), "damaged copies of each fixture")

// damaged translates damaged copies of each fixture: nothing may panic, run
// away, or break the contract. The damage is the same in each run.
func (s suite[T]) damaged(t *testing.T) {
	most := *copies
	if testing.Short() {
		most = min(most, 100)
	}
	for _, f := range s.fixtures {
		h := fnv.New64a()
		_, _ = h.Write([]byte(f.name))
		rnd := rand.New(rand.NewPCG(h.Sum64(), 1))
		t.Run(f.name, func(t *testing.T) {
			for i := range most {
				raw := slices.Clone(f.raw)
				for range 1 + rnd.IntN(4) {
					raw = damages[rnd.IntN(len(damages))](rnd, raw)
				}
				if o, err := s.guarded(raw); err != nil {
					t.Errorf("copy %d: %v", i, err)
				} else {
					s.check(t, o)
				}
				if t.Failed() {
					t.Fatalf("copy %d was:\n%.2000q", i, raw)
				}
			}
		})
	}
}

// guarded turns a panic into an error.
func (s suite[T]) guarded(raw []byte) (o translate.Outcome, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	it := s.item(raw)
	if s.tr.Why != nil {
		s.tr.Why(it)
	}
	return translate.Run([]translate.Translator[T]{s.tr}, it)
}

// damages are the ways in which items go bad. b may be changed in place.
var damages = []func(*rand.Rand, []byte) []byte{
	func(r *rand.Rand, b []byte) []byte { // other bytes
		for range 1 + r.IntN(8) {
			if len(b) > 0 {
				b[r.IntN(len(b))] = byte(r.IntN(256))
			}
		}
		return b
	},
	func(r *rand.Rand, b []byte) []byte { return b[:r.IntN(len(b)+1)] }, // cut off
	func(r *rand.Rand, b []byte) []byte { // a piece missing
		from, to := span(r, b)
		return slices.Delete(b, from, to)
	},
	func(r *rand.Rand, b []byte) []byte { // a piece twice
		from, to := span(r, b)
		return slices.Insert(b, to, b[from:to]...)
	},
	func(r *rand.Rand, b []byte) []byte { // a line missing, or elsewhere, or twice
		lines := bytes.SplitAfter(b, []byte("\n"))
		i, j := r.IntN(len(lines)), r.IntN(len(lines))
		switch r.IntN(3) {
		case 0:
			lines = slices.Delete(lines, i, i+1)
		case 1:
			lines[i], lines[j] = lines[j], lines[i]
		default:
			lines = slices.Insert(lines, j, lines[i])
		}
		return bytes.Join(lines, nil)
	},
	func(r *rand.Rand, b []byte) []byte { // an unlikely piece
		piece := pieces[r.IntN(len(pieces))]
		return slices.Insert(b, r.IntN(len(b)+1), piece...)
	},
	func(r *rand.Rand, b []byte) []byte { // another number
		from := r.IntN(len(b) + 1)
		i := bytes.IndexAny(b[from:], "0123456789")
		if i < 0 {
			return b
		}
		return slices.Insert(b, from+i, []byte("99999999999999999999")...)
	},
}

var pieces = [][]byte{
	[]byte("\x00"), []byte("\xff\xfe"), []byte("\xed\xa0\x80"), []byte("\n\n"), []byte("\r"), []byte(": "), []byte("\n "),
	[]byte("=?utf-8?q?=00=FF?="), []byte("=?x?b?////?="), []byte("<"), []byte(">"), []byte("(("), []byte("\""), []byte(","),
	[]byte("%s%n"), []byte("../../"), []byte("{\"a\":"), []byte("]]>"), []byte("\u202e"), []byte("\u2028"), []byte("\u0085"), []byte("=3D"), []byte("->"),
	bytes.Repeat([]byte("A"), 5000), bytes.Repeat([]byte("a, "), 3000), bytes.Repeat([]byte("\xc3\xa9"), 40000),
}

// span is a random piece of b, not longer than 2000 bytes.
func span(r *rand.Rand, b []byte) (from, to int) {
	from = r.IntN(len(b) + 1)
	return from, min(len(b), from+r.IntN(2000))
}
