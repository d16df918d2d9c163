package mail

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	// The import also sets message.CharsetReader for the whole program; it is
	// done here, once, and nothing here depends on that variable.
	"github.com/emersion/go-message/charset"
	"golang.org/x/text/encoding/charmap"
)

// aliases are charset names of real mails that no registry has, or whose
// registered meaning is narrower than what is sent under them.
var aliases = map[string]string{
	"utf8":                "utf-8",
	"x-utf-8":             "utf-8",
	"ascii":               "us-ascii",
	"ansi_x3.4-1968":      "us-ascii",
	"646":                 "us-ascii",
	"latin1":              "windows-1252",
	"latin-1":             "windows-1252",
	"iso-8859-1":          "windows-1252",
	"iso8859-1":           "windows-1252",
	"iso_8859-1":          "windows-1252",
	"iso-8859-1-windows":  "windows-1252",
	"_iso-8859-1":         "windows-1252",
	"cp1252":              "windows-1252",
	"cp-1252":             "windows-1252",
	"iso8859-15":          "iso-8859-15",
	"latin-9":             "iso-8859-15",
	"latin9":              "iso-8859-15",
	"gb2312":              "gb18030",
	"gb_2312-80":          "gb18030",
	"cp936":               "gb18030",
	"ks_c_5601-1987":      "euc-kr",
	"cp949":               "euc-kr",
	"cp1251":              "windows-1251",
	"cp1250":              "windows-1250",
	"cp932":               "shift_jis",
	"unicode-1-1-utf-8":   "utf-8",
	"utf-8-unknown":       "utf-8",
	"iso-8859-8-i":        "iso-8859-8",
	"windows-1252-latin1": "windows-1252",
}

// decodeCharset turns bytes in a declared charset into valid UTF-8. What does
// not fit the declaration is read as UTF-8 if it is, else as windows-1252, and
// the note says so.
func decodeCharset(declared string, b []byte) (text, note string) {
	name := strings.ToLower(strings.Trim(declared, " \t\"'"))
	name, _, _ = strings.Cut(name, "*") // RFC 2231 §5: a language may follow
	if to, ok := aliases[name]; ok {
		name = to
	}
	switch name {
	case "", "utf-8", "us-ascii":
		if utf8.Valid(b) {
			return string(b), ""
		}
		if name == "" {
			return windows1252(b), "no charset declared and not UTF-8, read as windows-1252"
		}
		return windows1252(b), "not " + name + " as declared, read as windows-1252"
	case "windows-1252":
		return windows1252(b), ""
	}
	text, err := fromCharset(name, b)
	if err == nil && strings.ContainsRune(text, utf8.RuneError) {
		note = fmt.Sprintf("bytes that are not %s as declared", clipCharset(name))
	}
	if err == nil {
		return text, note
	}
	if utf8.Valid(b) {
		return string(b), fmt.Sprintf("unknown charset %s, read as UTF-8", clipCharset(name))
	}
	return windows1252(b), fmt.Sprintf("unknown charset %s, read as windows-1252", clipCharset(name))
}

// fromCharset is the library's decoding; a panic in it is an error.
func fromCharset(name string, b []byte) (text string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("decoding charset: %v", r)
		}
	}()
	r, err := charset.Reader(name, bytes.NewReader(b))
	if err != nil {
		return "", err
	}
	out, err := io.ReadAll(r)
	if err != nil {
		return "", err
	}
	return strings.ToValidUTF8(string(out), "\uFFFD"), nil
}

func clipCharset(name string) string {
	if name = clip(name); len(name) > 40 {
		name = strings.ToValidUTF8(name[:40], "")
	}
	return fmt.Sprintf("%q", name)
}

func windows1252(b []byte) string {
	var out strings.Builder
	out.Grow(len(b) + len(b)/8)
	for _, c := range b {
		if c < utf8.RuneSelf {
			out.WriteByte(c)
		} else {
			out.WriteRune(charmap.Windows1252.DecodeByte(c))
		}
	}
	return out.String()
}

// toUTF8 reads raw header bytes: UTF-8 if they are, else windows-1252.
func toUTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return windows1252([]byte(s))
}

// oneLine replaces line breaks and control characters by spaces.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
}

// cleanText makes decoded text fit to keep: "\n" as the only line end, no NUL,
// no byte order mark.
func cleanText(s string) (text string, nul bool) {
	s = strings.TrimPrefix(s, "\uFEFF")
	if strings.IndexByte(s, 0) >= 0 {
		nul = true
		s = strings.ReplaceAll(s, "\x00", "\uFFFD")
	}
	if strings.IndexByte(s, '\r') < 0 {
		return s, nul
	}
	var out strings.Builder
	out.Grow(len(s))
	for {
		i := strings.IndexByte(s, '\r')
		if i < 0 {
			out.WriteString(s)
			return out.String(), nul
		}
		out.WriteString(s[:i])
		n := i
		for n < len(s) && s[n] == '\r' {
			n++
		}
		if n < len(s) && s[n] == '\n' {
			s = s[n:] // the line feed comes with what follows
			continue
		}
		for range n - i {
			out.WriteByte('\n')
		}
		s = s[n:]
	}
}
