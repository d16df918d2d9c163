package hook

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// Version is that of the spool file's form.
const Version = 1

// maxValue bounds one value of the environment.
const maxValue = 4096

// head is the first line of the spool file: one JSON object. cut says that the
// input was too long and is left out.
func (n Notice) head(cut bool) []byte {
	b := []byte(`{"version":` + strconv.Itoa(Version) + `,"system":`)
	b = quote(b, n.System)
	b = quote(append(b, `,"hook":`...), n.Hook)
	b = quote(append(b, `,"repository":`...), n.Repository)
	b = quote(append(b, `,"time":`...), n.Time.UTC().Format(time.RFC3339Nano))
	if len(n.Args) > 0 {
		b = append(b, `,"args":[`...)
		for i, arg := range n.Args {
			if i > 0 {
				b = append(b, ',')
			}
			b = quote(b, arg)
		}
		b = append(b, ']')
	}
	b = append(b, `,"env":{`...)
	for i := 0; i+1 < len(n.Env); i += 2 {
		if i > 0 {
			b = append(b, ',')
		}
		b = quote(b, n.Env[i])
		b = quote(append(b, ':'), bounded(n.Env[i+1]))
	}
	b = append(b, '}')
	if cut {
		b = append(b, `,"cut":true`...)
	}
	return append(b, '}', '\n')
}

// quote appends s as a JSON string (RFC 8259 §7). A byte HH that belongs to no
// UTF-8 is written as \udcHH, which no text holds (Python's surrogateescape, PEP
// 383): what names a repository is bytes, and none is lost.
func quote(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			b = append(b, '\\', 'u', 'd', 'c', hex[s[i]>>4], hex[s[i]&15])
		} else {
			b = letter(b, r)
		}
		i += n
	}
	return append(b, '"')
}

const hex = "0123456789abcdef"

// bounded cuts a value, between characters where it has any.
func bounded(s string) string {
	if len(s) <= maxValue {
		return s
	}
	n := maxValue
	for n > maxValue-utf8.UTFMax && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

func letter(b []byte, r rune) []byte {
	switch {
	case r == '"' || r == '\\':
		return append(b, '\\', byte(r))
	case r < ' ' || r == 0x7f:
		return append(b, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
	}
	return utf8.AppendRune(b, r)
}
