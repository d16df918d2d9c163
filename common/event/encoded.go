package event

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"maps"
	"slices"
	"strings"
)

// An Encoded is a message whose members are each in canonical form. What is
// hashed, signed and sent differs in a few members only: it is put together from
// the same parts, and nothing is encoded twice.
type Encoded struct{ members []member } // sorted by name

// A member is `"name":value` in canonical form.
type member struct {
	name  string
	text  []byte
	value int // where the value begins
}

// Encode encodes the members of a message's tree (see Canonical).
func Encode(tree map[string]any) (*Encoded, error) {
	m := &Encoded{members: make([]member, 0, len(tree)+len(SignatureMembers))}
	var e encoder
	ends := make([]int, 0, 2*len(tree))
	for _, k := range slices.Sorted(maps.Keys(tree)) {
		e.text(k)
		e.b = append(e.b, ':')
		ends = append(ends, len(e.b))
		if err := e.value(tree[k]); err != nil {
			return nil, err
		}
		ends = append(ends, len(e.b))
		m.members = append(m.members, member{name: k})
	}
	for i, from := 0, 0; i < len(m.members); i++ {
		value, to := ends[2*i], ends[2*i+1]
		m.members[i].text, m.members[i].value = e.b[from:to:to], value-from
		from = to
	}
	return m, nil
}

// Clone is a copy that can be changed alone.
func (m *Encoded) Clone() *Encoded { return &Encoded{members: slices.Clone(m.members)} }

// Set puts a text in the place of a member, or adds it.
func (m *Encoded) Set(name, text string) {
	var e encoder
	e.text(name)
	e.b = append(e.b, ':')
	one := member{name: name, value: len(e.b)}
	e.text(text)
	one.text = e.b
	i, found := m.find(name)
	if found {
		m.members[i] = one
	} else {
		m.members = slices.Insert(m.members, i, one)
	}
}

// Delete takes a member away.
func (m *Encoded) Delete(name string) {
	if i, found := m.find(name); found {
		m.members = slices.Delete(m.members, i, i+1)
	}
}

// Member is the canonical form of a member's value; nil: there is none.
func (m *Encoded) Member(name string) []byte {
	i, found := m.find(name)
	if !found {
		return nil
	}
	return m.members[i].text[m.members[i].value:]
}

func (m *Encoded) find(name string) (int, bool) {
	return slices.BinarySearchFunc(m.members, name, func(a member, b string) int { return strings.Compare(a.name, b) })
}

// Bytes is the canonical form of the whole.
func (m *Encoded) Bytes() []byte {
	size := 2
	for _, one := range m.members {
		size += len(one.text) + 1
	}
	b := append(make([]byte, 0, size), '{')
	for i, one := range m.members {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, one.text...)
	}
	return append(b, '}')
}

// Hash is what Hash says of the tree.
func (m *Encoded) Hash() string { return hex.EncodeToString(m.Sum(Chained())) }

// Sum is what s makes of the message.
func (m *Encoded) Sum(s *Sum) []byte {
	for _, one := range m.members {
		_, _ = s.next(one.name).Write(one.text)
	}
	return s.Sum()
}

// A Sum is a hash of a message's canonical form without some of its members. It
// is for one message.
type Sum struct {
	hash    hash.Hash
	without []string
	begun   bool
}

// NewSum makes a sum.
func NewSum(h hash.Hash, without ...string) *Sum { return &Sum{hash: h, without: without} }

// Chained is the sum that identifies a message in its chain; see Hash.
func Chained() *Sum { return NewSum(sha256.New(), SignatureMembers[:]...) }

// next is where the next member goes.
func (s *Sum) next(name string) io.Writer {
	if slices.Contains(s.without, name) {
		return io.Discard
	}
	separator := ","
	if !s.begun {
		s.begun, separator = true, "{"
	}
	_, _ = io.WriteString(s.hash, separator) // a hash takes everything
	return s.hash
}

// Sum is the result, once the message is written.
func (s *Sum) Sum() []byte {
	if !s.begun {
		_, _ = io.WriteString(s.hash, "{")
	}
	_, _ = io.WriteString(s.hash, "}")
	return s.hash.Sum(nil)
}

// WriteSums encodes a message once for all sums, and in pieces: the canonical form
// may be six times as long as what a stranger sent, and a hash needs no copy of it.
func WriteSums(tree map[string]any, sums ...*Sum) error {
	writers := make([]io.Writer, len(sums))
	var e encoder
	for _, k := range slices.Sorted(maps.Keys(tree)) {
		for i, s := range sums {
			writers[i] = s.next(k)
		}
		e.w = io.MultiWriter(writers...)
		e.text(k)
		e.b = append(e.b, ':')
		if err := e.value(tree[k]); err != nil {
			return err
		}
		if e.flush(); e.err != nil {
			return e.err
		}
	}
	return nil
}

// Hash identifies a message in its publisher's chain: the SHA-256, in hex, of
// its canonical bytes without what the signer adds. It survives a relay that
// writes the JSON again, and does not wait for a signature.
func Hash(tree map[string]any) (string, error) {
	sum := Chained()
	if err := WriteSums(tree, sum); err != nil {
		return "", fmt.Errorf("hashing a message: %w", err)
	}
	return hex.EncodeToString(sum.Sum()), nil
}
