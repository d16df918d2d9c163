package mail

import (
	"fmt"
	"strings"
)

// A Part is a mail's body or one part of it (RFC 2046).
type Part struct {
	Header      Header            // of the part; the root part's is the mail's
	Type        string            // media type, lower case: "text/plain"
	Params      map[string]string // of Content-Type, names lower case
	Disposition string            // "inline", "attachment", …, lower case; "" if none is given
	Filename    string            // last element only, never a path; "" if none is given
	Text        string            // of a text part: decoded, "\n" line ends
	Truncated   bool              // Text was cut at Limits.Text
	BareCR      bool              // Text has line ends that were carriage returns alone, within a line
	Size        int64             // bytes, transfer encoding removed
	Parts       []*Part           // of a multipart
	Message     *Message          // of a message/rfc822

	label string // the charset that Text was read in, as declared somewhere
}

// A walker carries what one Parse may still spend.
type walker struct {
	lim   Limits
	d     *defects // of the message being read
	parts int
	open  bool  // the last multipart that was read has no final boundary
	words int   // encoded words met
	raw8  bool  // a header has bytes that are no UTF-8
	work  int64 // bytes that may still be looked at again inside multiparts and embedded messages
}

// spend takes n bytes from the allowance for looking at nested bytes once
// more. Without it a mail of Depth levels would cost Depth times its size.
func (w *walker) spend(n int) bool {
	w.work -= int64(n)
	if w.work < 0 {
		w.d.add("parts: too much nested data, not entered")
		return false
	}
	return true
}

// part reads a part whose header is already known. implied is the type that
// holds where none is declared.
func (w *walker) part(h Header, body []byte, depth int, implied string) *Part {
	w.parts++
	p := &Part{Header: h}
	p.Type, p.Params = w.contentType(h, implied)
	p.Disposition, p.Filename = disposition(h, p.Params)
	encoding := transferEncoding(h)
	switch {
	case strings.HasPrefix(p.Type, "multipart/"):
		w.multipart(p, body, depth, encoding)
	case p.Type == "message/rfc822" || p.Type == "message/global" || p.Type == "message/news":
		w.embedded(p, body, depth, encoding)
	case isText(p.Type):
		w.text(p, body, encoding, declaredCharset(h, p.Params))
	default:
		_, p.Size = w.transfer(encoding, body, 0)
	}
	return p
}

// isText tells the types whose content is kept as text.
func isText(t string) bool {
	return strings.HasPrefix(t, "text/") || t == "application/pgp" || t == "message/delivery-status"
}

func (w *walker) contentType(h Header, implied string) (string, map[string]string) {
	raw := h.encoded("Content-Type")
	if raw == "" {
		return implied, nil
	}
	t, params := mediaType(raw)
	main, sub, ok := strings.Cut(t, "/")
	if t == "text" {
		w.d.add("content-type: text without a subtype, taken as text/plain")
		return "text/plain", params
	}
	if !ok || main == "" || sub == "" && main != "multipart" {
		w.d.add(fmt.Sprintf("content-type: unreadable, taken as %s", implied))
		return implied, params
	}
	return t, params
}

// disposition reads Content-Disposition (RFC 2183); the name may also be in
// Content-Type, as before 1995. It is never a path: no folder, no drive.
func disposition(h Header, params map[string]string) (disposition, filename string) {
	d, dp := mediaType(h.encoded("Content-Disposition"))
	filename = dp["filename"]
	if filename == "" {
		filename = params["name"]
	}
	if i := strings.LastIndexAny(filename, `/\`); i >= 0 {
		filename = filename[i+1:]
	}
	if len(filename) > 1 && filename[1] == ':' && 'a' <= filename[0]|0x20 && filename[0]|0x20 <= 'z' {
		filename = filename[2:]
	}
	if strings.Trim(filename, ". ") == "" {
		filename = ""
	}
	return d, filename
}

// text fills in a text part.
func (w *walker) text(p *Part, body []byte, encoding, charset string) {
	data, size := w.transfer(encoding, body, w.lim.Text)
	p.Size = size
	if p.Truncated = int64(len(data)) < size; p.Truncated {
		data = trimPartialRune(data)
	}
	p.label = p.charsetOf(charset, data)
	text, note := decodeCharset(p.label, data)
	if note != "" {
		w.d.add("text: " + note)
	}
	text, nul, cr := cleanText(text)
	if nul {
		w.d.add("text: contains NUL, shown as U+FFFD")
	}
	p.BareCR = cr
	if len(text) > w.lim.Text {
		text = string(trimPartialRune([]byte(text[:w.lim.Text])))
		p.Truncated = true
	}
	if p.Truncated {
		w.d.add(fmt.Sprintf("text: longer than %d bytes, cut", w.lim.Text))
	}
	p.Text = text
}

// embedded enters a message inside the mail (RFC 2046 §5.2.1).
func (w *walker) embedded(p *Part, body []byte, depth int, encoding string) {
	p.Size = int64(len(body))
	if depth+1 >= w.lim.Depth {
		w.d.add(fmt.Sprintf("parts: nested deeper than %d, not entered", w.lim.Depth))
		return
	}
	if w.parts >= w.lim.Parts {
		w.tooMany()
		return
	}
	cost := len(body)
	if encoding != "" {
		cost *= 4 // decoding is slow, and keeps a copy at each level
	}
	if !w.spend(cost) {
		return
	}
	if encoding != "" {
		w.d.add("embedded message: has a transfer encoding, which is not allowed")
		body, p.Size = w.transfer(encoding, body, len(body))
	}
	p.Message = w.message(body, depth+1)
}

func (w *walker) tooMany() {
	w.d.add(fmt.Sprintf("parts: more than %d, the rest not read", w.lim.Parts))
}
