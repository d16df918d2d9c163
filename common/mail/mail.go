// Package mail reads one mail as old archives and trackers really hold them:
// with a missing header, raw 8-bit names, wrong charsets, cut base64 or a
// thousand nested parts. [Parse] never fails and never panics. It takes what
// can be understood, says in Defects what it tolerated, and stays within
// [Limits] whatever it is given.
//
// Headers and the division into parts are read here, line by line, because
// one bad line must never cost the rest of a mail. Transfer encodings are
// go-message's, each call guarded, with a tolerant second reading where the
// first one stops; charsets are common/charset's.
//
// Not here: fetching or storing mail, verifying signatures (the signed text is
// only found), writing mail, and any knowledge of what a mail means: that is
// the adapters'.
package mail

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"busbar/common/runes"
)

// Limits bounds what one mail may cost. A zero field takes its value from
// [DefaultLimits].
type Limits struct {
	Bytes  int64 // bytes of the whole mail; a longer one is not read at all
	Header int   // bytes of one header block; the rest of the block is left out
	Depth  int   // levels of nesting, embedded messages included
	Parts  int   // parts of the whole mail, embedded messages included
	Text   int   // bytes of decoded text kept for each part
}

// DefaultLimits is 64 MiB a mail, 1 MiB a header, 32 levels, 1,000 parts and
// 4 MiB of text a part.
func DefaultLimits() Limits {
	return Limits{Bytes: 64 << 20, Header: 1 << 20, Depth: 32, Parts: 1000, Text: 4 << 20}
}

func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	if l.Bytes <= 0 {
		l.Bytes = d.Bytes
	}
	if l.Header <= 0 {
		l.Header = d.Header
	}
	if l.Depth <= 0 {
		l.Depth = d.Depth
	}
	if l.Parts <= 0 {
		l.Parts = d.Parts
	}
	if l.Text <= 0 {
		l.Text = d.Text
	}
	return l
}

// A Message is one parsed mail. Every string in it is valid UTF-8 without NUL.
type Message struct {
	Header  Header
	Body    *Part    // the root part, never nil
	Digest  string   // SHA-256 of the raw bytes, lower-case hexadecimal
	Size    int      // raw bytes
	Raw     []byte   // what Parse was given, not copied; of an embedded mail, its part's bytes
	Defects []string // what was tolerated, in the order met; short, stable texts, bounded in number

	unreadable string
	cut        string
	body       []byte // everything after the header
}

// Cut says what shows that the end of the mail is missing, as where a mail system
// was stopped while it passed the mail on: the header does not end, the mail is a
// multipart without its last boundary or a signed text without its end, or the
// body is shorter than its header says. It is "" for a mail that seems whole.
func (m *Message) Cut() string { return m.cut }

// BodyDigest is the SHA-256 of the body, lower-case hexadecimal, whatever its
// line ends and the blank lines at its end: transports change these alone. It
// tells mails apart that have no id.
func (m *Message) BodyDigest() string {
	h := sha256.New()
	blank := 0
	for rest := m.body; len(rest) > 0; {
		var line []byte
		if line, rest = cutLine(rest); len(line) == 0 {
			blank++
			continue
		}
		for ; blank > 0; blank-- {
			h.Write([]byte{'\n'})
		}
		h.Write(line)
		h.Write([]byte{'\n'})
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Unreadable says why the bytes cannot be a mail at all: there are none, there
// are more than Limits.Bytes, or they are binary without a single header
// field. It is "" for everything else, however damaged.
func (m *Message) Unreadable() string { return m.unreadable }

// Parse reads a mail. It never fails: what could not be understood is in
// Defects. The raw bytes are kept in Raw: the caller must not change them.
func Parse(raw []byte, lim Limits) *Message {
	w := &walker{lim: lim.orDefault(), d: &defects{}}
	w.work = 16<<20 + 8*int64(len(raw))
	return w.message(raw, 0)
}

// message reads a mail or an embedded one. Nothing that goes wrong inside it
// may harm what stands around it, so each has a recover of its own.
func (w *walker) message(raw []byte, depth int) (m *Message) {
	outer, outside := w.d, w.raw8
	w.d, w.raw8 = &defects{}, false
	m = &Message{Size: len(raw), Raw: raw, Body: &Part{Type: "text/plain"}}
	sum := sha256.Sum256(raw)
	m.Digest = hex.EncodeToString(sum[:])
	defer func() {
		if r := recover(); r != nil {
			w.d.add(clip(fmt.Sprintf("parser: stopped by a fault of its own: %v", r)))
		}
		m.Defects = w.d.list
		outer.embed(w.d)
		w.d, w.raw8 = outer, outside
	}()

	if int64(len(raw)) > w.lim.Bytes {
		m.unreadable = fmt.Sprintf("longer than %d bytes", w.lim.Bytes)
		w.d.add("mail: " + m.unreadable + ", not read")
		return m
	}
	text := w.prepare(raw)
	if len(bytes.TrimSpace(text)) == 0 {
		m.unreadable = "empty"
		w.d.add("mail: empty")
		return m
	}
	m.Header, m.body = w.header(text)
	if len(m.Header.fields) == 0 {
		w.d.add("header: none")
		if binary(text) {
			m.unreadable = "binary data without a header"
			w.d.add("mail: " + m.unreadable)
			m.Body.Type, m.Body.Size = "application/octet-stream", int64(len(text))
			return m
		}
	}
	w.noteRepeats(m.Header)
	w.noteDate(m.Header)
	w.open = false
	m.Body = w.part(m.Header, m.body, depth, "text/plain")
	w.settle(m)
	m.cut = w.lacking(m, text)
	return m
}

// binary tells data from text by its first bytes: text in any single-byte
// charset has hardly a control character.
func binary(b []byte) bool {
	b = b[:min(len(b), 4096)]
	odd := 0
	for _, c := range b {
		if c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != 0x1b || c == 0x7f {
			odd++
		}
	}
	return odd*20 > len(b)
}

// maxDefects bounds a mail's list of defects; one more entry says that there
// were others.
const maxDefects = 50

// defects collects what was tolerated: each text once, a bounded number.
type defects struct{ list []string }

func (d *defects) add(s string) {
	if len(d.list) > maxDefects {
		return
	}
	for _, have := range d.list {
		if have == s {
			return
		}
	}
	if len(d.list) == maxDefects {
		s = "more defects, not listed"
	}
	d.list = append(d.list, s)
}

// embed tells the outer mail of its embedded message's defects.
func (d *defects) embed(inner *defects) {
	const prefix = "embedded message: "
	for _, s := range inner.list {
		if len(s) < len(prefix) || s[:len(prefix)] != prefix {
			s = prefix + s
		}
		d.add(s)
	}
}

// clip makes a piece of a mail fit for a defect's text: short and printable.
func clip(s string) string {
	s, _ = runes.Cut(oneLine(toUTF8(s)), 120)
	return s
}
