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
// those, and nothing is missing behind them.
func (w *walker) lacking(m *Message, text []byte) string {
	why := ""
	switch {
	case len(m.Header.fields) == 0:
	case len(m.body) == 0 && !endsBlank(text):
		why = HeaderCut
	case strings.HasPrefix(m.Body.Type, "multipart/") && len(m.Body.Parts) > 0 && w.open:
		why = "it is a multipart without its last boundary"
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

// shorter compares the body with the length that its header gives: in bytes,
// with either line end, or in lines. A few bytes or lines less are the blank
// lines at its end. Where a relay encoded the body anew the lengths are those
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
