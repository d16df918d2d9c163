package manual

import (
	"io"
	"regexp"
	"strings"
	"time"
)

// Convert writes a page of docs/reference, in Markdown, as a manual page: NAME of
// SECTION, and what it is in half a sentence. It knows headings, paragraphs, tables,
// lists, quotations and code, which is what these pages are made of.
func Convert(w io.Writer, markdown, name, section, what, version string, date time.Time) error {
	c := &conversion{}
	c.begin(name, section, version, what, date)
	c.line("Sh", "DESCRIPTION")
	lines := strings.Split(strings.TrimSpace(markdown), "\n")
	if len(lines) > 0 && strings.HasPrefix(lines[0], "# ") {
		lines = lines[1:]
	}
	c.blocks(lines)
	_, err := io.WriteString(w, c.String())
	return err
}

// A conversion is a page in the making.
type conversion struct {
	mdoc
	fresh bool // nothing stands yet below the last heading
}

var (
	item    = regexp.MustCompile(`^(- |\d+\. )`)
	linked  = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	strongs = regexp.MustCompile(`\*\*([^*]+)\*\*`)
	dashRow = regexp.MustCompile(`^\|[ \-|]+\|$`)
)

// unmarked is a text without what Markdown alone needs.
func unmarked(s string) string {
	s = linked.ReplaceAllStringFunc(s, func(l string) string {
		return strings.ReplaceAll(linked.FindStringSubmatch(l)[1], "`", "")
	})
	s = strongs.ReplaceAllString(s, "$1")
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", `\|`, "|").Replace(s)
}

// blocks writes lines of Markdown, which are a page or what an item of a list holds.
func (c *conversion) blocks(lines []string) {
	for len(lines) > 0 {
		line := lines[0]
		switch {
		case strings.TrimSpace(line) == "":
			lines = lines[1:]
		case strings.HasPrefix(line, "#"):
			level, title, _ := strings.Cut(line, " ")
			if title = word(unmarked(strings.ReplaceAll(title, "`", ""))); level == "##" {
				c.line("Sh", strings.ToUpper(title))
			} else {
				c.line("Ss", title)
			}
			c.fresh = true
			lines = lines[1:]
		case strings.HasPrefix(line, "```"):
			n := 1
			for n < len(lines) && !strings.HasPrefix(lines[n], "```") {
				n++
			}
			c.verbatim(strings.Join(lines[1:n], "\n"))
			lines = lines[min(n+1, len(lines)):]
		case strings.HasPrefix(line, "    "):
			var code []string
			code, lines = leading(lines, func(l string) bool { return strings.HasPrefix(l, "    ") })
			c.verbatim(dedent(code, 4))
		case strings.HasPrefix(line, "|"):
			var rows []string
			rows, lines = leading(lines, func(l string) bool { return strings.HasPrefix(l, "|") })
			c.table(rows)
		case strings.HasPrefix(line, "> "):
			var said []string
			said, lines = leading(lines, func(l string) bool { return strings.HasPrefix(l, ">") })
			c.line("Bd", "-filled", "-offset", "indent")
			c.text(unmarked(strings.ReplaceAll(strings.Join(said, "\n")[2:], "\n> ", "\n")))
			c.line("Ed")
		case item.MatchString(line):
			lines = c.list(lines)
		default:
			var text []string
			text, lines = leading(lines, func(l string) bool {
				return strings.TrimSpace(l) != "" && !strings.HasPrefix(l, "```") && !strings.HasPrefix(l, "|") && !item.MatchString(l)
			})
			c.paragraph()
			c.text(unmarked(strings.Join(text, " ")))
		}
	}
}

// paragraph begins one; the first below a heading begins by itself.
func (c *conversion) paragraph() {
	if !c.fresh && !strings.HasSuffix(c.String(), ".Sh DESCRIPTION\n") && !strings.HasSuffix(c.String(), ".It\n") {
		c.line("Pp")
	}
	c.fresh = false
}

// leading splits off the first lines that are of a kind, one at least.
func leading(lines []string, is func(string) bool) (first, rest []string) {
	n := 1
	for n < len(lines) && is(lines[n]) {
		n++
	}
	return lines[:n], lines[n:]
}

func dedent(lines []string, n int) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l[min(n, len(l)):] + "\n")
	}
	return b.String()
}

// list writes a list, and returns what stands behind it.
func (c *conversion) list(lines []string) []string {
	kind := "-bullet"
	if !strings.HasPrefix(lines[0], "- ") {
		kind = "-enum"
	}
	c.line("Bl", kind)
	for len(lines) > 0 && item.MatchString(lines[0]) {
		mark := len(item.FindString(lines[0]))
		var own []string
		own, lines = leading(lines, func(l string) bool { return strings.HasPrefix(l, strings.Repeat(" ", mark)) })
		c.line("It")
		c.blocks(append([]string{own[0][mark:]}, strings.Split(strings.TrimSuffix(dedent(own[1:], mark), "\n"), "\n")...))
		c.fresh = false
		for len(lines) > 1 && lines[0] == "" && item.MatchString(lines[1]) {
			lines = lines[1:]
		}
	}
	c.line("El")
	return lines
}

// table writes a table as a list: the first column is the term, the last one what is
// said of it, and what is between stands before that.
func (c *conversion) table(rows []string) {
	c.line("Bl", "-tag", "-width", "Ds")
	for i, row := range rows {
		if i == 0 || dashRow.MatchString(row) {
			continue
		}
		cells := strings.Split(strings.ReplaceAll(strings.Trim(row, "|"), `\|`, "\x00"), "|")
		for i, cell := range cells {
			cells[i] = strings.TrimSpace(unmarked(strings.ReplaceAll(cell, "\x00", "|")))
		}
		term := inline(cells[0])
		if len(cells) > 2 {
			term += " (" + prose(strings.ReplaceAll(strings.Join(cells[1:len(cells)-1], "; "), "`", "")) + ")"
		}
		c.line("It", `"`+strings.ReplaceAll(term, `"`, `\(dq`)+`"`)
		c.text(cells[len(cells)-1])
	}
	c.line("El")
}
