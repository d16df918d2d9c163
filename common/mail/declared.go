package mail

import (
	"strings"
	"unicode/utf8"

	"busbar/common/charset"
)

// declaredCharset is what Content-Type says of the charset, also where it says
// so in no way that a grammar has: "text/plain charset=koi8-r".
func declaredCharset(h Header, params map[string]string) string {
	if label := params["charset"]; charset.Declared(label) {
		return label
	}
	return findLabel(h.encoded("Content-Type"), "charset")
}

// findLabel finds the value of an attribute in text that may be anything around
// it: NAME, "=" or ":", and what follows up to a blank or a semicolon, or in
// quotes.
func findLabel(s, name string) string {
	for s != "" {
		i := indexFold(s, name)
		if i < 0 {
			return ""
		}
		before := byte(' ')
		if i > 0 {
			before = s[i-1]
		}
		s = s[i+len(name):]
		value := strings.TrimLeft(s, " \t\r\n*")
		if value == "" || value[0] != '=' && value[0] != ':' || base64Digit(before) {
			continue
		}
		value = strings.TrimLeft(value[1:], " \t\r\n")
		if value == "" {
			return ""
		}
		end := -1
		if q := value[0]; q == '"' || q == '\'' {
			if value = value[1:]; strings.IndexByte(value, q) >= 0 {
				end = strings.IndexByte(value, q)
			}
		}
		if end < 0 {
			if end = strings.IndexAny(value, " \t\r\n;,\"'<>/"); end < 0 {
				end = len(value)
			}
		}
		return value[:end]
	}
	return ""
}

// indexFold finds an ASCII name whatever its case.
func indexFold(s, name string) int {
	for i := 0; i+len(name) <= len(s); i++ {
		if s[i]|0x20 == name[0] && strings.EqualFold(s[i:i+len(name)], name) {
			return i
		}
	}
	return -1
}

// charsetOf chooses between what a part's header says of its text and what the
// text says of itself: HTML and XML do, and are believed where the header says
// nothing, or nothing that can be right.
func (p *Part) charsetOf(declared string, data []byte) string {
	c, known := charset.Lookup(declared)
	switch {
	case known && c.Name() != "utf-8" && c.Name() != "us-ascii":
		return declared
	case known && utf8.Valid(data):
		return declared
	}
	const most = 8 << 10 // bytes in which a document says what it is
	head := string(data[:min(len(data), most)])
	own := ""
	switch {
	case strings.HasSuffix(p.Type, "html"):
		if own = metaCharset(head); own == "" {
			own = xmlCharset(head)
		}
	case strings.HasSuffix(p.Type, "xml"):
		own = xmlCharset(head)
	}
	if c, ok := charset.Lookup(own); ok && c.Bytes() {
		return own
	}
	return declared
}

// metaCharset is what the first <meta> of HTML says that names a charset; what
// stands in a comment, or in another tag's attribute, is none (HTML Standard
// §13.2.3.2).
func metaCharset(head string) string {
	var q quotes
	for {
		i := strings.IndexByte(head, '<')
		if i < 0 {
			return ""
		}
		head = head[i:]
		switch {
		case strings.HasPrefix(head, "<!--"):
			head = afterComment(head, &q)
		case startsTag(head):
			end := tagEnd(head, &q)
			if tagName(head[1:end]) == "meta" {
				if label := findLabel(head[len("<meta"):end], "charset"); label != "" {
					return label
				}
			}
			head = head[end:]
		default:
			head = head[1:]
		}
	}
}

// xmlCharset is what an XML declaration says (XML 1.0 §2.8).
func xmlCharset(head string) string {
	head = strings.TrimLeft(head, " \t\r\n")
	if !strings.HasPrefix(head, "<?xml") {
		return ""
	}
	head, _, _ = strings.Cut(head, "?>")
	return findLabel(head, "encoding")
}
