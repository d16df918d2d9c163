package tracker

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"busbar/soapbus/soap"
)

// text is a value as it stands; characters that no line has become U+FFFD.
func text(n *soap.Node) (string, error) {
	s, err := n.Value()
	if err != nil {
		return "", err
	}
	if len(s) > maxField {
		s = strings.ToValidUTF8(s[:maxField], "")
	}
	return visible(s, "\t"), nil
}

// maxField bounds a text of a bug's record, in bytes. A title has some hundreds,
// a list some thousands.
const maxField = 256 << 10

// visible replaces control characters but the given ones.
func visible(s, but string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && !strings.ContainsRune(but, r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// number is a whole number that is not negative; nothing is 0.
func number(n *soap.Node) (int64, error) {
	s, err := n.Value()
	if err != nil {
		return 0, err
	}
	return parse(s)
}

func parse(s string) (int64, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return 0, nil
	}
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil || v < 0 {
		return 0, fmt.Errorf("%w: a number was expected, and it is %.60q", soap.ErrShape, s)
	}
	return v, nil
}

// A bug's number is positive, and fits an xsd:int.
func bugNumber(s string) (int, error) {
	v, err := parse(s)
	if err != nil {
		return 0, err
	}
	if v == 0 || v > 1<<31-1 {
		return 0, fmt.Errorf("%w: a bug's number was expected, and it is %.60q", soap.ErrShape, s)
	}
	return int(v), nil
}

// numbers reads bug numbers in whatever form: an array, one number, several
// with blanks between.
func numbers(n *soap.Node) ([]int, error) {
	words := []string{}
	if len(n.Children) == 0 {
		s, err := n.Value()
		if err != nil {
			return nil, err
		}
		words = strings.FieldsFunc(s, blankOrComma)
	}
	items, err := n.Items()
	if err != nil && len(n.Children) > 0 {
		return nil, err
	}
	for _, it := range items {
		s, err := it.Value()
		if err != nil {
			return nil, err
		}
		words = append(words, s)
	}
	bugs := make([]int, 0, len(words))
	for _, w := range words {
		bug, err := bugNumber(w)
		if err != nil {
			return nil, err
		}
		bugs = append(bugs, bug)
	}
	return sorted(bugs), nil
}

// words is a list in whatever form, sorted, each once.
func words(n *soap.Node) ([]string, error) {
	list, err := written(n)
	return set(list), err
}

// written reads a list in whatever form, an array, or text with commas or blanks
// between, in its own order, each once.
func written(n *soap.Node) ([]string, error) {
	if len(n.Children) == 0 {
		s, err := text(n)
		return once(strings.FieldsFunc(s, blankOrComma)), err
	}
	items, err := n.Items()
	if err != nil {
		return nil, err
	}
	var list []string
	for _, it := range items {
		s, err := text(it)
		if err != nil {
			return nil, err
		}
		list = append(list, strings.TrimSpace(s))
	}
	return once(list), nil
}

// once leaves out doubles and what is empty.
func once(list []string) []string {
	seen := map[string]bool{"": true}
	return slices.DeleteFunc(list, func(s string) bool {
		again := seen[s]
		seen[s] = true
		return again
	})
}

func blankOrComma(r rune) bool { return r == ',' || unicode.IsSpace(r) }

// set is once, sorted.
func set(list []string) []string {
	list = once(list)
	slices.Sort(list)
	return list
}

func sorted(bugs []int) []int {
	slices.Sort(bugs)
	return slices.Compact(bugs)
}
