package debbugs

import (
	"strconv"
	"strings"

	"busbar/common/runes"
)

// maxText bounds a text on the bus, in bytes; maxLine a name, title or id.
const (
	maxText = 64 << 10
	maxLine = 1000
)

func line(s string) string {
	s, _ = runes.Cut(s, maxLine)
	return s
}

// tidy makes one bounded line of a tracker's text.
func tidy(s string) string {
	s, _ = runes.Cut(s, 8*maxLine)
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	return line(strings.TrimSpace(s))
}

func tidyAll(list []string) []string {
	all := make([]string, len(list))
	for i, s := range list {
		all[i], _ = runes.Cut(tidy(s), 200)
	}
	return all
}

// words splits a list separated by blanks or commas; each word once.
func words(s string) []string {
	const most = 100
	all := []string{}
	seen := map[string]bool{}
	for w := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ' ' || r == ',' }) {
		w = line(w)
		if len(all) < most && !seen[w] {
			seen[w] = true
			all = append(all, w)
		}
	}
	return all
}

// clean makes valid text of a tracker's.
func clean(s string) string { return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "") }

func digits(list []int) []string {
	all := make([]string, len(list))
	for i, n := range list {
		all[i] = strconv.Itoa(n)
	}
	return all
}

func containsFold(s, part string) bool {
	return strings.Contains(strings.ToLower(s), strings.ToLower(part))
}
