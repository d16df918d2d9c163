package mail

import (
	"bytes"
	"fmt"
)

// maxBoundary is the longest boundary looked for, in bytes. RFC 2046 §5.1.1
// allows 70.
const maxBoundary = 1000

// multipart divides a body at its boundary. What cannot be divided is read as
// text, so that nothing is lost.
func (w *walker) multipart(p *Part, body []byte, depth int, encoding string) {
	p.Size = int64(len(body))
	if depth+1 >= w.lim.Depth {
		w.d.add(fmt.Sprintf("parts: nested deeper than %d, not entered", w.lim.Depth))
		return
	}
	if !w.spend(len(body)) {
		return
	}
	boundary := w.boundary(p, body)
	if boundary == "" {
		w.d.add("multipart: no usable boundary, read as text")
		w.text(p, body, encoding, "")
		return
	}
	if encoding != "" {
		w.d.add("multipart: has a transfer encoding, which is not allowed")
		if next, _ := cutDelimiter(body, []byte("--"+boundary)); next.kind == noDelimiter && w.spend(4*len(body)) {
			body, p.Size = w.transfer(encoding, body, len(body))
			encoding = ""
		}
	}
	w.split(p, body, boundary, depth)
	if p.Parts == nil {
		w.d.add("multipart: no part found, read as text")
		w.text(p, body, encoding, "")
	}
}

// split reads the parts one after another, without holding more than one
// place in the body. What stands before the first and after the last part is
// no content (RFC 2046 §5.1.1).
func (w *walker) split(p *Part, body []byte, boundary string, depth int) {
	implied := "text/plain"
	if p.Type == "multipart/digest" {
		implied = "message/rfc822"
	}
	dash := []byte("--" + boundary)
	at, rest := cutDelimiter(body, dash)
	w.open = at.kind == noDelimiter
	if at.kind == finalDelimiter && len(bytes.TrimSpace(body[:at.before])) == 0 && len(bytes.TrimSpace(rest)) == 0 {
		w.d.add("multipart: empty")
		p.Parts = []*Part{}
	}
	for at.kind == partDelimiter {
		if w.parts >= w.lim.Parts {
			w.tooMany()
			return
		}
		body = rest
		at, rest = cutDelimiter(body, dash)
		content := body[:at.before]
		h, inner := w.header(content)
		p.Parts = append(p.Parts, w.part(h, inner, depth+1, implied))
		if w.open = at.kind == noDelimiter; w.open {
			w.d.add("multipart: no final boundary")
			return
		}
	}
}

const (
	noDelimiter = iota
	partDelimiter
	finalDelimiter
)

// A delimiter is a boundary line. before is where the content ends that it
// closes: the line end ahead of it belongs to the delimiter.
type delimiter struct {
	kind   int
	before int
}

// cutDelimiter finds the next boundary line in b; dash is "--" and the
// boundary. rest is what follows the line.
func cutDelimiter(b, dash []byte) (at delimiter, rest []byte) {
	for from := 0; ; {
		i := bytes.Index(b[from:], dash)
		if i < 0 {
			return delimiter{before: len(b)}, nil
		}
		i += from
		from = i + 1
		if i > 0 && b[i-1] != '\n' {
			continue
		}
		line, after := cutLine(b[i:])
		tail := bytes.TrimRight(line[len(dash):], " \t")
		kind := partDelimiter
		switch {
		case string(tail) == "--":
			kind = finalDelimiter
		case len(tail) > 0:
			continue // a longer boundary, of another multipart
		}
		before := i
		if before > 0 {
			before--
			before = len(trimCR(b[:before]))
		}
		return delimiter{kind: kind, before: before}, after
	}
}
