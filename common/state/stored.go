package state

import (
	"encoding/binary"
	"errors"
	"slices"
)

// errForm says that what is stored is no thing.
var errForm = errors.New("it is no state")

// form is the first byte of what is stored: how the rest is to be read.
const form = 1

// Append appends the thing as it is stored: what was said and when, and who said it, in
// one form.
func (t *Thing) Append(b []byte) []byte {
	text := func(s string) { b = append(binary.AppendUvarint(b, uint64(len(s))), s...) }
	number := func(n int64) { b = binary.AppendUvarint(b, uint64(max(n, 0))) }
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

// Read reads a thing that Append has written. Its texts are parts of one copy of it.
func Read(stored []byte) (*Thing, error) {
	r := &reading{rest: string(stored), ok: true}
	if r.rest == "" {
		return &Thing{}, nil
	}
	if r.rest[0] != form {
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
	rest string
	ok   bool
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
	n := r.number()
	if n > int64(len(r.rest)) {
		r.ok, r.rest = false, ""
		return ""
	}
	s := r.rest[:n]
	r.rest = r.rest[n:]
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
