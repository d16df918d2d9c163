package irc

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"busbar/common/runes"
)

// mostLine is the longest line, with its end, in bytes (RFC 2812 §2.3).
const mostLine = 512

// A message is one line from the server.
type message struct {
	prefix  string // nick!user@host, or the server; empty: the server
	command string // upper case
	params  []string
}

const mostParams = 15

// parse reads a line without its end (RFC 2812 §2.3.1); tags (IRCv3) are left out. It
// takes whatever comes: what makes no sense has an empty command.
func parse(line string) message {
	var m message
	if strings.HasPrefix(line, "@") {
		_, line, _ = strings.Cut(line, " ")
		line = strings.TrimLeft(line, " ")
	}
	if strings.HasPrefix(line, ":") {
		m.prefix, line, _ = strings.Cut(line[1:], " ")
		line = strings.TrimLeft(line, " ")
	}
	m.command, line, _ = strings.Cut(line, " ")
	m.command = strings.ToUpper(m.command)
	for line != "" && len(m.params) < mostParams {
		line = strings.TrimLeft(line, " ")
		if strings.HasPrefix(line, ":") {
			m.params = append(m.params, line[1:])
			break
		}
		var p string
		if p, line, _ = strings.Cut(line, " "); p != "" {
			m.params = append(m.params, p)
		}
	}
	return m
}

func (m message) param(i int) string {
	if i >= 0 && i < len(m.params) {
		return m.params[i]
	}
	return ""
}

// last is the last parameter, mostly a text for people; empty: there is none.
func (m message) last() string { return m.param(len(m.params) - 1) }

// nick is who says it.
func (m message) nick() string {
	nick, _, _ := strings.Cut(m.prefix, "!")
	return nick
}

// lower is a name as IRC compares names: {}|^ are the small letters of []\~
// (RFC 2812 §2.2).
func lower(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= '[' && r <= ']':
			return r + '{' - '['
		case r == '~':
			return '^'
		}
		return r
	}, name)
}

// wrap breaks a text into lines of at most so many bytes: at blanks where there is one in
// the last third, else between characters, but not in front of a mark that belongs to
// the one before it. Behind the last of so many lines the rest is left out, which is
// said by "…".
func wrap(text string, most, lines int) []string {
	const more = "…"
	var list []string
	for text = strings.TrimSpace(text); len(text) > most; {
		if len(list) == lines-1 {
			head, _ := runes.Cut(text, most-len(more))
			return append(list, strings.TrimRight(head[:border(text, len(head))], " ")+more)
		}
		head, _ := runes.Cut(text, most+1)
		at := strings.LastIndexByte(head, ' ')
		if at < most*2/3 {
			head, _ = runes.Cut(text, most)
			at = border(text, len(head))
		}
		list = append(list, strings.TrimRight(text[:at], " "))
		text = strings.TrimLeft(text[at:], " ")
	}
	if text != "" {
		list = append(list, text)
	}
	return list
}

// border is at, or a place up to 32 bytes before it where no mark is torn from its
// letter.
func border(text string, at int) int {
	for i := at; i > 0 && at-i <= 32; {
		next, _ := utf8.DecodeRuneInString(text[i:])
		if !unicode.In(next, unicode.M) && (next < 0x1F3FB || next > 0x1F3FF) { // the latter: colours of skin
			return i
		}
		_, size := utf8.DecodeLastRuneInString(text[:i])
		i -= size
	}
	return at
}
