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
	seen  map[string]bool // nil while there are few
	read  int
}

// few is up to how many words looking through them is faster than a map is made.
const few = 64

func (g *wordGatherer) add(word string) {
	switch {
	case len(g.words) >= maxWords:
		return
	case g.seen != nil:
		if g.seen[word] {
			return
		}
		g.seen[word] = true
	case slices.Contains(g.words, word):
		return
	case len(g.words) == few:
		g.seen = make(map[string]bool, 4*few)
		for _, w := range g.words {
			g.seen[w] = true
		}
		g.seen[word] = true
	}
	g.words = append(g.words, word)
}

func (g *wordGatherer) full() bool { return g.read >= maxWordText || len(g.words) >= maxWords }

func (g *wordGatherer) text(s string) {
	if len(s) > maxValue {
		s = s[:maxValue]
	}
	g.read += len(s)
	eachWord(s, g.add)
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
func wordsIn(text string) (words []string) {
	eachWord(text, func(w string) { words = append(words, w) })
	return words
}

func eachWord(text string, found func(string)) {
	if !ascii(text) {
		eachForeign(text, found)
		return
	}
	text = strings.ToLower(text)
	for i := 0; i < len(text); i++ {
		from := i
		for i < len(text) && (text[i] >= 'a' && text[i] <= 'z' || text[i] >= '0' && text[i] <= '9') {
			i++
		}
		if i > from {
			found(text[from:min(i, from+maxWord)])
		}
	}
}

// eachForeign is eachWord for text beyond ASCII.
func eachForeign(text string, found func(string)) {
	var word strings.Builder
	runes := 0
	flush := func() {
		if word.Len() > 0 {
			found(word.String())
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
