package mail

import "strings"

// maxIDs bounds the ids taken from one field.
const maxIDs = 10_000

// messageID returns the id of a value (RFC 5322 §3.6.4): what its angle
// brackets hold, where only comments stand beside them. Of any other form the
// whole value is the id, for whatever is left out could be what tells two mails
// apart.
func messageID(raw string) string {
	s := strings.Trim(unwrapped(raw), " \t")
	if inner := afterComments(s); strings.HasPrefix(inner, "<") {
		inner = inner[1:]
		end, last := angleEnd(inner), strings.LastIndexByte(inner, '>')
		switch {
		case last < 0:
		case around(inner[end+1:]):
			s = inner[:end]
		case around(inner[last+1:]):
			s = inner[:last]
		}
	}
	if strings.Trim(s, " \t<>") == "" {
		return ""
	}
	return Escaped(s)
}

// afterComments is s without the comments and blanks that it begins with.
func afterComments(s string) string {
	for {
		s = strings.TrimLeft(s, " \t")
		if !strings.HasPrefix(s, "(") {
			return s
		}
		n := commentEnd(s)
		if n == 0 {
			return s
		}
		s = s[n+1:]
	}
}

// around reports whether only blanks and comments are in s.
func around(s string) bool {
	text, _ := cutComments(s)
	return strings.Trim(text, " \t") == ""
}

// messageIDs returns all ids of a value. Where none stands in brackets, each
// word with an "@" is one.
func messageIDs(raw string) []string {
	var all []string
	for rest := unwrapped(raw); len(all) < maxIDs; {
		_, after, found := strings.Cut(rest, "<")
		if !found {
			break
		}
		end := angleEnd(after)
		if strings.HasPrefix(after, "<") && strings.HasPrefix(after[end:], ">>") {
			end++ // brackets in brackets, as messageID reads them
		}
		id := after[:end]
		rest = strings.TrimPrefix(after[end:], ">")
		if strings.Trim(id, " \t<>") != "" {
			all = append(all, Escaped(id))
		}
	}
	if all != nil {
		return all
	}
	for word := range strings.FieldsFuncSeq(unwrapped(raw), func(r rune) bool { return r == ' ' || r == '\t' || r == ',' || r == ';' }) {
		if word = strings.Trim(word, "<>\""); strings.Contains(word, "@") && len(all) < maxIDs {
			all = append(all, Escaped(word))
		}
	}
	return all
}

// angleEnd returns where the angle bracket closes in whose inside s begins: at
// the first ">" outside quotes, else at the first, else at the end.
func angleEnd(s string) int {
	end := strings.IndexByte(s, '>')
	if end < 0 {
		return len(s)
	}
	for i := 0; i < min(len(s), maxMark); i++ {
		switch s[i] {
		case '"':
			i += quoteEnd(s[i:])
		case '>':
			return i
		}
	}
	return end
}

// unwrapped takes the encoding off encoded words (RFC 2047) that stand by
// themselves: relays wrap values so that are not ASCII, and a few mailers all
// of them. Words in UTF-8 give the very bytes that were wrapped. "=?" in the
// middle of a word is part of it.
func unwrapped(raw string) string {
	if !strings.Contains(raw, "=?") {
		return raw
	}
	var out, text []byte
	afterWord := false
	for s := raw; s != ""; {
		gap := len(s) - len(strings.TrimLeft(s, " \t\n"))
		end := strings.IndexAny(s[gap:], " \t\n")
		if end < 0 {
			end = len(s) - gap
		}
		var ok bool
		text, ok = unwrap(text[:0], s[gap:gap+end])
		if !ok || !afterWord { // blanks between two encoded words are none
			out = append(out, s[:gap]...)
		}
		if ok {
			out = append(out, text...)
		} else {
			out = append(out, s[gap:gap+end]...)
		}
		s, afterWord = s[gap+end:], ok
	}
	return string(out)
}

// unwrap appends what s encodes, if it is encoded words and nothing else.
func unwrap(to []byte, s string) ([]byte, bool) {
	for again := false; s != "" || !again; again = true {
		if !strings.HasPrefix(s, "=?") {
			return to, false
		}
		w, rest, state := cutWord(s)
		if state != aWord {
			return to, false
		}
		s = rest
		charset := strings.ToLower(w.charset)
		if strings.HasPrefix(charset, "utf-8") || charset == "us-ascii" {
			to = w.decode(to)
			continue
		}
		bytes := w.decode(nil)
		if decoded, note := decodeCharset(charset, bytes); note == "" {
			bytes = []byte(decoded)
		}
		to = append(to, bytes...)
	}
	return to, true
}
