package dak

import (
	"errors"
	"fmt"
	"strings"
)

// A paragraph is the fields of a control file (Debian Policy §5.1). The lines of
// a value are without the blank that continues it, and without the dot of an
// empty one.
type paragraph struct {
	Order  []string
	Values map[string]string
	ended  bool // its last line is whole
}

// blanks are all that is trimmed: an identifier keeps everything else.
const blanks = " \t\r\n\v\f"

// maxFields bounds the fields of a .changes file; a real one has about 25.
const maxFields = 1000

// readParagraph reads the first paragraph of a text, each line once.
func readParagraph(text string) (*paragraph, error) {
	p := &paragraph{Values: map[string]string{}}
	name := ""
	var value strings.Builder
	for text != "" {
		var l string
		var whole bool
		l, text, whole = strings.Cut(text, "\n")
		l = strings.TrimRight(l, "\r")
		switch {
		case l == "" && len(p.Order) == 0, strings.HasPrefix(l, "#"):
			continue
		case l == "":
			p.close(name, &value)
			p.ended = true
			return p, nil
		}
		p.ended = whole
		if l[0] == ' ' || l[0] == '\t' {
			if name == "" {
				return nil, errors.New("it begins with a continued line")
			}
			if l = strings.TrimRight(l[1:], blanks); l == "." {
				l = ""
			}
			if value.Len() > 0 && !strings.HasSuffix(value.String(), "\n") {
				value.WriteByte('\n')
			}
			value.WriteString(l)
			value.WriteByte('\n')
			continue
		}
		p.close(name, &value)
		key, rest, found := strings.Cut(l, ":")
		if !found {
			return nil, fmt.Errorf("the line %q has no colon", line(l))
		}
		if len(p.Order) == maxFields {
			return nil, fmt.Errorf("it has more than %d fields", maxFields)
		}
		name = strings.Trim(key, blanks)
		p.Order = append(p.Order, name)
		value.WriteString(strings.Trim(rest, blanks))
	}
	if len(p.Order) == 0 {
		return nil, errors.New("it is empty")
	}
	p.close(name, &value)
	return p, nil
}

// close ends a field. Of one that stands twice the last value counts.
func (p *paragraph) close(name string, value *strings.Builder) {
	if len(p.Order) > 0 {
		p.Values[name] = value.String()
	}
	value.Reset()
}
