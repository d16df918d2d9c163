package dest

import (
	"html"
	"net/url"
	"strings"
)

// HTML is the note as a fragment of plain HTML: paragraphs, line breaks and links, no
// styles, images or scripts. All text is escaped.
func (n Note) HTML() string {
	var b strings.Builder
	for para := range strings.SplitSeq(strings.Trim(n.Text, "\n"), "\n\n") {
		if para = strings.Trim(para, "\n"); para == "" {
			continue
		}
		b.WriteString("<p>")
		for i, line := range strings.Split(para, "\n") {
			if i > 0 {
				b.WriteString("<br>\n")
			}
			b.WriteString(linked(line))
		}
		b.WriteString("</p>\n")
	}
	return b.String()
}

// linked is a line of which each word that is an address of the web is a link.
func linked(line string) string {
	words := strings.Split(line, " ")
	for i, w := range words {
		words[i] = html.EscapeString(w)
		if Web(w) {
			words[i] = `<a href="` + words[i] + `">` + words[i] + `</a>`
		}
	}
	return strings.Join(words, " ")
}

// maxLink bounds an address of the web in bytes.
const maxLink = 700

// Web says whether a text is an address of the web: http or https, with a host, in ASCII,
// and nothing in it that would have to be written otherwise.
func Web(text string) bool {
	if !strings.HasPrefix(text, "http://") && !strings.HasPrefix(text, "https://") || len(text) > maxLink ||
		strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("<>\"'`\\", r) }) {
		return false
	}
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && u.User == nil
}
