package manual

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// An mdoc is the text of a manual page in mdoc(7), as it grows. It takes care
// that no text is taken for a macro or an escape.
type mdoc struct{ strings.Builder }

// begin writes the head of a page.
func (d *mdoc) begin(name, section, version, what string, date time.Time) {
	d.line("Dd", date.UTC().Format("January 2, 2006"))
	d.line("Dt", strings.ToUpper(name), section)
	d.line("Os", "Busbar", version)
	d.line("Sh", "NAME")
	d.line("Nm", name)
	d.line("Nd", what)
}

// line writes a macro with arguments that are macros, too, or need no care.
func (d *mdoc) line(macro string, args ...string) {
	d.WriteString(strings.TrimRight("."+macro+" "+strings.Join(args, " "), " ") + "\n")
}

// raw writes lines of mdoc as they are.
func (d *mdoc) raw(lines ...string) { d.WriteString(strings.Join(lines, "\n") + "\n") }

// text writes running text, in which `…` is something to type: a sentence a line.
func (d *mdoc) text(s string) {
	s = strings.Join(strings.Fields(s), " ")
	for s != "" {
		end := len(s)
		if m := stop.FindStringSubmatchIndex(s); m != nil {
			end = m[3]
		}
		d.wrapped(inline(s[:end]))
		s = strings.TrimLeft(s[end:], " ")
	}
}

// wrapped writes a sentence in lines of the usual length.
func (d *mdoc) wrapped(s string) {
	const width = 78
	line := ""
	for _, word := range strings.Fields(s) {
		if line != "" && len(line)+1+len(word) > width {
			d.WriteString(guarded(line) + "\n")
			line = ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	d.WriteString(guarded(line) + "\n")
}

// verbatim writes lines as they are, indented.
func (d *mdoc) verbatim(text string) {
	d.line("Bd", "-literal", "-offset", "indent")
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		d.WriteString(guarded(literal(line)) + "\n")
	}
	d.line("Ed")
}

var (
	stop   = regexp.MustCompile(`[^.\s]([.!?][)'"]?)\s`) // where mandoc's lint sees a sentence end
	quoted = regexp.MustCompile("`[^`]+`")
	// dashed are words in which a dash is typed: flags, paths, names of files.
	dashed = regexp.MustCompile(`[^\s` + "`" + `]*[-/=.:_<>|~][^\s` + "`" + `]*`)
	plain  = regexp.MustCompile(`^\(?\pL+(?:-\pL+)+[.,;:)'s]*$`) // read-only: a dash that is read
)

// inline is running text with its quoted words set in bold.
func inline(s string) string {
	var b strings.Builder
	at := 0
	for _, m := range quoted.FindAllStringIndex(s, -1) {
		b.WriteString(prose(s[at:m[0]]))
		code := literal(s[m[0]+1 : m[1]-1])
		if !strings.Contains(code, " ") {
			code = `\%` + code // never taken apart at a line's end
		}
		b.WriteString(`\fB` + code + `\fR`)
		at = m[1]
	}
	b.WriteString(prose(s[at:]))
	return b.String()
}

func prose(s string) string {
	return dashed.ReplaceAllStringFunc(escaped(s), func(word string) string {
		if plain.MatchString(word) {
			return word
		}
		return `\%` + dashes(word) // never taken apart at a line's end
	})
}

// literal is what is typed, so that it can be copied.
func literal(s string) string {
	return dashes(strings.NewReplacer("'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`).Replace(escaped(s)))
}

func dashes(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, `\-`, "-"), "-", `\-`)
}

// escaped has no escapes of roff but those for what is not ASCII.
func escaped(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\\':
			b.WriteString(`\e`)
		case r == '…':
			b.WriteString("...")
		case r > '~':
			fmt.Fprintf(&b, `\[u%04X]`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// guarded is a line of text that is no macro.
func guarded(s string) string {
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		return `\&` + s
	}
	return s
}

// word is an argument of a macro: no macro itself, and one word.
func word(s string) string {
	s = dashes(escaped(s))
	s = strings.ReplaceAll(s, `"`, `\(dq`)
	if strings.ContainsAny(s, " \t") {
		return `"` + s + `"`
	}
	if strings.ContainsAny(s[max(len(s)-1, 0):], ".,:;)]?!") { // else it would be taken for the sentence's
		s += `\&`
	}
	if macro.MatchString(s) || strings.Trim(s, ".,:;()[]?!|") == "" {
		return `\&` + s
	}
	return s
}

var macro = regexp.MustCompile(`^[A-Z][a-z]$|^%[A-Z]$`)
