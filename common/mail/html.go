package mail

import (
	"html"
	"strings"
)

// htmlText makes HTML readable without its tags: script, style and comments
// are left out, blocks begin a line, blanks collapse as a browser collapses
// them. It is no rendering and needs no well-formed input.
func htmlText(s string) string {
	var t textOut
	var q quotes
	for s != "" {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			break
		}
		if !startsTag(s[i:]) {
			t.text(s[:i+1])
			s = s[i+1:]
			continue
		}
		t.text(s[:i])
		s = s[i:]
		if strings.HasPrefix(s, "<!--") {
			s = afterComment(s, &q)
			continue
		}
		end := tagEnd(s, &q)
		if end == len(s) {
			break
		}
		name := tagName(s[1:end])
		s = s[end+1:]
		if name == "script" || name == "style" || name == "title" {
			s = afterElement(s, name)
		}
		t.tag(name)
	}
	t.text(s)
	out, _, _ := cleanText(strings.ToValidUTF8(t.out.String(), "\uFFFD"))
	return strings.TrimSpace(out) + "\n"
}

// quotes remembers which end of something is nowhere ahead: looking again from
// each tag would cost the square of the length.
type quotes struct{ noDouble, noSingle, noComment bool }

// tagEnd returns where the ">" of the tag is that s begins with, or the length
// of s. One inside a quoted value ends nothing; a quote that never closes is an
// ordinary character (HTML Standard §13.2.5.36).
func tagEnd(s string, q *quotes) int {
	value := false // "=" was just read
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '>':
			return i
		case c == '=':
			value = true
		case (c == '"' || c == '\'') && value:
			value = false
			gone := &q.noDouble
			if c == '\'' {
				gone = &q.noSingle
			}
			if *gone {
				continue
			}
			n := strings.IndexByte(s[i+1:], c)
			if *gone = n < 0; n >= 0 {
				i += 1 + n
			}
		case c != ' ' && c != '\t' && c != '\r' && c != '\n':
			value = false
		}
	}
	return len(s)
}

// afterComment skips the comment that s begins with. One that never ends hides
// nothing but its first tag.
func afterComment(s string, q *quotes) string {
	body := s[len("<!--"):]
	for _, empty := range []string{">", "->"} {
		if rest, found := strings.CutPrefix(body, empty); found {
			return rest
		}
	}
	if !q.noComment {
		for at := strings.Index(body, "--"); at >= 0; {
			for _, end := range []string{">", "!>"} {
				if rest, found := strings.CutPrefix(body[at+2:], end); found {
					return rest
				}
			}
			next := strings.Index(body[at+1:], "--")
			if next < 0 {
				break
			}
			at += 1 + next
		}
		q.noComment = true
	}
	_, rest, _ := strings.Cut(body, ">")
	return rest
}

func startsTag(s string) bool {
	if len(s) < 2 {
		return false
	}
	c := s[1] | 0x20
	return 'a' <= c && c <= 'z' || s[1] == '/' || s[1] == '!' || s[1] == '?'
}

// tagName returns a tag's name in lower case, with its "/" if it closes.
func tagName(s string) string {
	end := strings.IndexAny(s, " \t\r\n")
	if end < 0 {
		end = len(s)
	}
	return strings.TrimRight(strings.ToLower(s[:min(end, 20)]), "/")
}

// afterElement skips to the end of an element whose content is no text.
func afterElement(s, name string) string {
	for {
		i := strings.Index(s, "</")
		if i < 0 {
			return ""
		}
		s = s[i+2:]
		if len(s) >= len(name) && strings.EqualFold(s[:len(name)], name) {
			_, s, _ = strings.Cut(s, ">")
			return s
		}
	}
}

// textOut writes text with collapsed blanks.
type textOut struct {
	out   strings.Builder
	lines int  // line ends just written
	space bool // a blank is due before the next word
	pre   int  // open <pre> elements
}

func (t *textOut) text(s string) {
	s = html.UnescapeString(s)
	if t.pre > 0 {
		t.out.WriteString(s)
		t.lines = 0
		return
	}
	for s != "" {
		i := strings.IndexAny(s, " \t\r\n")
		if i < 0 {
			i = len(s)
		}
		if i > 0 {
			if t.space && t.lines == 0 && t.out.Len() > 0 {
				t.out.WriteByte(' ')
			}
			t.out.WriteString(s[:i])
			t.space, t.lines = false, 0
		}
		if i < len(s) {
			t.space = true
			i++
		}
		s = s[i:]
	}
}

// tag starts a line before and after blocks, and an empty one at paragraphs.
func (t *textOut) tag(name string) {
	switch name {
	case "pre":
		t.pre++
		t.line(1)
	case "/pre":
		t.pre = max(t.pre-1, 0)
		t.line(1)
	case "br":
		t.line(t.lines + 1)
	case "div", "/div", "tr", "/tr", "li", "/li", "dt", "dd", "ul", "/ul", "ol", "/ol", "table", "/table", "hr":
		t.line(1)
	case "p", "/p", "blockquote", "/blockquote", "h1", "/h1", "h2", "/h2", "h3", "/h3", "h4", "/h4":
		t.line(2)
	case "td", "th":
		t.space = true
	}
}

// line writes line ends until there are n, never more than two.
func (t *textOut) line(n int) {
	if t.out.Len() == 0 {
		return
	}
	for n = min(n, 2); t.lines < n; t.lines++ {
		t.out.WriteByte('\n')
	}
	t.space = false
}
