package archive

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"busbar/common/event"
)

// Bounds on the words of one message.
const (
	maxWords    = 400
	maxWordText = 4 << 10 // bytes of a message's texts that are read
	maxValue    = 512     // bytes of one value
	maxWord     = 40      // runes; what is longer is cut
)

// wordsOf are the words that a message is found by: of its sentence, and of the
// values of its body, each once. They are in ASCII, as wordsIn makes them.
func wordsOf(e event.Envelope) []string {
	var g wordGatherer
	g.text(e.Title)
	g.walk(e.Msg)
	return g.words
}

type wordGatherer struct {
	words []string
	seen  map[string]bool
	read  int
}

func (g *wordGatherer) full() bool { return g.read >= maxWordText || len(g.words) >= maxWords }

func (g *wordGatherer) text(s string) {
	if len(s) > maxValue {
		s = s[:maxValue]
	}
	g.read += len(s)
	if g.seen == nil {
		g.seen = map[string]bool{}
	}
	for _, word := range wordsIn(s) {
		if len(g.words) < maxWords && !g.seen[word] {
			g.seen[word] = true
			g.words = append(g.words, word)
		}
	}
}

// walk reads short values first, for they are the facts; long texts fill what is left.
func (g *wordGatherer) walk(v any) {
	var long []string
	var visit func(v any)
	visit = func(v any) {
		if g.full() {
			return
		}
		switch v := v.(type) {
		case string:
			if len(v) > maxValue/4 {
				long = append(long, v)
			} else {
				g.text(v)
			}
		case event.Int:
			g.text(string(v))
		case []any:
			for _, x := range v {
				visit(x)
			}
		case map[string]any:
			for _, k := range sortedKeys(v) {
				visit(v[k])
			}
		}
	}
	visit(v)
	for _, s := range long {
		if !g.full() {
			g.text(s)
		}
	}
}

// wordsIn splits a text into words for the index: runs of letters and digits,
// without case and accents. Letters beyond ASCII are written as their code points,
// so that the index, which knows ASCII alone, and whoever asks it, agree.
func wordsIn(text string) []string {
	if ascii(text) {
		words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < '0' || r > '9')
		})
		for i, w := range words {
			words[i] = w[:min(len(w), maxWord)]
		}
		return words
	}
	var words []string
	var word strings.Builder
	runes := 0
	flush := func() {
		if word.Len() > 0 {
			words = append(words, word.String())
		}
		word.Reset()
		runes = 0
	}
	for _, r := range norm.NFKD.String(strings.ToValidUTF8(text, " ")) {
		switch {
		case unicode.Is(unicode.Mn, r):
			// an accent: the letter alone counts
		case !unicode.IsLetter(r) && !unicode.IsNumber(r):
			flush()
		case runes < maxWord:
			runes++
			if r = unicode.ToLower(r); r < 0x80 {
				word.WriteRune(r)
			} else {
				word.WriteString("u" + strconv.FormatInt(int64(r), 16) + "u")
			}
		}
	}
	flush()
	return words
}

func ascii(text string) bool {
	for i := range len(text) {
		if text[i] >= 0x80 {
			return false
		}
	}
	return true
}

// sortedKeys is the order in which members are read: always the same.
func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
