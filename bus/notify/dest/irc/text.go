package irc

import (
	"fmt"
	"hash/fnv"
	"strings"

	"busbar/bus/notify/dest"
	"busbar/common/show"
)

// The codes of mIRC, as all clients read them: \x03 and two digits begin a colour, \x0f
// ends all. Strangers' text has none of them.
const (
	plain     = "\x0f"
	linkColor = 10
	mostLink  = 200 // bytes: a longer one takes the place of what it is about
)

// colors are those that can be read on white and on black.
var colors = []int{3, 4, 5, 6, 7, 12, 13}

func colored(color int, text string) string {
	return fmt.Sprintf("\x03%02d%s%s", color, text, plain)
}

// colorOf is always the same for a keyword.
func colorOf(keyword string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(keyword)) // it never fails
	return colors[h.Sum32()%uint32(len(colors))]
}

// linesOf is a note in at most so many lines of at most so many bytes each:
//
//	bts [hello] #1012345: hello greets nobody https://bugs.debian.org/1012345
//	  and, of a digest or of what was folded, the lines of its text, set in
//
// So a reader, and a program that joins lines again, sees where a note begins.
func linesOf(n dest.Note, most, lines int, color bool) []string {
	const inset = "  "
	keyword := ""
	if len(n.Messages) > 0 && n.Kind == dest.Single {
		keyword = show.Line(n.Messages[0].Keyword)
	}
	link := ""
	if dest.Web(n.Link) && len(n.Link) <= mostLink {
		link = " " + n.Link
	}
	const codes = 2 * (1 + 2 + len(plain)) // bytes of two colours
	room := most - len(inset) - codes
	subject := show.Line(n.Subject)
	if keyword != "" && len(keyword) < 40 {
		subject = keyword + " " + subject
	} else {
		keyword = ""
	}
	list := wrap(subject, room-len(link), max(1, lines))
	if len(list) == 0 {
		list = []string{"(without words)"}
	}
	end := len(list) - 1
	if color && keyword != "" && strings.HasPrefix(list[0], keyword) {
		list[0] = colored(colorOf(keyword), keyword) + list[0][len(keyword):]
	}
	if color && link != "" {
		link = " " + colored(linkColor, n.Link)
	}
	list[end] += link
	if n.Kind != dest.Single || len(n.Messages) > 1 {
		list = append(list, textOf(n, room, lines-len(list))...)
	}
	for i := 1; i < len(list); i++ {
		list[i] = inset + list[i]
	}
	return list
}

// textOf are the lines of a note's text, as many as there is room for.
func textOf(n dest.Note, most, lines int) []string {
	var list []string
	left := 0
	for line := range strings.Lines(n.Text) {
		line = strings.TrimSpace(show.Line(strings.TrimRight(line, "\n")))
		switch {
		case line == "":
		case len(list) < lines:
			list = append(list, wrap(line, most, 1)...)
		default:
			left++
		}
	}
	if left > 0 && len(list) > 0 {
		list[len(list)-1] = fmt.Sprintf("… and %d more lines", left+1)
	}
	return list
}
