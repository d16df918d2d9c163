package charset

import (
	"sync"
	"unicode"
)

// A script tells alphabets apart that never stand within one word.
type script uint8

const (
	anyScript script = iota
	latin
	greek
	cyrillic
	hebrew
	arabic
	thai
	eastAsian
	otherScript
)

type class uint8

const (
	separator class = iota // blanks, digits, dashes, what may stand anywhere
	invisible              // soft hyphens, joiners
	lower
	upper
	letter  // without case
	mark    // belongs to the letter before it
	symbol  // ©, ½, €: follows no letter
	box     // of tables: beside no letter
	dash    // one in a word at most
	opening // quotes before a word
	closing // quotes after a word
	odd     // controls, what is not assigned, halves of characters
)

// A look is what a character is like.
type look struct {
	class  class
	script script
	rare   bool // hardly a word has it
}

// letterBlocks are the blocks that words of living languages are written in,
// beyond Latin-1. What is not in one is rare.
var letterBlocks = []struct {
	first, last rune
	script      script
}{
	{0x0100, 0x017F, latin}, {0x018F, 0x018F, latin}, {0x01A0, 0x01A1, latin}, {0x01AF, 0x01B0, latin}, {0x0218, 0x021B, latin},
	{0x0259, 0x0259, latin}, {0x0300, 0x0304, anyScript}, {0x0306, 0x0309, anyScript}, {0x0323, 0x0323, anyScript},
	{0x0384, 0x03CE, greek}, {0x0401, 0x045F, cyrillic}, {0x0490, 0x0493, cyrillic}, {0x049A, 0x049B, cyrillic},
	{0x04A2, 0x04A3, cyrillic}, {0x04AE, 0x04B3, cyrillic}, {0x04B6, 0x04B7, cyrillic}, {0x04E2, 0x04E3, cyrillic}, {0x04EE, 0x04EF, cyrillic}, {0x04BA, 0x04BB, cyrillic}, {0x04D8, 0x04D9, cyrillic}, {0x04E8, 0x04E9, cyrillic},
	{0x0531, 0x0587, otherScript}, {0x05B0, 0x05C2, hebrew}, {0x05D0, 0x05F4, hebrew}, {0x060C, 0x0652, arabic}, {0x0660, 0x066C, arabic},
	{0x0670, 0x0670, arabic}, {0x0679, 0x0679, arabic}, {0x067E, 0x067E, arabic}, {0x0686, 0x0688, arabic}, {0x0691, 0x0691, arabic}, {0x0698, 0x0698, arabic},
	{0x06A9, 0x06AF, arabic}, {0x06BA, 0x06BE, arabic}, {0x06C0, 0x06D5, arabic}, {0x06F0, 0x06F9, arabic},
	{0x0900, 0x0DFF, otherScript}, {0x0E01, 0x0E5B, thai}, {0x0E81, 0x0EDD, otherScript}, {0x0F00, 0x0FFF, otherScript},
	{0x1000, 0x109F, otherScript}, {0x10D0, 0x10FF, otherScript}, {0x1200, 0x137F, otherScript}, {0x1780, 0x17F9, otherScript},
	{0x1E00, 0x1EF9, latin}, {0x3005, 0x3007, eastAsian}, {0x3041, 0x30FF, eastAsian}, {0x3105, 0x312F, eastAsian},
	{0x3131, 0x318E, eastAsian}, {0x4E00, 0x9FFF, eastAsian}, {0xAC00, 0xD7A3, eastAsian}, {0xFF10, 0xFF5A, eastAsian}, {0xFF61, 0xFF9F, eastAsian},
}

// lookAt says what a character is like.
func lookAt(r rune) look {
	if first := firstLooks(); int(r) < len(first) {
		return first[r]
	}
	return lookUp(r)
}

// firstLooks are those of the alphabets that most texts have.
var firstLooks = sync.OnceValue(func() *[0x700]look {
	var all [0x700]look
	for r := range all {
		all[r] = lookUp(rune(r))
	}
	return &all
})

