package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"busbar/common/archive"
)

// A speaker makes messages: those of one number are always the same.
type speaker struct {
	world     *world
	templates [][]template
	seed      uint64
	of        int64            // messages in all
	there     int64            // of which an archive has so many, and no more; 0: all
	seqs      map[string]int64 // the newest number, by publisher
}

func newSpeaker(seed uint64, of int64) (*speaker, error) {
	templates, err := readTemplates()
	return &speaker{world: newWorld(seed), templates: templates, seed: seed, of: of, seqs: map[string]int64{}}, err
}

// say makes the messages after number n. They are as publishers would have signed
// them, but for signatures, which are random.
func (s *speaker) say(n int64, count int) ([][]byte, error) {
	list := make([][]byte, 0, count)
	var scratch []byte
	for range count {
		n++
		r := rand.New(rand.NewPCG(s.seed, uint64(n)))
		kind := s.templates[r.IntN(len(s.templates))]
		t := &kind[r.IntN(len(kind))]
		s.seqs[t.publisher]++
		m := maker{r: r, w: s.world, n: n, seq: s.seqs[t.publisher], at: at(n, s.of), scratch: scratch}
		list = append(list, m.message(t))
		scratch = m.scratch
	}
	return list, nil
}

// messages are those of say, read as a hub reads them.
func (s *speaker) messages(n int64, count int) ([]archive.Incoming, error) {
	wires, err := s.say(n, count)
	if err != nil {
		return nil, err
	}
	list := make([]archive.Incoming, len(wires))
	for i, wire := range wires {
		if list[i], err = archive.Read(wire); err != nil {
			return nil, fmt.Errorf("making message %d: %w", n+int64(i)+1, err)
		}
	}
	return list, nil
}

// A maker fills the slots of one message: the same name in all slots of one kind.
type maker struct {
	r      *rand.Rand
	w      *world
	n, seq int64
	at     time.Time

	pack, person, version, arch, severity, words string
	bug                                          int64

	scratch []byte
}

func (m *maker) message(t *template) []byte {
	m.pack, m.person, m.version = m.w.pack(m.r), m.w.person(m.r), versionOf(m.r)
	m.arch, m.severity = architectures[m.r.IntN(len(architectures))], severities[m.r.IntN(len(severities))]
	m.bug = bug(m.r, m.n)
	if t.topic == "org.debian.prod.debbugs.bug.create" {
		m.bug = bugAt(m.n) // two may be created at once
	}
	m.words = string(m.some(nil, 3+m.r.IntN(6)))
	b := m.scratch[:0]
	for i := range t.parts {
		b = m.fill(b, &t.parts[i])
	}
	m.scratch = b
	return bytes.Clone(b)
}

func (m *maker) fill(b []byte, p *part) []byte {
	switch p.slot {
	case literal:
		return append(b, p.bytes...)
	case packageName:
		return append(b, m.pack...)
	case bugNumber:
		return strconv.AppendInt(b, m.bug, 10)
	case personName:
		return append(b, m.person...)
	case personAddress:
		return append(b, address(m.person)...)
	case version:
		return append(b, m.version...)
	case architecture:
		return append(b, m.arch...)
	case severity:
		return append(b, m.severity...)
	case moment:
		return m.at.AppendFormat(b, time.RFC3339)
	case digest:
		return append(b, m.slice(m.w.hex, p.size)...)
	case words:
		return append(b, m.words...)
	case text:
		return m.some(b, 10+int(m.r.ExpFloat64()*50))
	case mailID:
		return append(append(b, m.slice(m.w.hex, 20)...), "@mail.example"...)
	case messageID:
		var raw uuid.UUID
		binary.BigEndian.PutUint64(raw[:8], m.r.Uint64())
		binary.BigEndian.PutUint64(raw[8:], m.r.Uint64())
		return append(append(strconv.AppendInt(b, int64(m.at.Year()), 10), '-'), raw.String()...)
	case number:
		return strconv.AppendInt(b, m.seq, 10)
	case timestamp:
		return strconv.AppendInt(b, m.at.Unix(), 10)
	case signature:
		return append(b, m.slice(m.w.random, p.size)...)
	}
	return b
}

func (m *maker) slice(of string, size int) string {
	from := m.r.IntN(len(of) - size)
	return of[from : from+size]
}

// some appends n words of what people write.
func (m *maker) some(b []byte, n int) []byte {
	const longest = 16 // of a word, and a blank
	from := m.r.IntN(len(m.w.prose) - (n+2)*longest)
	from += strings.IndexByte(m.w.prose[from:], ' ') + 1
	rest, size := m.w.prose[from:], 0
	for range n {
		size += strings.IndexByte(rest[size:], ' ') + 1
	}
	return append(b, rest[:size-1]...)
}
