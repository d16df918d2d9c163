package charset

import (
	"bytes"
	"unicode/utf8"
)

// A verdict says what a run of bytes is.
type verdict int

const (
	either verdict = iota
	asLabelled
	asUTF8
)

// tally is what a whole text says of its runs.
type tally struct {
	labelled, utf8       int  // runs that are clearly so
	labelFaults, faults8 int  // of all runs, read one way and the other
	valid                bool // all of it is UTF-8
}

func (t *tally) add(v verdict, label, eight int, valid bool) {
	switch v {
	case asLabelled:
		t.labelled++
	case asUTF8:
		t.utf8++
	}
	t.labelFaults += label
	t.faults8 += eight
	t.valid = t.valid && valid
}

// most is what more runs clearly are.
func (t *tally) most() verdict {
	switch {
	case t.utf8 > t.labelled:
		return asUTF8
	case t.labelled > t.utf8:
		return asLabelled
	}
	return either
}

// allUTF8 reports whether a text is UTF-8 as a whole.
func (t tally) allUTF8() bool { return t.valid && t.faults8 < t.labelFaults }

// decodeSingle reads text that is labelled with a single-byte charset.
func (c *Charset) decodeSingle(b []byte) (text string, tolerated bool) {
	all := tally{valid: true}
	eachRun(b, func(from, to int) {
		v, label, eight := c.weighRun(b, from, to)
		all.add(v, label, eight, utf8.Valid(b[from:to]))
	})
	out := make([]byte, 0, len(b)+len(b)/4+8)
	if all.allUTF8() {
		out, _ = appendRuns(out, b, c.page)
		return string(out), true
	}
	bad := false
	var verdicts []verdict
	eachLine(b, func(from, to int) {
		line := tally{}
		verdicts = verdicts[:0]
		eachRun(b[from:to], func(f, t int) {
			v, _, _ := c.weighRun(b, from+f, from+t)
			line.add(v, 0, 0, false)
			verdicts = append(verdicts, v)
		})
		at, n := from, 0
		eachRun(b[from:to], func(f, t int) {
			f, t = from+f, from+t
			out = c.appendASCII(out, b[at:f])
			v := verdicts[n]
			at, n = t, n+1
			if v == either {
				v = c.settle(line, all, b[f:t])
			}
			if v == asUTF8 {
				out, _ = appendRuns(out, b[f:t], c.page)
				bad = true
				return
			}
			var odd bool
			out, odd = c.appendPage(out, b[f:t])
			bad = bad || odd
		})
		out = c.appendASCII(out, b[at:to])
	})
	return string(out), bad
}

// appendPage appends bytes beyond ASCII as the label says, and says whether it
// has nothing for one of them.
func (c *Charset) appendPage(out, run []byte) ([]byte, bool) {
	odd := false
	for _, x := range run {
		r := c.page(x)
		if r == utf8.RuneError {
			odd = true
			if c.beside != nil {
				r = c.beside.DecodeByte(x)
			}
		}
		out = utf8.AppendRune(out, r)
	}
	return out, odd
}

// eachLine visits lines, the longest in pieces: what stands in one is likely to
// be of one writer.
func eachLine(b []byte, visit func(from, to int)) {
	const most = 4 << 10
	for from := 0; from < len(b); {
		to := min(len(b), from+most)
		if i := bytes.IndexByte(b[from:to], '\n'); i >= 0 {
			to = from + i + 1
		} else if to < len(b) {
			if end := lastEnd(b[from:to]); end > 0 {
				to = from + end
			}
		}
		visit(from, to)
		from = to
	}
}

// eachRun visits the runs of bytes beyond ASCII.
func eachRun(b []byte, visit func(from, to int)) {
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		from := i
		for i < len(b) && b[i] >= utf8.RuneSelf {
			i++
		}
		visit(from, i)
	}
}

// weighRun reads a run both ways, and counts what looks wrong in each.
func (c *Charset) weighRun(b []byte, from, to int) (v verdict, label, eight int) {
	run := b[from:to]
	one, other := start(b[:from]), start(b[:from])
	good := false
	for rest := run; len(rest) > 0; {
		r, n := nextRune(rest)
		good = good || n != -1
		other.see(lookAt(r))
		rest = rest[max(n, -n):]
	}
	if !good {
		return asLabelled, 0, 2 * len(run)
	}
	for _, x := range run {
		one.see(c.looks[x-0x80])
	}
	label, eight = one.end(b[to:]), other.end(b[to:])
	switch {
	case label < eight:
		return asLabelled, label, eight
	case label > eight:
		return asUTF8, label, eight
	}
	return either, label, eight
}

// settle decides what looks the same both ways: as its line is, then as words
// are, then as the text is.
func (c *Charset) settle(line, all tally, run []byte) verdict {
	if !utf8.Valid(run) {
		return asLabelled
	}
	if v := line.most(); v != either {
		return v
	}
	e := start(nil)
	for _, x := range run {
		e.see(c.looks[x-0x80])
	}
	const word = 3 // letters that are hardly there by chance
	if e.words && len(run) >= word {
		return asLabelled
	}
	if v := all.most(); v != either {
		return v
	}
	if e.words {
		return asLabelled
	}
	return asUTF8
}

// appendASCII appends bytes below 0x80, which mean themselves in all but a few
// charsets.
func (c *Charset) appendASCII(out, b []byte) []byte {
	if c.low == nil {
		return append(out, b...)
	}
	for _, x := range b {
		if r, ok := c.low[x]; ok {
			out = utf8.AppendRune(out, r)
		} else {
			out = append(out, x)
		}
	}
	return out
}
