// Package charset reads bytes as the text that somebody meant, whatever label
// they bear: none, a wrong one, one that only Windows or one mailer ever used.
// Mails, commits, SOAP and databases read theirs here, so that one name means
// one thing everywhere.
//
// A label is what the writer believed, and each run of bytes is what it is:
// UTF-8 in a text that is labelled otherwise, and odd bytes in a text that is
// UTF-8, are both common. See [Decode] for the rule.
//
// Not here: writing any charset but UTF-8, guessing languages, transfer
// encodings.
package charset

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
)

type kind int

const (
	runs    kind = iota // UTF-8 and ASCII: by runs, odd bytes as Windows-1252
	single              // a byte is a character; ASCII is ASCII
	multi               // one byte or more; bytes up to 0x2F are never part of others
	whole               // what its bytes mean depends on those before, or ASCII is not ASCII
	ebcdic              // not even a line end is what it seems
	utf16or             // UTF-16 and UTF-32: nothing but NULs tell
)

// A Charset is one that can be read.
type Charset struct {
	name   string
	kind   kind
	page   func(byte) rune          // single, ebcdic
	looks  *[128]look               // single: of page
	low    map[byte]rune            // single: bytes below 0x20 that are letters
	beside *charmap.Charmap         // single: for bytes that page has nothing for
	enc    encoding.Encoding        // multi
	size   func([]byte) (int, bool) // multi: bytes of the next character, and whether it is a rare one
	read   func([]byte) []byte      // whole, utf16or: appends nothing, returns UTF-8 with U+FFFD
}

// Name is the name of the charset here: the one that is preferred in mail, where
// there is one.
func (c *Charset) Name() string { return c.name }

// Stateful reports whether a byte's meaning depends on those before it (ISO-2022,
// HZ, UTF-7).
func (c *Charset) Stateful() bool { return c.kind == whole }

// Decode reads bytes under a label, as valid UTF-8. The note says what had to be
// tolerated, "" if nothing.
//
//   - No label, UTF-8, ASCII, or a label that nobody knows: what is valid UTF-8
//     is UTF-8, pairs of surrogates too (CESU-8); each odd byte is read as
//     Windows-1252. ISO-2022 is known by its escape sequences, where no label or
//     ASCII was given, and UTF-16 by its mark.
//   - A single-byte label: each run of bytes beyond ASCII is read both ways, and
//     is what looks like words. Most such runs are no UTF-8 at all; of the others,
//     "GrÃ¼ÃŸe" is UTF-8 and "четвёртый" is KOI8-R. What looks the same both ways
//     is what most runs of that text are.
//   - A multi-byte label (Shift_JIS, EUC, Big5, GB18030 ...): each word is what
//     the label says where its bytes are valid in it, unless they are UTF-8, too,
//     and make rarer characters of the label's. Bytes that are neither: see above.
//   - ISO-2022, HZ and UTF-7 are 7-bit: bytes beyond that are read by runs.
//   - UTF-16 and UTF-32 are believed where the text has a mark or NULs.
func Decode(label string, b []byte) (text, note string) {
	if rest, ok := bytes.CutPrefix(b, []byte("\xef\xbb\xbf")); ok {
		return decodeRuns("utf-8", rest)
	}
	c, known := Lookup(label)
	switch {
	case !known && Declared(label):
		if text, ok := unlabelled(b); ok {
			return text, fmt.Sprintf("unknown charset %s, read by its escape sequences", quoted(label))
		}
		text, odd := Runs(b)
		if odd > 0 {
			return text, fmt.Sprintf("unknown charset %s, read as windows-1252", quoted(label))
		}
		return text, fmt.Sprintf("unknown charset %s, read as UTF-8", quoted(label))
	case !known:
		return decodeRuns("", b)
	case c.kind == runs:
		return decodeRuns(c.name, b)
	}
	text, tolerated := c.Decode(b)
	if tolerated {
		note = fmt.Sprintf("bytes that are not %s as declared", quoted(c.name))
	}
	return text, note
}

// decodeRuns is for no label, or one whose charset is kept by runs.
func decodeRuns(name string, b []byte) (text, note string) {
	if name != "utf-8" {
		if text, ok := unlabelled(b); ok {
			return text, ""
		}
	}
	if utf16Mark(b) {
		return string(readUTF16(b, unknownOrder)), "UTF-16 by its mark"
	}
	text, odd := Runs(b)
	switch {
	case odd == 0:
		return text, ""
	case name == "":
		return text, "no charset declared and not UTF-8, read as windows-1252"
	}
	return text, "not " + name + " as declared, read as windows-1252"
}

// Decode reads bytes in this charset by the rule of the function Decode.
// tolerated says that not all of them are in it.
func (c *Charset) Decode(b []byte) (text string, tolerated bool) {
	switch c.kind {
	case single:
		return c.decodeSingle(b)
	case multi:
		return c.decodeMulti(b)
	case ebcdic:
		if isASCII(b) {
			return string(b), len(b) > 0
		}
		out := make([]byte, 0, len(b)*3/2)
		for _, x := range b {
			out = utf8.AppendRune(out, c.page(x))
		}
		return string(out), false
	case utf16or:
		if text, ok := notWide(b); ok {
			return text, len(b) > 0
		}
	case runs:
		text, odd := Runs(b)
		return text, odd > 0
	}
	out := c.read(b)
	return string(out), bytes.Contains(out, []byte("\ufffd")) && !bytes.Contains(b, []byte("\ufffd"))
}

// Text reads bytes that nobody labels and that should be UTF-8: by runs, or by
// the escape sequences of ISO-2022.
func Text(s string) string {
	text, _ := Decode("", []byte(s))
	return text
}

// isASCII tells text in ASCII from EBCDIC, whose letters are beyond it.
func isASCII(b []byte) bool {
	letters := 0
	for _, c := range b {
		if c >= 0x7f || c < ' ' && (c < '\t' || c > '\r') {
			return false
		}
		if isLetter(lookASCII(c).class) {
			letters++
		}
	}
	return letters > 2
}

// quoted makes a label fit to be shown.
func quoted(label string) string {
	label, _ = Runs([]byte(label[:min(len(label), 200)]))
	label = strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToLower(strings.Trim(label, " \t\"'")))
	if len(label) > 40 {
		label = strings.ToValidUTF8(label[:40], "")
	}
	return fmt.Sprintf("%q", label)
}

// Bytes reports whether text in this charset is ASCII but for bytes beyond it: what
// a document says of its own charset in ASCII can only be such a one.
func (c *Charset) Bytes() bool {
	return c.kind == runs || c.kind == single || c.kind == multi || c.kind == whole
}
