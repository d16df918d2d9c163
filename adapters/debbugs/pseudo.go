package debbugs

import (
	"slices"
	"strings"

	"busbar/common/mail"
	"busbar/common/pattern"
)

// pseudo is the block of "Name: value" lines at the top of a mail's text, by
// lower-case name.
type pseudo map[string]string

// pseudoHeaders reads the block: it ends at the first blank line or line of
// another form. A value may go on in lines that begin with a blank. The first
// of several fields counts; those named Control all do, a line each, and so do those
// about users' tags, which stand together under [userLines] as they came.
func pseudoHeaders(text string) pseudo {
	const most = 200 // lines
	if signed, _, ok := mail.Clearsigned(text); ok {
		text = signed
	}
	p := pseudo{}
	last := ""
	text = strings.TrimLeft(strings.TrimPrefix(text, "\ufeff"), "\n")
	for range most {
		var l string
		var more bool
		l, text, more = strings.Cut(text, "\n")
		name, value, isField := strings.Cut(l, ":")
		switch {
		case last != "" && strings.TrimSpace(l) != "" && (l[0] == ' ' || l[0] == '\t'):
			p[last] += " " + strings.TrimSpace(l)
		case isField && fieldName.MatchString(name):
			last = ""
			switch name = strings.ToLower(name); name {
			case "user", "usertag", "usertags":
				p[userLines] += map[bool]string{true: "user ", false: "usertags "}[name == "user"] + strings.TrimSpace(value) + "\n"
				continue
			}
			if p[name] == "" {
				p[name], last = strings.TrimSpace(value), name
			} else if name == "control" {
				p[name], last = p[name]+"\n"+strings.TrimSpace(value), name
			}
		default:
			return p
		}
		if !more {
			break
		}
	}
	return p
}

// userLines is the name under which the fields "User" and "Usertags" are kept: no
// field can have it.
const userLines = "user and usertags"

var (
	fieldName = pattern.New(`^[A-Za-z][A-Za-z0-9-]*$`)
	// versions are "1.0-1" or "package/1.0-1" (debbugs: Debbugs/Versions).
	version = pattern.New(`^([a-z0-9][a-z0-9.+-]*/)?[A-Za-z0-9:+.~-]{1,200}$`)
)

// version is a field's value if it is a version at all.
func (p pseudo) version(name string) string {
	if v := p[name]; version.MatchString(v) {
		return line(v)
	}
	return ""
}

var severities = []string{"critical", "grave", "serious", "important", "normal", "minor", "wishlist"}

// severity is the one asked for, if debbugs would take it.
func (p pseudo) severity() string {
	s := p["severity"]
	if s == "" {
		s = p["priority"]
	}
	if s = strings.ToLower(s); slices.Contains(severities, s) {
		return s
	}
	return ""
}

// also adds the mail's real header fields "X-Debbugs-NAME", which debbugs
// takes like pseudo-headers; those in the text come first.
func (p pseudo) also(h mail.Header, names ...string) pseudo {
	for _, n := range names {
		if p[n] == "" {
			p[n] = h.Get("X-Debbugs-" + n)
		}
	}
	return p
}
