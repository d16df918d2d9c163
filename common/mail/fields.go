package mail

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxFields bounds the fields of one header block.
const maxFields = 2000

// header reads a header block (RFC 5322 §2.2) line by line. A line that is no
// field is left out and noted; where only such lines remain before the blank
// line, the blank line was forgotten and the body begins with them.
func (w *walker) header(b []byte) (Header, []byte) {
	block := headerBlock{w: w, d: w.d}
	rest := b
	for number := 1; ; number++ {
		if len(b)-len(rest) >= w.lim.Header || len(block.fields) >= maxFields-1 { // and the open one
			w.d.add(fmt.Sprintf("header: more than %d bytes or %d fields, the rest left out", w.lim.Header, maxFields))
			return block.finish(), afterBlankLine(rest)
		}
		if len(rest) == 0 {
			break
		}
		line, next := cutLine(rest)
		if len(line) == 0 {
			if block.pending == nil {
				return block.ended(b, next)
			}
			break
		}
		if len(line) > w.lim.Header {
			w.d.add(fmt.Sprintf("header: line %d is longer than %d bytes, cut", number, w.lim.Header))
			line = line[:w.lim.Header]
		}
		block.line(line, rest, number)
		rest = next
	}
	if block.pending == nil {
		return block.ended(b, nil)
	}
	w.d.add(fmt.Sprintf("header: no blank line after it, the body begins at line %d", block.pendingLine))
	return block.finish(), block.pending
}

// afterBlankLine skips the rest of a header block that is not read.
func afterBlankLine(b []byte) []byte {
	for len(b) > 0 {
		var line []byte
		if line, b = cutLine(b); len(line) == 0 {
			return b
		}
	}
	return nil
}

// headerBlock gathers fields while their lines are read.
type headerBlock struct {
	w      *walker
	d      *defects
	fields []field
	name   string       // of the field being read
	value  bytes.Buffer // its lines, joined
	folds  []int        // where its second line begins in value, and so on

	pending     []byte // where the lines begin that are no fields, nil if the last line was one
	pendingLine int
	badFirst    bool     // the very first line is no field
	refused     []string // the defects of those lines, if they stay part of the header
}

// line takes one line; at is the text from this line on.
func (h *headerBlock) line(line, at []byte, number int) {
	folded := line[0] == ' ' || line[0] == '\t'
	if folded && h.pending != nil {
		return // it continues a line that is no field
	}
	if folded && h.name != "" {
		h.folds = append(h.folds, h.value.Len())
		h.value.Write(line)
		return
	}
	if folded {
		line = bytes.TrimLeft(line, " \t")
		h.d.add("header: begins with a folded line")
		if len(line) == 0 {
			return
		}
	}
	name, value := cutField(line)
	if name == "" {
		h.refuse(line, at, number)
		return
	}
	for _, s := range h.refused {
		h.d.add(s)
	}
	h.pending, h.refused = nil, nil
	h.close()
	h.name = name
	h.value.Write(value)
}

// refuse notes a line that is no field. After a value that visibly goes on, it
// is a continuation whose blanks were lost: dropping it would cost a mail its
// boundary.
func (h *headerBlock) refuse(line, at []byte, number int) {
	what := fmt.Sprintf("header: line %d has no colon", number)
	if bytes.IndexByte(line, ':') >= 0 {
		what = fmt.Sprintf("header: line %d has no valid field name", number)
	}
	sofar := bytes.TrimRight(h.value.Bytes(), " \t")
	if h.pending == nil && len(sofar) > 0 && (sofar[len(sofar)-1] == ';' || sofar[len(sofar)-1] == ',') {
		h.d.add(what + ", joined to the line before")
		h.value.WriteByte(' ')
		h.value.Write(line)
		return
	}
	if h.pending == nil {
		h.pending, h.pendingLine = at, number
	}
	h.badFirst = h.badFirst || number == 1
	if len(h.refused) < maxDefects {
		h.refused = append(h.refused, what)
	}
}

// close ends the field being read.
func (h *headerBlock) close() {
	if h.name == "" {
		return
	}
	raw := bytes.TrimRight(h.value.Bytes(), " \t\r")
	value := bytes.TrimLeft(raw, " \t\r")
	f := h.w.field(h.name, string(value))
	for _, at := range h.folds {
		if at -= len(raw) - len(value); at > 0 && at < len(value) {
			f.folds = append(f.folds, at)
		}
	}
	h.fields = append(h.fields, f)
	h.name, h.folds = "", h.folds[:0]
	h.value.Reset()
}

// ended closes a block at its blank line. Where the first line is no field and
// none of the others is one that mails have, the whole is a text without a
// header, such as a bare clearsigned one with its "Hash:" line.
func (h *headerBlock) ended(all, body []byte) (Header, []byte) {
	header := h.finish()
	if h.badFirst && !header.mailLike() {
		return Header{}, all
	}
	return header, body
}

// mailLike reports whether a field is there that mails and parts begin with.
func (h Header) mailLike() bool {
	for _, f := range h.fields {
		switch name := strings.ToLower(f.name); name {
		case "from", "to", "cc", "subject", "date", "message-id", "received", "return-path", "sender", "reply-to", "mime-version":
			return true
		default:
			if strings.HasPrefix(name, "content-") || strings.HasPrefix(name, "x-") {
				return true
			}
		}
	}
	return false
}

func (h *headerBlock) finish() Header {
	h.close()
	return Header{fields: h.fields}
}

// cutField splits "Name: value". The name is "" if the line is no field.
// Blanks before the colon are obsolete syntax (RFC 5322 §4.5) and accepted.
func cutField(line []byte) (name string, value []byte) {
	i := bytes.IndexByte(line, ':')
	if i < 0 {
		return "", nil
	}
	n := bytes.TrimRight(line[:i], " \t")
	for _, c := range n {
		if c <= ' ' || c >= 0x7f {
			return "", nil
		}
	}
	return string(n), line[i+1:]
}

// maxWords bounds the encoded words decoded in one mail: each may name a
// charset of its own, and a real mail has some dozens.
const maxWords = 10_000

// field decodes a field once, when it is read, so that what had to be
// tolerated is known with the mail.
func (w *walker) field(name, raw string) field {
	f := field{name: name, raw: raw, text: raw}
	if plain(raw) {
		return f
	}
	f.utf8 = toUTF8(raw)
	if !utf8.ValidString(raw) {
		w.raw8 = true // see settle
	}
	if w.words += strings.Count(raw, "=?"); w.words > maxWords {
		w.d.add(fmt.Sprintf("header: more than %d encoded words, the rest not decoded", maxWords))
		f.text = strings.TrimSpace(oneLine(f.utf8))
		return f
	}
	f.text = decodeUTF8(f.utf8, func(s string) { w.d.add("header: " + clip(name) + ": " + s) })
	return f
}

// plain reports whether a value needs no decoding.
func plain(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return !strings.Contains(s, "=?")
}

// noteRepeats notes fields that may stand only once (RFC 5322 §3.6, RFC 2045)
// and stand twice. The first one counts.
func (w *walker) noteRepeats(h Header) {
	for _, name := range []string{"From", "Sender", "Subject", "Date", "Message-ID", "To", "Cc", "In-Reply-To",
		"References", "Content-Type", "Content-Transfer-Encoding"} {
		n := 0
		for _, f := range h.fields {
			if strings.EqualFold(f.name, name) {
				n++
			}
		}
		if n > 1 {
			w.d.add("header: " + name + " stands more than once")
		}
	}
}
