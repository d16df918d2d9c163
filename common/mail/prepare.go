package mail

import "bytes"

// prepare cuts what stands before a mail without being part of it: a byte
// order mark, mbox "From " lines, blank lines; and gives a mail whose lines
// end in bare carriage returns line feeds.
func (w *walker) prepare(raw []byte) []byte {
	b := raw
	if rest, found := bytes.CutPrefix(b, []byte("\xef\xbb\xbf")); found {
		w.d.add("mail: begins with a byte order mark")
		b = rest
	}
	b = w.lineEnds(b)
	for isMboxLine(b) {
		w.d.add("mail: begins with an mbox \"From \" line")
		_, b = cutLine(b)
	}
	return w.leadingBlankLines(b)
}

// isMboxLine tells "From jane Mon Jan 5 …" from the field "From : jane".
func isMboxLine(b []byte) bool {
	if !bytes.HasPrefix(b, []byte("From ")) && !bytes.HasPrefix(b, []byte(">From ")) {
		return false
	}
	line, _ := cutLine(b)
	name, _ := cutField(line)
	return name == ""
}

// lineEnds looks at how the first line ends. "\r\r\n" needs no more than a
// note, since a line is cut at any number of returns before its line feed.
func (w *walker) lineEnds(b []byte) []byte {
	i := bytes.IndexAny(b, "\r\n")
	if i < 0 || b[i] == '\n' {
		return b
	}
	n := i
	for n < len(b) && b[n] == '\r' {
		n++
	}
	switch {
	case n == len(b) || b[n] != '\n':
		w.d.add("mail: lines end in a bare carriage return")
		b = bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
		return bytes.ReplaceAll(b, []byte("\r"), []byte("\n"))
	case n-i > 1:
		w.d.add("mail: lines end in more than one carriage return")
	}
	return b
}

// leadingBlankLines drops blank lines before a header, but not before a text
// that has none.
func (w *walker) leadingBlankLines(b []byte) []byte {
	rest := bytes.TrimLeft(b, "\r\n")
	if len(rest) == len(b) {
		return b
	}
	line, _ := cutLine(rest)
	if name, _ := cutField(line); name == "" {
		return b
	}
	w.d.add("mail: blank lines before the header")
	return rest
}

// cutLine returns the first line without its end, and what follows. Any
// number of carriage returns before the line feed belongs to the line's end.
func cutLine(b []byte) (line, rest []byte) {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return trimCR(b), nil
	}
	return trimCR(b[:i]), b[i+1:]
}

func trimCR(b []byte) []byte {
	for len(b) > 0 && b[len(b)-1] == '\r' {
		b = b[:len(b)-1]
	}
	return b
}
