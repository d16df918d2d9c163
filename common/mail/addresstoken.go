package mail

import (
	"strings"
	"unicode"
)

const (
	word    = iota // no blanks outside quotes: an address, or a part of a name
	angle          // <…>
	comment        // (…)
)

// A lexeme is a part of an address: its text is without the brackets.
type lexeme struct {
	kind  int
	text  string
	glued bool // nothing stood before it
}

// maxMark bounds how far a closing mark is looked for, and with it what a
// field full of opening ones costs.
const maxMark = 300

// maxOpen is how many comments of one address may lack their end before "("
// is an ordinary character in it.
const maxOpen = 20

// cutPiece reads the tokens up to the next "," or ";". The name of a group
// (RFC 5322 §3.4, "friends: a@b, c@d;") is left out. Marks inside encoded words
// are part of them, and an opening mark that never closes is an ordinary
// character.
func cutPiece(s string) (p piece, rest string) {
	const most = 500 // tokens of one address
	open := 0        // comments that never close
	add := func(kind int, text string, glued bool) {
		if len(p.tokens) < most {
			t := lexeme{kind, text, glued}
			p.tokens = append(p.tokens, t)
			p.address = p.address || t.at() > 0 || kind == angle && strings.Contains(text, "@")
		}
	}
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c <= ' ' || c == 0x7f:
			i++
			continue
		case c == ',' || c == ';':
			p.end = c
			return p, s[i+1:]
		case c == ':' && !p.address:
			p.tokens = p.tokens[:0]
			i++
			continue
		case c == '<':
			near := s[i+1 : min(len(s), i+1+maxMark)]
			n := angleEnd(near)
			if n == len(near) { // it never closes
				if n = strings.IndexAny(s[i+1:], ",;"); n < 0 {
					n = len(s) - i - 1
				}
				add(angle, s[i+1:i+1+n], false)
				i += n + 1
				continue
			}
			add(angle, unwrappedAddress(near[:n]), false)
			i += n + 2
			continue
		case c == '(' && open < maxOpen:
			if n := commentEnd(s[i:]); n > 0 {
				add(comment, s[i+1:i+n], false)
				i += n + 1
				continue
			}
			open++
		}
		n := wordEnd(s[i:])
		add(word, s[i:i+n], i > 0 && s[i-1] > ' ')
		i += n
	}
	return p, ""
}

// unwrappedAddress takes the encoding off an address that is encoded words, which
// an address must not be (RFC 2047 §5).
func unwrappedAddress(s string) string {
	if !strings.HasPrefix(strings.TrimLeft(s, " \t"), "=?") || strings.Contains(s, "@") {
		return s
	}
	if text := decodeValue(s, func(string) {}); strings.Count(text, "@") == 1 && !strings.ContainsAny(text, " \"<>,;()") {
		return text
	}
	return s
}

// wordEnd returns where the word that s begins with ends. A control character does
// not end it: what stands before one is another address than the whole.
func wordEnd(s string) int {
	for i := 0; i < len(s); {
		n := 0
		switch c := s[i]; {
		case i > 0 && strings.IndexByte(" \t\r\n,;:<(", c) >= 0:
			return i
		case c == '"':
			n = quoteEnd(s[i:])
		case c == '[':
			n = max(strings.IndexAny(s[i:min(len(s), i+maxMark)], "] \t,;<("), 0)
			if s[i+n] != ']' {
				n = 0
			}
		case c == '=' && strings.HasPrefix(s[i:], "=?"):
			near := s[i:min(len(s), i+maxMark)]
			if _, after, state := cutWord(near); state == aWord {
				n = len(near) - len(after) - 1
			}
		}
		i += n + 1
	}
	return len(s)
}

// at returns where in a word an "@" stands that is in no quotes, if something
// stands before it; else 0.
func (t lexeme) at() int {
	if t.kind != word || strings.HasPrefix(t.text, "=?") {
		return 0
	}
	for i := 0; i < len(t.text); i++ {
		switch t.text[i] {
		case '"':
			i += quoteEnd(t.text[i:])
		case '@':
			return i
		}
	}
	return 0
}

