package mail

import (
	"strings"
	"unicode/utf8"

	"busbar/common/charset"
)

// UndoubleQP removes the second quoted-printable layer that the archive's
// software (dak) puts on its signed mails since August 2022: after the declared
// decoding one still reads "urgency=3Dhigh". It says whether it did. Text is
// only changed if it bears the marks: a changelog heading with "urgency=3D", and
// then an odd byte is read by itself; or no "=" at all but those that such an
// encoder writes, if what comes out is UTF-8.
func UndoubleQP(text string) (string, bool) {
	if !strings.Contains(text, "=") {
		return text, false
	}
	heading := encodedHeading(text)
	if !heading && !allEncoded(text) {
		return text, false
	}
	out, odd := charset.Runs(tolerantQP(make([]byte, 0, len(text)), []byte(text)))
	if odd > 0 && !heading {
		return text, false
	}
	out, _, _ = cleanText(out)
	return out, true
}

// encodedHeading finds a changelog heading, " hello (2.10-3) unstable;
// urgency=3Dmedium", among a changes file's continuation lines.
func encodedHeading(text string) bool {
	for line := range strings.Lines(text) {
		if before, _, found := strings.Cut(line, "; urgency=3D"); found &&
			strings.HasPrefix(line, " ") && strings.Contains(before, "(") {
			return true
		}
	}
	return false
}

// allEncoded reports whether each "=" is one that a quoted-printable encoder
// writes: a soft line end, "=3D", a blank at a line's end, or a byte beyond
// ASCII. A text that has such bytes unencoded was not through one.
func allEncoded(text string) bool {
	for i := 0; i < len(text); i++ {
		if text[i] >= utf8.RuneSelf {
			return false
		}
		if text[i] != '=' {
			continue
		}
		rest := text[i+1:]
		if rest == "" || rest[0] == '\n' {
			continue
		}
		if len(rest) < 2 || rest[0] >= 'a' || rest[1] >= 'a' {
			return false
		}
		c, ok := unhex(rest[0], rest[1])
		atEnd := len(rest) == 2 || rest[2] == '\n'
		switch {
		case !ok:
			return false
		case c == '=' || c >= utf8.RuneSelf || (c == ' ' || c == '\t') && atEnd:
			i += 2
		default:
			return false
		}
	}
	return true
}
