package charset

import (
	"bytes"
	"unicode/utf8"

	"golang.org/x/text/encoding"
)

// decodeMulti reads text that is labelled with a multi-byte charset, word by
// word: no byte up to 0x2F is ever the end of a longer character.
func (c *Charset) decodeMulti(b []byte) (text string, tolerated bool) {
	d := &multiReader{c: c, dec: c.enc.NewDecoder()}
	all := tally{valid: true}
	eachWord(b, func(from, to int) {
		if word := b[from:to]; mayBeUTF8(word) {
			v, label, eight := d.weigh(word)
			all.add(v, label, eight, utf8.Valid(word))
		} else {
			all.add(asLabelled, 0, 0, false)
		}
	})
	out := make([]byte, 0, len(b)*3/2+8)
	if all.allUTF8() {
		out, _ = appendRuns(out, b, OddByte)
		return string(out), true
	}
	bad := false
	var verdicts []verdict
	eachLine(b, func(from, to int) {
		line := tally{}
		verdicts = verdicts[:0]
		eachWord(b[from:to], func(f, t int) {
			v := asLabelled
			if word := b[from+f : from+t]; mayBeUTF8(word) {
				v, _, _ = d.weigh(word)
			}
			line.add(v, 0, 0, false)
			verdicts = append(verdicts, v)
		})
		at, n := from, 0
		eachWord(b[from:to], func(f, t int) {
			f, t = from+f, from+t
			out = append(out, b[at:f]...)
			v := verdicts[n]
			at, n = t, n+1
			if v == either {
				if v = line.most(); v == either {
					v = all.most()
				}
			}
			if v == asUTF8 {
				out, _ = appendRuns(out, b[f:t], OddByte)
				bad = true
				return
			}
			var odd int
			out, odd = d.appendWord(out, b[f:t])
			bad = bad || odd > 0
		})
		out = append(out, b[at:to]...)
	})
	return string(out), bad
}

// eachWord visits what stands between bytes that are a character by themselves
// in every charset, where it has bytes beyond ASCII.
func eachWord(b []byte, visit func(from, to int)) {
	for from := 0; from < len(b); {
		to, high := from, false
		for to < len(b) && b[to] > 0x2F {
			high = high || b[to] >= utf8.RuneSelf
			to++
		}
		if high {
			visit(from, to)
		}
		from = to + 1
	}
}

// mayBeUTF8 reports whether a word has any character of UTF-8 beyond ASCII.
func mayBeUTF8(word []byte) bool {
	for len(word) > 0 {
		_, n := nextRune(word)
		if n > 1 || n < -1 {
			return true
		}
		word = word[1:]
	}
	return false
}

// A multiReader reads words of one text.
type multiReader struct {
	c   *Charset
	dec *encoding.Decoder
	buf [512]byte
}

// weigh reads a word both ways.
func (d *multiReader) weigh(word []byte) (v verdict, label, eight int) {
	one, other, bad := start(nil), start(nil), false
	for rest := word; len(rest) > 0; {
		r, n, _ := d.next(rest)
		bad = bad || r == utf8.RuneError
		l := lookAt(r)
		if _, rare := d.c.size(rest); rare && isLetter(l.class) {
			l.rare = true
		}
		one.see(l)
		rest = rest[n:]
	}
	for rest := word; len(rest) > 0; {
		r, n := nextRune(rest)
		other.see(lookAt(r))
		rest = rest[max(n, -n):]
	}
	label, eight = one.end(nil), other.end(nil)
	valid := utf8.Valid(word)
	switch {
	case eight < label && (valid || bad):
		return asUTF8, label, eight
	case valid && !bad && eight == label:
		return either, label, eight
	}
	return asLabelled, label, eight
}

