package compare

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// oddities are the rows of a comparison that cannot be followed: the first few
// in words, and how many there are.
type oddities struct {
	first []error
	count int
}

func (o *oddities) add(format string, args ...any) {
	const most = 3
	if o.count++; len(o.first) < most {
		o.first = append(o.first, fmt.Errorf(format, args...))
	}
}

// err is all of them as one error, nil where there is none.
func (o *oddities) err(table string) error {
	if o.count == 0 {
		return nil
	}
	text, seen := "", map[string]bool{}
	for _, err := range o.first {
		if !seen[err.Error()] {
			seen[err.Error()] = true
			text += "; " + err.Error()
		}
	}
	if o.count > 1 {
		text += fmt.Sprintf("; %d such rows", o.count)
	}
	return fmt.Errorf("comparing %s: %s; all other rows are followed", table, text[2:])
}

// shown is a key for people: bytes that are not UTF-8 escaped, and not long.
func shown(key []string) string {
	const most = 200
	text := strings.Join(key, "/")
	if len(text) > most {
		text = text[:most] + "…"
	}
	if utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' }) {
		return text
	}
	return fmt.Sprintf("%q", text)
}
