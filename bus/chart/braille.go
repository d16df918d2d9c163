package chart

import "strings"

// Braille draws the bars with the dots of braille patterns (Unicode U+2800), two bars a
// character and four dots a line: for any terminal. Bars that are more than it is wide
// are gathered.
func (b Bars) Braille(columns, rows int) string {
	counts := gather(b.Counts, 2*columns)
	var most int64
	for _, n := range counts {
		most = max(most, n)
	}
	// The bits of a pattern's dots, by column, from the lowest dot up.
	bits := [2][4]rune{{0x40, 0x04, 0x02, 0x01}, {0x80, 0x20, 0x10, 0x08}}
	var to strings.Builder
	for row := rows - 1; row >= 0; row-- {
		var text strings.Builder
		for at := 0; at < len(counts); at += 2 {
			pattern := rune(0x2800)
			for side := range min(2, len(counts)-at) {
				n := counts[at+side]
				if n == 0 {
					continue
				}
				dots := max(1, int(n*int64(4*rows)/most)) - 4*row
				for i := range max(0, min(4, dots)) {
					pattern |= bits[side][i]
				}
			}
			text.WriteRune(pattern)
		}
		to.WriteString(strings.TrimRight(text.String(), "\u2800") + "\n")
	}
	return to.String()
}

// gather makes at most so many of numbers, each the sum of as many.
func gather(counts []int64, most int) []int64 {
	each := max(1, (len(counts)+most-1)/most)
	list := make([]int64, (len(counts)+each-1)/each)
	for i, n := range counts {
		list[i/each] += n
	}
	return list
}
