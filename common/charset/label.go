package charset

import (
	"strconv"
	"strings"
	"sync"
)

// Lookup finds the charset that a label names, in the spelling of any registry,
// program or person: case, quotes, blanks, hyphens and underscores do not
// matter (Unicode Technical Standard 22 §1.4); a comment (RFC 822 §3.4.3), a
// language (RFC 2231 §5) or another parameter may follow.
func Lookup(label string) (*Charset, bool) {
	const most = 200 // bytes of a label that are worth a look
	name := squeeze(bare(label[:min(len(label), most)]))
	if name == "" {
		return nil, false
	}
	all := index()
	for _, prefix := range []string{"", "x", "cs", "charset", "encoding"} {
		short, found := strings.CutPrefix(name, prefix)
		if !found {
			continue
		}
		for _, suffix := range []string{"", "charset", "encoding", "unknown", "bom", "sig", "nobom"} {
			if shorter, found := strings.CutSuffix(short, suffix); found {
				if c := all[shorter]; c != nil {
					return c, true
				}
				if page := codePage(shorter); page != "" && all[page] != nil {
					return all[page], true
				}
			}
		}
	}
	return nil, false
}

// Declared reports whether a label says anything at all.
func Declared(label string) bool { return bare(label[:min(len(label), 200)]) != "" }

// bare takes a label out of its quotes, comments and what follows it.
func bare(label string) string {
	var out []byte
	depth := 0
	for i := 0; i < len(label); i++ {
		switch c := label[i]; {
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
		case depth > 0:
		case c == ';' || c == ',' || c == '*':
			if len(strings.Trim(string(out), " \t\r\n")) > 0 {
				return trimmed(out)
			}
		default:
			out = append(out, c)
		}
	}
	return trimmed(out)
}

func trimmed(b []byte) string { return strings.Trim(string(b), " \t\r\n\"'`<>=.:\\") }

// squeeze leaves letters of ASCII, in lower case, and digits without leading
// zeros.
func squeeze(label string) string {
	out := make([]byte, 0, len(label))
	for i := 0; i < len(label); i++ {
		c := label[i]
		switch {
		case 'A' <= c && c <= 'Z':
			c |= 0x20
		case 'a' <= c && c <= 'z', '1' <= c && c <= '9':
		case c == '0' && len(out) > 0 && '0' <= out[len(out)-1] && out[len(out)-1] <= '9':
		default:
			continue
		}
		out = append(out, c)
	}
	return string(out)
}

// codePage writes the ways in which people name code pages as one: cp1251 for
// windows-1251, win1251, ibm-1251, ms1251, ansi1251, codepage1251 and 1251.
func codePage(name string) string {
	digits := strings.TrimLeft(name, "abcdefghijklmnopqrstuvwxyz")
	switch name[:len(name)-len(digits)] {
	case "cp", "xcp", "windows", "win", "ibm", "ms", "microsoft", "microsoftcp", "mscp", "ansi", "oem", "dos", "codepage", "page", "ccsid", "":
	default:
		return ""
	}
	if n, err := strconv.Atoi(digits); err == nil && n > 9 {
		return "cp" + strconv.Itoa(n)
	}
	return ""
}

// index finds a charset by each of its names, squeezed.
var index = sync.OnceValue(func() map[string]*Charset {
	all := map[string]*Charset{}
	for _, e := range table() {
		c := e.Charset
		if c.kind == single {
			c.looks = new([128]look)
			for i := range c.looks {
				c.looks[i] = lookAt(c.page(0x80 + byte(i)))
			}
		}
		for i, name := range strings.Fields(e.names) {
			if i == 0 {
				c.name = name
			}
			all[squeeze(name)] = &c
			if page := codePage(squeeze(name)); page != "" {
				all[page] = &c
			}
		}
	}
	return all
})