func lookUp(r rune) look {
	switch {
	case r < 0x80:
		return lookASCII(byte(r))
	case r < 0xA0, r == unicode.ReplacementChar, unicode.Is(unicode.Co, r), r&0xFFFE == 0xFFFE:
		return look{class: odd}
	}
	script, rare := blockOf(r)
	switch {
	case r == 'ª', r == 'º':
		return look{class: symbol}
	case unicode.IsLower(r):
		return look{lower, script, rare}
	case unicode.IsUpper(r):
		return look{upper, script, rare}
	case unicode.IsLetter(r):
		return look{letter, script, rare}
	case unicode.IsMark(r):
		return look{mark, script, rare}
	case r >= 0x2500 && r < 0x25A0:
		return look{class: box}
	case unicode.Is(unicode.Pd, r):
		return look{class: dash}
	case unicode.IsNumber(r) && r < 0x100, unicode.IsSymbol(r) && r != '\u00B4':
		return look{class: symbol}
	}
	switch r {
	case '‰', '†', '‡', '•', '¶', '§', '¡', '¿', '„', '‚', '“', '‘', '«', '‹':
		return look{class: opening}
	case '”', '»', '›':
		return look{class: closing}
	case '\u00A0', '\u3000', '\uFEFF':
		return look{}
	case '\u00AD', '\u200B', '\u200C', '\u200D', '\u200E', '\u200F':
		return look{class: invisible}
	}
	if unicode.IsPunct(r) || unicode.IsNumber(r) {
		return look{}
	}
	return look{class: odd} // not assigned
}

func lookASCII(c byte) look {
	switch {
	case 'a' <= c && c <= 'z':
		return look{class: lower, script: latin}
	case 'A' <= c && c <= 'Z':
		return look{class: upper, script: latin}
	}
	return look{}
}

func blockOf(r rune) (s script, rare bool) {
	if r < 0x100 {
		return latin, false
	}
	for _, b := range letterBlocks {
		if r <= b.last {
			return b.script, r < b.first
		}
	}
	return otherScript, r < 0x1F000 || r > 0x1FAFF
}

// An eye reads text and counts what no writer does.
type eye struct {
	last   look
	uppers int // upper-case letters just read
	dashes int // of all
	faults int
	words  bool // nothing but letters of one script, none of them Latin
	seen   bool
}

// start is before a text's first byte, or after the ASCII in front of it.
func start(before []byte) eye {
	e := eye{words: true}
	for _, c := range before[max(0, len(before)-2):] {
		e.see(lookASCII(c))
	}
	e.faults, e.words, e.seen = 0, true, false
	return e
}

func isLetter(c class) bool { return c == lower || c == upper || c == letter || c == mark }

func (e *eye) see(l look) {
	if l.class == invisible {
		return
	}
	was := e.last
	follows := isLetter(was.class)
	switch {
	case l.class == odd:
		e.faults += 2
	case l.class == symbol || l.class == opening || l.class == box:
		e.fault(follows)
	case l.class == dash:
		e.dashes++
		e.fault(e.dashes > 1)
	case isLetter(l.class):
		e.fault(l.rare)
		e.fault(follows && l.script != was.script && l.script != anyScript && was.script != anyScript)
		e.fault(l.class == upper && was.class == lower)
		e.fault(l.class == lower && e.uppers > 1)
		e.fault(was.class == closing || was.class == box)
		e.fault(l.class == mark && !follows)
	}
	e.words = e.words && isLetter(l.class) && l.script != latin && !l.rare && (!e.seen || l.script == was.script)
	e.seen = true
	if l.class == upper {
		e.uppers++
	} else {
		e.uppers = 0
	}
	e.last = l
}

func (e *eye) fault(yes bool) {
	if yes {
		e.faults++
	}
}

// end looks at the byte that follows, which counts where it ends a word wrongly.
func (e *eye) end(after []byte) int {
	words := e.words
	if len(after) > 0 && isLetter(lookASCII(after[0]).class) {
		e.see(lookASCII(after[0]))
	}
	e.words = words
	return e.faults
}
