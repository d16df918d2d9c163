package mail

import (
	"strings"
	"unicode/utf8"

	"busbar/common/charset"
)

// encoded is the field's value as valid UTF-8, with its words still encoded.
func (f field) encoded() string {
	if f.utf8 != "" {
		return f.utf8
	}
	return f.raw
}

// encoded is the first value of a field as valid UTF-8, with its words still
// encoded.
func (h Header) encoded(name string) string {
	f, _ := h.find(name)
	return f.encoded()
}

// settle reads the fields again that have raw bytes beyond ASCII and no UTF-8:
// those are in the charset that the mail's text is declared to be in, as far as
// anybody can know.
func (w *walker) settle(m *Message) {
	if !w.raw8 {
		return
	}
	label := ""
	if p := m.textPart(); p != nil {
		label = p.label
	}
	m.Body.each(func(p, _ *Part) {
		if label == "" {
			label = p.label
		}
	})
	w.readAgain(m.Header, label)
	m.Body.each(func(p, parent *Part) {
		own := label
		if p.Params["charset"] != "" {
			own = p.label
		}
		if parent != nil {
			if !w.readAgain(p.Header, own) {
				return
			}
		} else if !p.Header.hasRaw8() {
			return
		}
		_, p.Params = mediaType(p.Header.encoded("Content-Type"))
		p.Disposition, p.Filename = disposition(p.Header, p.Params)
	})
}

func (h Header) hasRaw8() bool {
	for _, f := range h.fields {
		if !utf8.ValidString(f.raw) {
			return true
		}
	}
	return false
}

// readAgain reads a header's raw bytes in a charset, and says whether it has any.
func (w *walker) readAgain(h Header, label string) (any bool) {
	name := "windows-1252"
	c, known := charset.Lookup(label)
	if known = known && c.Bytes(); known {
		name = c.Name()
	} else {
		label = ""
	}
	for i := range h.fields {
		f := &h.fields[i]
		if utf8.ValidString(f.raw) {
			continue
		}
		any = true
		w.d.add("header: " + clip(f.name) + " has raw 8-bit bytes, read as " + name)
		if !known {
			continue
		}
		f.utf8 = toUTF8As(f.raw, label)
		if w.words += strings.Count(f.raw, "=?"); w.words <= maxWords {
			f.text = decodeUTF8(f.utf8, func(string) {})
		} else {
			f.text = strings.TrimSpace(oneLine(f.utf8))
		}
	}
	return any
}
