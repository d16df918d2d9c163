package mail

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// HeaderCut is what [Message.Cut] says of a mail that stops in its header: then
// the header's last field is not whole either.
const HeaderCut = "its header does not end"

// lacking says what shows that the mail was cut. text is all of it, m's body
// has been read. An inner multipart without its end is none: mailers forget
// those, and nothing is missing behind them. One that cannot be divided at all is
// one if it stops within a line.
func (w *walker) lacking(m *Message, text []byte) string {
	why := ""
	switch {
	case len(m.Header.fields) == 0:
	case !endsBlank(text[:len(text)-len(m.body)]) && bytes.IndexByte(m.body, '\n') < 0:
		why = HeaderCut // behind a field, or in the name of the next
	case strings.HasPrefix(m.Body.Type, "multipart/") && w.open && (len(m.Body.Parts) > 0 || !bytes.HasSuffix(m.body, []byte("\n"))):
		why = "it is a multipart without its last boundary"
	case unsealed(m.Body):
		why = "its signed text has no end"
	default:
		why = shorter(m.Header, m.body)
	}
	if why != "" {
		w.d.add("mail: seems cut: " + why)
	}
	return why
}

// endsBlank reports whether the last line of the text is a blank one, as at the
// end of a header.
func endsBlank(text []byte) bool {
	end := bytes.ReplaceAll(text[max(0, len(text)-8):], []byte("\r"), nil)
	return bytes.HasSuffix(end, []byte("\n\n")) || string(end) == "\n"
}

// unsealed reports whether a text is a clearsigned one from its first line on, and
// the end of the signature is missing.
func unsealed(p *Part) bool {
	text := strings.TrimLeft(p.Text, " \t\n")
	if strings.HasPrefix(text, "-----BEGIN") && strings.HasPrefix(beginSigned, text) {
		return true
	}
	if p.Truncated || !strings.HasPrefix(text, beginSigned) {
		return false
	}
	_, signature, ok := Clearsigned(p.Text)
	return !ok || !strings.HasSuffix(signature, EndSignature+"\n")
}

// shorter compares the body with the length that its header gives: in bytes,
// with either line end, or in lines. A few bytes or lines less are the blank
// lines at its end. Where a relay encoded the body again the lengths are those
// before.
func shorter(h Header, body []byte) string {
	if h.Has("X-MIME-Autoconverted") {
		return ""
	}
	lines := bytes.Count(body, []byte("\n"))
	if want, ok := length(h, "Content-Length"); ok {
		size := len(body)
		plain := size - bytes.Count(body, []byte("\r\n"))
		crlf := plain + lines
		if size+2 < want && crlf != want {
			return fmt.Sprintf("its body has %d bytes of %d", size, want)
		}
	}
	if want, ok := length(h, "Lines"); ok && lines+2 < want {
		return fmt.Sprintf("its body has %d lines of %d", lines, want)
	}
	return ""
}

func length(h Header, name string) (int, bool) {
	n, err := strconv.Atoi(strings.TrimSpace(h.Get(name)))
	return n, err == nil && n > 0
}
