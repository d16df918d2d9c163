package soap

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/transform"
)

// maxTag bounds one tag: a parser keeps all attributes of one in memory, as
// many times larger as they are short.
const maxTag = 16 << 10

// maxText is how much of one text is kept, in bytes: a parser holds it several
// times. What follows is left out; no field of a bug has a hundredth of it.
const maxText = 4 << 20

// A cleaner makes bytes readable for a strict parser. What XML forbids becomes
// U+FFFD: bytes that are not UTF-8, control characters, and references to such
// characters (&#1;). It refuses DTDs, and too long tags. It tells tags, text,
// comments and CDATA apart as encoding/xml does.
type cleaner struct {
	in   byte // one of the constants, or the quote in which an attribute stands
	tag  int  // bytes of the tag so far
	last [2]byte

	text   int  // bytes of the text so far
	entity bool // a reference is open in it
}

const (
	inText    = 0
	inTag     = '<'
	inComment = '-'
	inCDATA   = '['
	inPI      = '?'
)

func (c *cleaner) Reset() { *c = cleaner{} }

// Transform implements transform.Transformer.
func (c *cleaner) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	for nSrc < len(src) {
		const longest = 16 // of what is looked at, or written, at a time
		if len(dst)-nDst < longest {
			return nDst, nSrc, transform.ErrShortDst
		}
		if n := plainRun(src[nSrc:min(len(src), nSrc+len(dst)-nDst)]); n > 0 {
			if err := c.pass(n); err != nil {
				return nDst, nSrc, err
			}
			if c.keeps(src[nSrc : nSrc+n]) {
				nDst += copy(dst[nDst:], src[nSrc:nSrc+n])
			}
			nSrc += n
			continue
		}
		rest := src[nSrc:]
		ahead := rest[:min(len(rest), longest)]
		out, n, ok := c.next(ahead, atEOF || len(rest) >= longest)
		if !ok {
			return nDst, nSrc, transform.ErrShortSrc
		}
		was := c.in
		if err := c.follow(rest[:n]); err != nil {
			return nDst, nSrc, err
		}
		switch keep := c.keeps(rest[:n]); {
		case was == inCDATA && c.in == inText && c.text > maxText: // what belongs to its end may have been left out
			nDst += copy(dst[nDst:], "]]>")
			c.text = 0
		case keep || was != c.in:
			nDst += copy(dst[nDst:], out)
		}
		nSrc += n
	}
	return nDst, nSrc, nil
}

const replacement = "\uFFFD"

// next returns the bytes to write for the first n of b. ok is false where more
// must be seen, which enough says that it is not to come.
func (c *cleaner) next(b []byte, enough bool) (out []byte, n int, ok bool) {
	switch first := b[0]; {
	case first >= utf8.RuneSelf:
		if !enough && !utf8.FullRune(b) {
			return nil, 0, false
		}
		r, n := utf8.DecodeRune(b)
		if !legal(r) || r == utf8.RuneError && n == 1 {
			return []byte(replacement), n, true
		}
		return b[:n], n, true
	case !legal(rune(first)):
		return []byte(replacement), 1, true
	case first == '&' && (c.in == inText || c.quoted()):
		end := bytes.IndexByte(b, ';')
		if end < 0 && !enough {
			return nil, 0, false
		}
		if end > 0 && forbidden(b[:end]) {
			return []byte(replacement), end + 1, true
		}
	case first == '<' && c.in == inText:
		if !enough && len(b) < len("<![CDATA[") {
			return nil, 0, false
		}
		for _, opener := range []string{"<!--", "<![CDATA[", "<!", "<?"} {
			if bytes.HasPrefix(b, []byte(opener)) {
				return b[:len(opener)], len(opener), true
			}
		}
	}
	return b[:1], 1, true
}

// follow keeps track of where the bytes leave us.
func (c *cleaner) follow(b []byte) error {
	before := c.last
	if err := c.pass(len(b)); err != nil {
		return err
	}
	c.last = [2]byte{before[1], b[0]}
	if len(b) > 1 {
		c.last = [2]byte{} // an opener is not also the beginning of a closer
	}
	switch c.in {
	case inText:
		switch string(b) {
		case "<":
			c.in, c.tag = inTag, 1
		case "<!--":
			c.in = inComment
		case "<![CDATA[":
			c.in = inCDATA
		case "<?":
			c.in = inPI
		case "<!":
			return fmt.Errorf("%w: it has a DTD, which no SOAP may have", ErrRefused)
		}
	case inTag:
		switch b[0] {
		case '"', '\'':
			c.in = b[0]
		case '>':
			c.in = inText
		}
	case inComment:
		c.leave(b[0] == '>' && before == [2]byte{'-', '-'})
	case inCDATA:
		c.leave(b[0] == '>' && before == [2]byte{']', ']'})
	case inPI:
		c.leave(b[0] == '>' && before[1] == '?')
	case b[0]: // the closing quote
		c.in = inTag
	}
	return nil
}

// pass counts n bytes, none of which closes anything.
func (c *cleaner) pass(n int) error {
	c.last = [2]byte{}
	if c.in == inTag || c.quoted() {
		if c.tag += n; c.tag > maxTag {
			return fmt.Errorf("%w: one tag has more than %d KiB", ErrTooLarge, maxTag>>10)
		}
	}
	return nil
}

// keeps counts what stands in a text, and reports whether it is kept. It begins to
// leave out where no reference is open.
func (c *cleaner) keeps(b []byte) bool {
	if c.in != inText && c.in != inCDATA {
		c.text, c.entity = 0, false
		return true
	}
	if c.text > maxText {
		return false
	}
	c.text += len(b)
	if c.in == inText {
		if b[0] == '&' {
			c.entity = len(b) == 1
		} else if bytes.IndexByte(b, ';') >= 0 {
			c.entity = false
		}
	}
	if c.text > maxText && c.entity {
		c.text = maxText
	}
	return true
}

// plainRun is how many bytes mean themselves, wherever they stand.
func plainRun(b []byte) int {
	for i, c := range b {
		if c < 0x20 && c != '\n' && c != '\t' || c >= 0x7f || c == '&' || c == '<' || c == '>' ||
			c == '"' || c == '\'' || c == '-' || c == ']' || c == '?' {
			return i
		}
	}
	return len(b)
}

func (c *cleaner) leave(yes bool) {
	if yes {
		c.in = inText
	}
}

func (c *cleaner) quoted() bool { return c.in == '"' || c.in == '\'' }

// forbidden reports whether a reference, without its semicolon, is to a
// character that XML does not have.
func forbidden(ref []byte) bool {
	digits, ok := strings.CutPrefix(string(ref), "&#")
	if !ok {
		return false
	}
	base := 10
	if hex, ok := strings.CutPrefix(digits, "x"); ok {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 64)
	return err == nil && (n > utf8.MaxRune || !legal(rune(n)))
}

// legal tells what XML 1.0 has as a character.
func legal(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r <= 0xD7FF ||
		r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= utf8.MaxRune
}
