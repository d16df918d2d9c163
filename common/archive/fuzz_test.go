package archive

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzRead: whatever a message holds, it is stored so that its own bytes come back, and
// the names and words that it is found by are few, short, clean and always the same.
func FuzzRead(f *testing.F) {
	s := newSpeaker(5)
	for range 12 {
		f.Add(s.say().wire(f))
	}
	f.Add([]byte(`{"topic": "a.b.c", "timestamp": 1e300, "msg_id": "x", "msg": {"package": ["a", 5, null], "bug": 1e400, "person": "Jane <", "certificate": "x"}, "certificate":"` + strings.Repeat("a", 64) + `"}`))
	f.Add([]byte(`{"topic": "a.b.c", "timestamp": -5, "msg": ["` + strings.Repeat("é世ﬁ1 ", 300) + `"], "title": "ß\ud800İ"}`))
	f.Fuzz(func(t *testing.T, wire []byte) {
		kept := bytes.Clone(wire)
		rest, certificate, cut := split(wire)
		joined, err := join(rest, certificate, int64(cut))
		if err != nil || !bytes.Equal(joined, kept) || !bytes.Equal(wire, kept) {
			t.Fatalf("%.300q comes back as %.300q, %v", kept, joined, err)
		}
		in, err := Read(wire)
		if err != nil {
			if !errors.Is(err, ErrMessage) {
				t.Errorf("%.300q: %v", wire, err)
			}
			return
		}
		if p := placeOf(in.Envelope.Timestamp, math.MaxInt32>>1); p < 0 || p.time() > maxTime {
			t.Errorf("%d is at %d", in.Envelope.Timestamp, p)
		}
		id, topic := in.fact()
		a, b := SubjectOf(in.Envelope), SubjectOf(in.Envelope)
		if again, at := in.fact(); again != id || at != topic || !reflect.DeepEqual(a.names, b.names) || !slices.Equal(a.Words(), b.Words()) {
			t.Errorf("%.300q is another thing each time", wire)
		}
		checkWords(t, a.Words())
		size := 0
		for _, n := range a.names {
			if n.kind < all || n.kind > Severity || len(n.value) > maxNameLength || !utf8.ValidString(n.value) {
				t.Errorf("%.300q: the name %+v", wire, n)
			}
			size += len(n.value)
		}
		if size > 8*len(wire) {
			t.Errorf("%d bytes have names of %d", len(wire), size)
		}
	})
}

func checkWords(t *testing.T, words []string) {
	t.Helper()
	if len(words) > maxWords {
		t.Errorf("%d words", len(words))
	}
	seen := map[string]bool{}
	for _, w := range words {
		if w == "" || len(w) > 8*maxWord || seen[w] || strings.Trim(w, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
			t.Errorf("the word %q", w)
		}
		seen[w] = true
	}
}

// FuzzWordsIn: a text is found by the words of any piece of it between blanks, in
// whatever case it is asked.
func FuzzWordsIn(f *testing.F) {
	for _, term := range terms {
		f.Add(term, strings.ToUpper(term))
	}
	f.Add("a\u0308 \u212b", "\xff\u00ad")
	f.Fuzz(func(t *testing.T, one, other string) {
		words := wordsIn(one + " " + other)
		checkWords(t, unique(words)[:min(len(unique(words)), maxWords)])
		for _, part := range []string{one, other} {
			for _, w := range wordsIn(part) {
				if !slices.Contains(words, w) {
					t.Errorf("%q and %q: %q is not found by %q", one, other, words, w)
				}
			}
		}
		if got := wordsIn(other + " " + one); len(got) != len(words) {
			t.Errorf("%q and %q: %q, and the other way round %q", one, other, words, got)
		}
	})
}

func unique(words []string) []string {
	words = slices.Clone(words)
	slices.Sort(words)
	return slices.Compact(words)
}
