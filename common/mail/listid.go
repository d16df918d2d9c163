package mail

import "strings"

// ListID returns the mailing list's id, in lower case and [Escaped]: what
// List-Id has in angle brackets (RFC 2919), or after its phrase without any;
// else X-Mailing-List's address with a dot for its "@", the form that such a
// list's List-Id has; "" if there is neither.
func (m *Message) ListID() string {
	for _, f := range m.Header.fields {
		if strings.EqualFold(f.name, "List-Id") {
			if id := listID(f); id != "" {
				return id
			}
		}
	}
	f, _ := m.Header.find("X-Mailing-List")
	for word := range strings.FieldsFuncSeq(f.raw, isBlank) {
		if local, host, ok := strings.Cut(strings.Trim(word, "<>,;"), "@"); ok && local != "" && host != "" {
			return Escaped(lower(local + "." + host))
		}
	}
	return ""
}

// listID reads one List-Id field.
func listID(f field) string {
	s := unwrapped(f.folded())
	if id, bracketed := lastAngle(s); bracketed {
		return Escaped(lower(id))
	}
	words := bareWords(s)
	if len(words) == 0 {
		return Escaped(lower(onlyDotted(s)))
	}
	last := strings.Trim(words[len(words)-1], "<>") // the half of a pair
	if last == "" {
		return ""
	}
	if len(words) > 1 || last != strings.Trim(s, " \t<>") { // a phrase and an id, or a sentence
		dot := strings.IndexByte(last, '.')
		if dot <= 0 || strings.HasSuffix(last, ".") {
			return Escaped(lower(onlyDotted(s)))
		}
		last = strings.Replace(last, "@", ".", 1)
	}
	return Escaped(lower(last))
}

// onlyDotted is the one word of s that can be an id, wherever it stands: in quotes,
// in a comment, or before the phrase. "" if there is none, or more than one.
func onlyDotted(s string) string {
	found := ""
	for word := range strings.FieldsFuncSeq(s, func(r rune) bool { return isBlank(r) || strings.ContainsRune(`"'()[]`, r) }) {
		dot := strings.IndexByte(word, '.')
		if dot <= 0 || strings.HasSuffix(word, ".") || strings.ContainsAny(word, ":/,;@") || word == found {
			continue
		}
		if found != "" {
			return ""
		}
		found = word
	}
	return found
}

// lastAngle returns what the last pair of angle brackets of s holds, without
// folds and the blanks beside dots (RFC 5322 §4.4). What cannot be told from the
// brackets is part of it.
func lastAngle(s string) (id string, ok bool) {
	from, closed := -1, false
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			if from < 0 {
				i += quoteEnd(s[i:])
			}
		case '>':
			closed = true
		case '<':
			if from < 0 || closed {
				from, closed = i+1, false
			}
		}
	}
	if from < 0 {
		return "", false
	}
	id = s[from:]
	if end := strings.LastIndexByte(id, '>'); end >= 0 {
		id = id[:end]
	}
	id = strings.Trim(strings.ReplaceAll(id, "\n", ""), " \t")
	if strings.ContainsAny(id, " \t") {
		parts := strings.Split(id, ".")
		for i := range parts {
			parts[i] = strings.Trim(parts[i], " \t")
		}
		id = strings.Join(parts, ".")
	}
	return id, id != ""
}

// bareWords are the words of s outside quotes and comments.
func bareWords(s string) []string {
	text, _ := cutComments(s)
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if n := 0; text[i] == '"' {
			if n = quoteEnd(text[i:]); n > 0 && (i+n+1 == len(text) || isBlank(rune(text[i+n+1]))) {
				out.WriteByte(' ')
				i += n
				continue
			}
		}
		out.WriteByte(text[i])
	}
	return strings.FieldsFunc(out.String(), isBlank)
}

func isBlank(r rune) bool { return r == ' ' || r == '\t' || r == '\n' }

// lower is s with its ASCII letters in lower case; nothing else of a list's id
// is compared without regard to case.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
