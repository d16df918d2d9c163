package archive

import (
	"maps"
	"slices"
	"strings"
)

// misspelt returns the field that a word before a colon was meant to be, "" if it is
// a word: one letter more, less, other, or two in the wrong order, or capitals. Nobody
// would learn otherwise why a question, or a rule that stands for years, finds nothing.
func misspelt(word string) string {
	small := strings.ToLower(word)
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		if small == field || len(field) > 4 && oneSlip(small, field) {
			return field
		}
	}
	return ""
}

// oneSlip reports whether one slip of the fingers makes one of two words the other.
func oneSlip(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	n := 0
	for n < len(a) && a[n] == b[n] {
		n++
	}
	a, b = a[n:], b[n:]
	switch {
	case len(b) == len(a)+1:
		return a == b[1:]
	case len(a) != len(b) || len(a) == 0:
		return false
	case a[1:] == b[1:]:
		return true
	}
	return len(a) > 1 && a[0] == b[1] && a[1] == b[0] && a[2:] == b[2:]
}
