package mail

import "strings"

// maxAddresses bounds the addresses taken from one field.
const maxAddresses = 10_000

// An Address is one person or list. Email may lack an "@" (a local user), and
// is "" where only a name can be found.
type Address struct{ Name, Email string }

// ParseAddress reads one address as people write it: RFC 5322 §3.4, the older
// "email (Name)", names with commas, dots and brackets out of quotes, raw
// 8-bit names, a bare "root".
func ParseAddress(s string) Address {
	pieces := splitAddresses(s)
	for _, p := range pieces {
		if a := oneAddress(p); a.Email != "" {
			return a
		}
	}
	if len(pieces) == 0 {
		return Address{}
	}
	return oneAddress(pieces[0])
}

func parseAddresses(raw string) []Address {
	var all []Address
	for _, piece := range splitAddresses(raw) {
		if a := oneAddress(piece); a != (Address{}) {
			all = append(all, a)
		}
	}
	return all
}

// splitAddresses divides a list at "," and ";" outside quotes, comments and
// angle brackets. Encoded words are still encoded here: a comma inside one is
// part of a name.
func splitAddresses(raw string) []string {
	s := oneLine(toUTF8(raw))
	var pieces []string
	held := "" // the head of a name with a comma in it
	for s != "" && len(pieces) < maxAddresses {
		var piece string
		var end byte
		piece, s, end = cutAddress(s)
		piece = strings.TrimSpace(dropGroup(piece))
		if piece == "" && held == "" {
			continue
		}
		if held != "" {
			piece = held + ", " + piece
			held = ""
		}
		if end == ',' && isNameHead(piece, s) {
			held = piece
			continue
		}
		pieces = append(pieces, piece)
	}
	if held != "" {
		pieces = append(pieces, held)
	}
	return pieces
}

// isNameHead reports whether the piece before a comma is the beginning of a
// name, as in "Doe, Joe <joe@example.org>": it has no address of its own, and
// what follows has one in angle brackets.
func isNameHead(piece, rest string) bool {
	const most = 200 // bytes of one name that are worth a look
	if len(piece) > most || strings.ContainsAny(piece, "@<>") {
		return false
	}
	next := rest[:min(len(rest), most)]
	if i := strings.IndexAny(next, ",;"); i >= 0 {
		next = next[:i]
	}
	i := strings.IndexByte(next, '<')
	return i >= 0 && !strings.Contains(next[:i], "@")
}

// dropGroup removes the name of a group, "friends: a@b, c@d;" (RFC 5322 §3.4).
func dropGroup(s string) string {
	i := strings.IndexByte(s, ':')
	if i < 0 || strings.ContainsAny(s[:i], "@<\"([") || strings.Contains(s[:i], "=?") {
		return s
	}
	return s[i+1:]
}

// cutAddress cuts at the next separator and returns it. An opening mark that
// never closes is an ordinary character.
func cutAddress(s string) (piece, rest string, end byte) {
	open := 0 // comments that never close
	for i := 0; i < len(s); {
		n := 0
		switch s[i] {
		case ',', ';':
			return s[:i], s[i+1:], s[i]
		case '"':
			n = quoteEnd(s[i:])
		case '(':
			if open < maxOpen {
				n = commentEnd(s[i:])
			}
			if n == 0 {
				open++
			}
		case '<':
			n = strings.IndexByte(s[i:min(len(s), i+maxMark)], '>')
		}
		i += max(n, 0) + 1
	}
	return s, "", 0
}

// maxMark bounds how far a closing mark is looked for, and with it what a
// field full of opening ones costs.
const maxMark = 300

// maxOpen is how many comments of one address may lack their end before "("
// is an ordinary character in it.
const maxOpen = 20

// quoteEnd returns where the quote at s[0] closes, 0 if it does not.
func quoteEnd(s string) int {
	for i := 1; i < min(len(s), maxMark); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return 0
}

// commentEnd returns where the comment at s[0] closes, 0 if it does not.
func commentEnd(s string) int {
	deep := 0
	for i := 0; i < min(len(s), maxMark); i++ {
		switch s[i] {
		case '\\':
			i++
		case '(':
			deep++
		case ')':
			if deep--; deep == 0 {
				return i
			}
		}
	}
	return 0
}

// oneAddress takes one piece of a list apart.
func oneAddress(s string) Address {
	text, comment := cutComments(s)
	var name, email string
	if i := strings.LastIndexByte(text, '<'); i >= 0 {
		name = text[:i]
		email, _, _ = strings.Cut(text[i+1:], ">")
		if j := strings.LastIndexByte(email, ':'); j >= 0 && strings.HasPrefix(email, "@") {
			email = email[j+1:] // an obsolete route, "<@relay:joe@example.org>"
		}
	} else if word, after := bareEmail(text); word != "" {
		email, name = word, after
	} else {
		name = text
	}
	if name = personName(name); name == "" {
		name = personName(comment)
	}
	email = strings.ReplaceAll(strings.Trim(email, " \t\"'<>,;"), " ", "")
	if name == email {
		name = ""
	}
	return Address{Name: name, Email: email}
}

// bareEmail finds the address in text without angle brackets: the word with an
// "@", or the only word there is.
func bareEmail(text string) (email, name string) {
	if strings.Contains(text, "=?") {
		return "", ""
	}
	words := strings.Fields(text)
	if len(words) == 1 {
		return words[0], ""
	}
	for i, word := range words {
		if strings.IndexByte(word, '@') > 0 {
			return word, strings.Join(append(words[:i:i], words[i+1:]...), " ")
		}
	}
	return "", ""
}

// cutComments takes the comments out of s; comment is the last one that holds
// anything.
func cutComments(s string) (text, comment string) {
	var out strings.Builder
	open := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			n := quoteEnd(s[i:])
			out.WriteString(s[i : i+n])
			i += n
		case '(':
			if open == maxOpen {
				break
			}
			if n := commentEnd(s[i:]); n > 0 {
				if inner := strings.TrimSpace(s[i+1 : i+n]); inner != "" {
					comment = inner
				}
				out.WriteByte(' ')
				i += n
				continue
			}
			open++
		}
		out.WriteByte(s[i])
	}
	return out.String(), comment
}

// personName makes a display name readable: quotes and escapes removed,
// encoded words decoded, single blanks.
func personName(s string) string {
	if strings.ContainsAny(s, `"\`) {
		var out strings.Builder
		for i := 0; i < len(s); i++ {
			if s[i] == '\\' && i+1 < len(s) {
				i++
			} else if s[i] == '"' {
				continue
			}
			out.WriteByte(s[i])
		}
		s = out.String()
	}
	s = decodeValue(s, func(string) {})
	return strings.Join(strings.Fields(s), " ")
}
