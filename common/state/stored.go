package state

import (
	"encoding/binary"
	"errors"
	"slices"
)

// errForm says that what is stored is no thing.
var errForm = errors.New("it is no state")

// The first byte of what is stored says how the rest is to be read. A text is its place among
// those before it, or 0, its length and its bytes; in the plain form, which older programs
// wrote, length and bytes alone.
const (
	plainForm = 1
	form      = 2
)

// Append appends the thing as it is stored: what was said and when, and who said it, in
// one form.
func (t *Thing) Append(b []byte) []byte {
	var said texts
	number := func(n int64) { b = binary.AppendUvarint(b, uint64(max(n, 0))) }
	text := func(s string) {
		if i := slices.Index(said, s); i >= 0 {
			number(int64(i + 1))
			return
		}
		number(0)
		number(int64(len(s)))
		b = append(b, s...)
		said.add(s)
	}
	b = append(b, form)
	number(int64(len(t.stamps)))
	for _, s := range t.stamps {
		number(s.Time)
		number(s.Said)
		text(s.Publisher)
		text(s.Epoch)
		number(s.Turn)
		number(s.Seq)
		number(s.N)
	}
	number(int64(len(t.entries)))
	for _, e := range t.entries {
		text(e.source)
		text(e.member)
		text(e.element)
		text(e.value)
		number(int64(e.stamp))
	}
	return b
}

// texts are those that a stored thing has said, in their order: a later one that is the same
// is its place, from 1. Sources are said again for each member.
type texts []string

// maxTexts bounds how many are looked through for each text.
const maxTexts = 32

func (t *texts) add(s string) {
	if len(*t) < maxTexts {
		*t = append(*t, s)
	}
}

// Read reads a thing that Append has written. Its texts are parts of one copy of it.
func Read(stored []byte) (*Thing, error) {
	r := &reading{rest: string(stored), ok: true}
	if r.rest == "" {
		return &Thing{}, nil
	}
	switch r.rest[0] {
	case plainForm:
		r.plain = true
	case form:
	default:
		return nil, errForm
	}
	r.rest = r.rest[1:]
	t := &Thing{}
	n := r.count()
	t.stamps = make([]Stamp, 0, n+1)
	for range n {
		t.stamps = append(t.stamps, Stamp{Time: r.number(), Said: r.number(), Publisher: r.text(), Epoch: r.text(), Turn: r.number(), Seq: r.number(), N: r.number()})
	}
	n = r.count()
	t.entries = make([]entry, 0, n+4)
	for range n {
		e := entry{source: r.text(), member: r.text(), element: r.text(), value: r.text(), stamp: int(min(r.number(), int64(len(t.stamps))))}
		r.ok = r.ok && e.stamp < len(t.stamps) && (len(t.entries) == 0 || place(t.entries[len(t.entries)-1], e) < 0)
		t.entries = append(t.entries, e)
	}
	if !r.ok || r.rest != "" {
		return nil, errForm
	}
	return t, nil
}

// A reading is what is left to be read; ok is false where it was cut or makes no sense.
type reading struct {
	rest  string
	ok    bool
	plain bool // of a form in which each text is written out
	said  texts
}

func (r *reading) number() int64 {
	var n uint64
	for i := range min(len(r.rest), binary.MaxVarintLen64) {
		c := r.rest[i]
		n |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			r.rest = r.rest[i+1:]
			if int64(n) < 0 {
				break
			}
			return int64(n)
		}
	}
	r.ok, r.rest = false, ""
	return 0
}

func (r *reading) text() string {
	if !r.plain {
		if at := r.number(); at > int64(len(r.said)) {
			r.ok, r.rest = false, ""
			return ""
		} else if at > 0 {
			return r.said[at-1]
		}
	}
	n := r.number()
	if n > int64(len(r.rest)) {
		r.ok, r.rest = false, ""
		return ""
	}
	s := r.rest[:n]
	r.rest = r.rest[n:]
	r.said.add(s)
	return s
}

// count is a number of things that follow, each of at least one byte.
func (r *reading) count() int {
	n := r.number()
	if n > int64(len(r.rest)) {
		r.ok = false
		return 0
	}
	return int(n)
}

// Equal says whether two things are the same in all that was said of them.
func Equal(a, b *Thing) bool { return slices.Equal(a.Append(nil), b.Append(nil)) }