// appendWord appends a word as the label says. A byte that is no part of a
// character is odd, and read as Windows-1252; a character that the charset does
// not have is U+FFFD.
func (d *multiReader) appendWord(out, word []byte) ([]byte, int) {
	if len(word) <= len(d.buf)/4 {
		d.dec.Reset()
		n, _, err := d.dec.Transform(d.buf[:], word, true)
		if text := d.buf[:n]; err == nil && !bytes.Contains(text, []byte("\ufffd")) {
			return append(out, text...), 0
		}
	}
	bad := 0
	for len(word) > 0 {
		r, n, text := d.next(word)
		if text == nil {
			r = OddByte(word[0])
			out = utf8.AppendRune(out, r)
			bad++
		} else {
			out = append(out, text...)
		}
		if r == utf8.RuneError {
			bad++
		}
		word = word[n:]
	}
	return out, bad
}

// next reads the character that b begins with. Its text is nil where there is
// none, and has two characters for some of Big5's.
func (d *multiReader) next(b []byte) (r rune, n int, text []byte) {
	if b[0] < utf8.RuneSelf {
		return rune(b[0]), 1, b[:1]
	}
	if n, _ = d.c.size(b); n == 0 {
		return utf8.RuneError, 1, nil
	}
	d.dec.Reset()
	wrote, _, err := d.dec.Transform(d.buf[:], b[:n], true)
	if err != nil || wrote == 0 {
		return utf8.RuneError, n, []byte("\ufffd")
	}
	r, _ = utf8.DecodeRune(d.buf[:wrote])
	if r == utf8.RuneError {
		wrote = len("\ufffd") // one for all bytes
	}
	return r, n, d.buf[:wrote]
}

func in(c, first, last byte) bool { return first <= c && c <= last }

// The sizes of characters, 0 where b begins with none; rare ones are those
// beyond the first level of each standard, which has what people write. UTF-8
// that is read so consists of them.

func sizeGB(b []byte) (n int, rare bool) {
	switch {
	case b[0] == 0x80:
		return 1, true
	case b[0] == 0xFF || len(b) < 2:
		return 0, false
	case in(b[1], 0x40, 0x7E) || in(b[1], 0x80, 0xFE):
		return 2, b[1] < 0xA1 || !in(b[0], 0xA1, 0xA9) && !in(b[0], 0xB0, 0xD7)
	case len(b) >= 4 && in(b[1], '0', '9') && in(b[2], 0x81, 0xFE) && in(b[3], '0', '9'):
		return 4, true
	}
	return 0, false
}

func sizeBig5(b []byte) (n int, rare bool) {
	if len(b) < 2 || !in(b[0], 0x81, 0xFE) || !in(b[1], 0x40, 0x7E) && !in(b[1], 0xA1, 0xFE) {
		return 0, false
	}
	return 2, !in(b[0], 0xA1, 0xC6)
}

func sizeShiftJIS(b []byte) (n int, rare bool) {
	switch {
	case in(b[0], 0xA1, 0xDF):
		return 1, true
	case len(b) >= 2 && (in(b[0], 0x81, 0x9F) || in(b[0], 0xE0, 0xFC)) && (in(b[1], 0x40, 0x7E) || in(b[1], 0x80, 0xFC)):
		return 2, b[0] > 0x98
	}
	return 0, false
}

func sizeEUCJP(b []byte) (n int, rare bool) {
	switch {
	case len(b) >= 2 && b[0] == 0x8E && in(b[1], 0xA1, 0xDF):
		return 2, true
	case len(b) >= 3 && b[0] == 0x8F && in(b[1], 0xA1, 0xFE) && in(b[2], 0xA1, 0xFE):
		return 3, true
	case len(b) >= 2 && in(b[0], 0xA1, 0xFE) && in(b[1], 0xA1, 0xFE):
		return 2, b[0] > 0xCF
	}
	return 0, false
}

func sizeEUCKR(b []byte) (n int, rare bool) {
	if len(b) < 2 || !in(b[0], 0x81, 0xFE) || !in(b[1], 0x41, 0x5A) && !in(b[1], 0x61, 0x7A) && !in(b[1], 0x81, 0xFE) {
		return 0, false
	}
	return 2, b[1] < 0xA1 || !in(b[0], 0xA1, 0xC8)
}
