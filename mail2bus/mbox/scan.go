package mbox

import "bytes"

// scan consumes a mail up to the next separating line, and gives it without the
// blank line that the mailbox put behind it; of a long one the first limit+1
// bytes. header is how long its header is.
func (r *Reader) scan(header int) []byte {
	var kept []byte
	consumed, pos := 0, 0 // pos: what of the window is looked through
	flush := func(n int) {
		if room := r.limit + 1 - len(kept); room > 0 {
			kept = append(kept, r.w.rest()[:min(n, room)]...)
		}
		r.w.consume(n)
		consumed += n
		pos -= n
	}
	const keep = 2 * maxLine // what stands before a line says whether it separates
	trim := func() {
		if pos > keep+chunk {
			flush(pos - keep)
		}
	}
	for {
		trim()
		rest := r.w.rest()
		at := bytes.Index(rest[pos:], from)
		if at < 0 {
			// The word may be split by the end of what is in memory.
			pos = max(pos, len(rest)-len(from)+1)
			if r.w.err != nil {
				pos = len(rest)
				break
			}
			trim() // before more comes, or the window grows
			r.w.more()
			continue
		}
		pos += at
		r.w.fill(pos + 2*maxLine)
		if r.separates(pos, consumed == 0) {
			break
		}
		pos += len(from)
	}
	flush(pos)
	if len(kept) > r.limit {
		return kept
	}
	// What ends the header stays, where there is no more.
	if line := lastBlank(kept); line > 0 && len(kept)-line >= header {
		kept = kept[:len(kept)-line]
	}
	return kept
}

// separates reports whether a line that begins at pos of the window separates two
// mails. It says a date, and stands behind a blank line or before a header: a
// mailbox that forgets either is known, and what quotes such a line in a text and
// fits both cannot be told from one.
func (r *Reader) separates(pos int, first bool) bool {
	rest := r.w.rest()
	if pos > 0 && rest[pos-1] != '\n' || pos == 0 && !first {
		return false
	}
	line, n := firstLine(rest[pos:])
	if _, ok := Stamp(string(line)); !ok {
		return false
	}
	next, _ := firstLine(rest[pos+n:])
	return isField(next) || pos == 0 || lastBlank(rest[:pos]) > 0
}

// lastBlank is how long the blank line at the end of b is; 0: it does not end with
// one.
func lastBlank(b []byte) int {
	switch {
	case bytes.HasSuffix(b, []byte("\n\r\n")):
		return 2
	case bytes.HasSuffix(b, []byte("\n\n")):
		return 1
	}
	return 0
}

// restore undoes what the mailbox did to a mail, of which so many bytes are the
// header: the mark before lines "From " goes, and the length with it, which is the
// mailbox's own and fits no more.
func (r *Reader) restore(raw []byte, header int) []byte {
	body := raw[header:]
	quoted := r.dialect != CL2 && bytes.Contains(body, []byte(">From "))
	if r.dialect == CL && hasLine(body, from) {
		quoted = false // mboxcl2 after all
	}
	out := make([]byte, 0, len(raw))
	if r.dialect.lengths() {
		out = appendWithoutLength(out, raw[:header])
	} else {
		out = append(out, raw[:header]...)
	}
	if !quoted {
		return append(out, body...)
	}
	for len(body) > 0 {
		_, n := firstLine(body)
		line := body[:n]
		body = body[n:]
		if r.isQuoted(line) {
			line = line[1:]
		}
		out = append(out, line...)
	}
	return out
}

func (r *Reader) isQuoted(line []byte) bool {
	if r.dialect == RD {
		return line[0] == '>' && bytes.HasPrefix(bytes.TrimLeft(line, ">"), from)
	}
	return bytes.HasPrefix(line, []byte(">From "))
}

func hasLine(text, start []byte) bool {
	return bytes.HasPrefix(text, start) || bytes.Contains(text, append([]byte("\n"), start...))
}

// appendWithoutLength appends a header without its first Content-Length.
func appendWithoutLength(out, header []byte) []byte {
	for rest := header; len(rest) > 0; {
		line, n := firstLine(rest)
		name, _, _ := bytes.Cut(line, []byte(":"))
		if bytes.EqualFold(name, []byte("Content-Length")) {
			return append(out, rest[n:]...)
		}
		out = append(out, rest[:n]...)
		rest = rest[n:]
	}
	return out
}
