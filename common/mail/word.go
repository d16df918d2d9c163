package mail

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"busbar/common/charset"
)

// decodeValue decodes one unfolded value for reading: raw 8-bit bytes, encoded
// words (RFC 2047), control characters.
func decodeValue(raw string, note func(string)) string { return decodeUTF8(toUTF8(raw), note) }

// decodeUTF8 is decodeValue for what toUTF8 returned.
func decodeUTF8(s string, note func(string)) string {
	if strings.Contains(s, "=?") {
		s = decodeWords(s, note)
	}
	return strings.TrimSpace(oneLine(s))
}

// decodeWords decodes encoded words wherever they stand. Blanks between two of
// them are not text (RFC 2047 §6.2), and the bytes of neighbours in one
// charset are joined before they are decoded, because mailers split characters
// over words.
func decodeWords(s string, note func(string)) string {
	var out strings.Builder
	var label string
	var bytes []byte
	flush := func() {
		if len(bytes) == 0 {
			return
		}
		text, defect := decodeCharset(label, bytes)
		if defect != "" {
			note(defect)
		}
		out.WriteString(text)
		bytes = bytes[:0]
	}
	afterWord := false
	for s != "" {
		i := strings.Index(s, "=?")
		if i < 0 {
			break
		}
		word, rest, state := cutWord(s[i:])
		if state == noWords {
			break
		}
		if !(afterWord && state == aWord && blank(s[:i])) {
			flush()
			out.WriteString(s[:i])
		}
		if state == notAWord {
			flush()
			out.WriteString("=?")
			s, afterWord = s[i+2:], false
			continue
		}
		if !sameCharset(label, word.charset) {
			flush()
		}
		label = word.charset
		bytes = word.decode(bytes)
		s, afterWord = rest, true
	}
	flush()
	out.WriteString(s)
	return out.String()
}

// sameCharset reports whether a character may begin in a word of one label and end
// in the next one. UTF-7 ends each of its own (RFC 2152, rule 3), and UTF-16
// begins each word with a mark.
func sameCharset(label, next string) bool {
	a, known := charset.Lookup(label)
	b, _ := charset.Lookup(next)
	if !known {
		return strings.EqualFold(label, next)
	}
	return a == b && a.Bytes() && a.Name() != "utf-7"
}

func blank(s string) bool { return strings.Trim(s, " \t\r\n") == "" }

// An encodedWord is "=?charset?encoding?text?=".
type encodedWord struct {
	charset  string
	encoding byte // 'q' or 'b'
	text     string
}

const (
	aWord    = iota
	notAWord // "=?" means nothing here
	noWords  // no word can follow in this value
)

// cutWord reads the encoded word that s begins with. Once "?=" is nowhere
// ahead, noWords ends the search: looking again from each "=?" would cost the
// square of the length.
func cutWord(s string) (w encodedWord, rest string, state int) {
	const most = 100 // bytes of a charset's name
	body := s[2:]
	i := strings.IndexByte(body[:min(len(body), most)], '?')
	if i <= 0 || len(body) < i+3 || body[i+2] != '?' || !isLabel(body[:i]) {
		return w, s, notAWord
	}
	w.charset, w.encoding = body[:i], body[i+1]|0x20
	if w.encoding != 'q' && w.encoding != 'b' {
		return w, s, notAWord
	}
	body = body[i+3:]
	end := strings.Index(body, "?=")
	if end < 0 {
		return w, s, noWords
	}
	w.text = body[:end]
	return w, body[end+2:], aWord
}

// writeASCII writes the word with its bytes beyond ASCII encoded; base64 has
// none.
func (w encodedWord) writeASCII(out *strings.Builder) {
	out.WriteString("=?" + w.charset + "?")
	out.WriteByte(w.encoding)
	out.WriteByte('?')
	for i := 0; i < len(w.text); i++ {
		switch c := w.text[i]; {
		case c < utf8.RuneSelf:
			out.WriteByte(c)
		case w.encoding == 'q':
			out.WriteByte('=')
			out.WriteByte(upperHex[c>>4])
			out.WriteByte(upperHex[c&15])
		}
	}
	out.WriteString("?=")
}

const upperHex = "0123456789ABCDEF"

// isLabel reports whether a word can begin with this.
func isLabel(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] >= 0x7f || s[i] == '=' {
			return false
		}
	}
	return true
}

// decode appends the word's bytes, as many as can be read.
func (w encodedWord) decode(to []byte) []byte {
	if w.encoding == 'b' {
		return appendBase64(to, w.text)
	}
	for i := 0; i < len(w.text); i++ {
		c := w.text[i]
		if c == '_' {
			c = ' '
		}
		if c == '=' && i+2 < len(w.text) {
			if v, ok := unhex(w.text[i+1], w.text[i+2]); ok {
				c = v
				i += 2
			}
		}
		to = append(to, c)
	}
	return to
}

// appendBase64 decodes what is base64 in s and leaves out everything else;
// missing padding is no loss.
func appendBase64(to []byte, s string) []byte {
	digits := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if base64Digit(s[i]) {
			digits = append(digits, s[i])
		}
	}
	if len(digits)%4 == 1 {
		digits = digits[:len(digits)-1]
	}
	out, err := base64.RawStdEncoding.AppendDecode(to, digits)
	if err != nil {
		return to
	}
	return out
}

func base64Digit(c byte) bool {
	return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '+' || c == '/'
}

func unhex(hi, lo byte) (byte, bool) {
	h, ok1 := hexDigit(hi)
	l, ok2 := hexDigit(lo)
	return h<<4 | l, ok1 && ok2
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	}
	return 0, false
}