// address is the address that a word or an angle bracket holds, "" if it has
// several words and none of them is one.
func (t lexeme) address() string {
	s := t.text
	if t.kind == angle {
		if s = inAngle(s); s == "" {
			return ""
		}
	}
	s = strings.Trim(s, " \t'<>,;")
	for _, scheme := range [...]string{"mailto:", "smtp:"} {
		if len(s) > len(scheme) && strings.EqualFold(s[:len(scheme)], scheme) {
			s = s[len(scheme):]
		}
	}
	if inner, ok := strings.CutPrefix(s, "["); ok && strings.HasSuffix(inner, "]") {
		return lexeme{word, strings.TrimSuffix(inner, "]"), false}.address()
	}
	if n := quoteEnd(s); !strings.HasPrefix(s, `"`) || n == 0 || n == len(s)-1 {
		s = strings.Trim(s, `"' `) // quotes around all of it, or the half of a pair
	}
	if strings.Trim(s, "@") == "" {
		return ""
	}
	s = strings.TrimFunc(toUTF8(s), func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) })
	if strings.ContainsFunc(s, unicode.IsControl) {
		return Escaped(s)
	}
	return oneLine(s)
}

// inAngle finds the address in what angle brackets hold: without a route
// ("@relay:joe@example.org") and comments, and without the blanks that RFC 5322
// §4.4 allows beside "@" and dots. Of several words it is the one with an "@".
func inAngle(s string) string {
	s, _ = cutComments(s)
	s = strings.Trim(s, " \t")
	if i := strings.LastIndexByte(s, ':'); i >= 0 && strings.HasPrefix(s, "@") {
		s = s[i+1:]
	}
	var words []string
	for s = strings.TrimLeft(s, " \t<"); s != ""; s = strings.TrimLeft(s, " \t,;<>(:") {
		n := wordEnd(s)
		w := s[:n]
		if len(words) > 0 {
			last := &words[len(words)-1]
			if strings.IndexByte("@.", w[0]) >= 0 || strings.HasSuffix(*last, "@") || strings.HasSuffix(*last, ".") {
				*last += w
				s = s[n:]
				continue
			}
		}
		words = append(words, w)
		if s = s[n:]; strings.HasPrefix(s, ":") && len(words) == 1 { // mailto:
			words = words[:0]
		}
	}
	for _, w := range words {
		if (lexeme{word, w, false}).at() > 0 {
			return w
		}
	}
	if len(words) == 1 {
		return words[0]
	}
	return ""
}

// joined is the tokens' text with blanks between them.
func joined(tokens []lexeme) string {
	var out strings.Builder
	for i, t := range tokens {
		if i > 0 && !t.glued {
			out.WriteByte(' ')
		}
		out.WriteString(t.text)
	}
	return out.String()
}

// quoteEnd returns where the quote at s[0] closes, 0 if it does not.
func quoteEnd(s string) int {
	for i := 1; i < min(len(s), maxMark); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return 0
}

// commentEnd returns where the comment at s[0] closes, 0 if it does not.
func commentEnd(s string) int {
	deep := 0
	for i := 0; i < min(len(s), maxMark); i++ {
		switch s[i] {
		case '\\':
			i++
		case '(':
			deep++
		case ')':
			if deep--; deep == 0 {
				return i
			}
		}
	}
	return 0
}

// cutComments takes the comments out of s; comment is the last one that holds
// anything.
func cutComments(s string) (text, comment string) {
	var out strings.Builder
	open := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			n := quoteEnd(s[i:])
			out.WriteString(s[i : i+n])
			i += n
		case '(':
			if open == maxOpen {
				break
			}
			if n := commentEnd(s[i:]); n > 0 {
				if inner := strings.TrimSpace(s[i+1 : i+n]); inner != "" {
					comment = inner
				}
				out.WriteByte(' ')
				i += n
				continue
			}
			open++
		}
		out.WriteByte(s[i])
	}
	return out.String(), comment
}
