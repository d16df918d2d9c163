package mail

import (
	"strings"
	"time"
)

// A Header is the fields of a mail or part, in order. Names are compared
// without regard to case.
type Header struct{ fields []field }

type field struct {
	name string
	raw  string // unfolded bytes
	text string // decoded, valid UTF-8, one line
	utf8 string // raw as valid UTF-8, its words still encoded; "" if raw is that

	folds []int // where the blanks of a folded line begin in raw
}

// folded is raw with a line feed for the blanks of each fold: that alone tells
// them from blanks of the value.
func (f field) folded() string {
	var out strings.Builder
	from := 0
	for _, at := range f.folds {
		out.WriteString(strings.TrimRight(f.raw[from:at], " \t"))
		out.WriteByte('\n')
		from = len(f.raw) - len(strings.TrimLeft(f.raw[at:], " \t"))
	}
	out.WriteString(f.raw[from:])
	return out.String()
}

func (h Header) find(name string) (field, bool) {
	for _, f := range h.fields {
		if len(f.name) == len(name) && strings.EqualFold(f.name, name) {
			return f, true
		}
	}
	return field{}, false
}

// Has reports whether there is a field of this name, even an empty one.
func (h Header) Has(name string) bool {
	_, ok := h.find(name)
	return ok
}

// Get returns the first value of a field, unfolded and decoded (RFC 2047), as
// one line of valid UTF-8; "" if there is none. A line break or control
// character, also one that was encoded, has become a space, so a value can
// never carry a second header line.
func (h Header) Get(name string) string {
	f, _ := h.find(name)
	return f.text
}

// Values returns all values of a field like [Header.Get], in order.
func (h Header) Values(name string) []string {
	var all []string
	for _, f := range h.fields {
		if strings.EqualFold(f.name, name) {
			all = append(all, f.text)
		}
	}
	return all
}

// Raw returns the first value's bytes as they came, unfolded and not decoded.
// It and what [Header.Bytes] gives may be invalid UTF-8.
func (h Header) Raw(name string) string {
	f, _ := h.find(name)
	return f.raw
}

// Names returns the name of each field as it was written, in order.
func (h Header) Names() []string {
	names := make([]string, len(h.fields))
	for i, f := range h.fields {
		names[i] = f.name
	}
	return names
}

// Address returns the one person that a field names, as [ParseAddress] reads
// its first value.
func (h Header) Address(name string) Address {
	f, _ := h.find(name)
	return ParseAddress(f.encoded())
}

// Addresses returns the addresses of all fields of this name, as tolerantly as
// [ParseAddress] reads each.
func (h Header) Addresses(name string) []Address {
	var all []Address
	for _, f := range h.fields {
		if strings.EqualFold(f.name, name) {
			all = append(all, parseAddresses(f.encoded())...)
		}
	}
	return all
}

// Bytes returns the first value's bytes, unfolded, with the encoding taken off
// encoded words that stand by themselves: what an identifier is made of. It may
// be invalid UTF-8; [Escaped] writes it as text.
func (h Header) Bytes(name string) string {
	f, _ := h.find(name)
	return unwrapped(f.raw)
}

// MessageID returns the id in a field (RFC 5322 §3.6.4) without its angle
// brackets; of a value that is no id in brackets, all of it. It is made of the
// bytes, so that two ids are the same only if their bytes are, and [Escaped].
func (h Header) MessageID(name string) string {
	f, _ := h.find(name)
	return messageID(f.raw)
}

// MessageIDs returns the ids of all fields of this name, as of References and
// In-Reply-To; words between them are left out. They are written as
// [Header.MessageID] writes its.
func (h Header) MessageIDs(name string) []string {
	var all []string
	for _, f := range h.fields {
		if strings.EqualFold(f.name, name) {
			all = append(all, messageIDs(f.raw)...)
		}
	}
	return all
}

// Time reads a date (RFC 5322 §3.3, and what was written before and beside
// it) and returns it in UTC with the text as it stood. The time is zero if
// there is none, it cannot be read, could be two days, or is of a year in which
// there was no mail. A date without a zone, or with a zone
// name that nobody knows, is taken as UTC (RFC 5322 §4.3).
func (h Header) Time(name string) (t time.Time, raw string) {
	f, _ := h.find(name)
	return ParseTime(f.text), f.text
}
