package mail

import (
	"strconv"
	"strings"
)

// maxParams bounds the parameters of one header field.
const maxParams = 100

// mediaType reads "value; name=value; ..." (RFC 2045 §5.1, RFC 2231) as
// tolerantly as mailers write it: unquoted "=" and blanks in values, missing
// semicolons at the end, the first of two equal names. Names and the value are
// lower case.
func mediaType(raw string) (value string, params map[string]string) {
	s := toUTF8(raw)
	if value, s = cutParam(s); strings.Contains(value, "(") {
		whole := toUTF8(raw)
		value, _ = cutParam(uncommented(whole))
		if from := strings.IndexByte(whole, '('); from+commentEnd(whole[from:]) > len(whole)-len(s) { // a ";" in the comment
			_, s = cutParam(whole[from+commentEnd(whole[from:]):])
		}
		if main, sub, ok := strings.Cut(value, "/"); ok {
			value = strings.TrimSpace(main) + "/" + strings.TrimSpace(sub)
		}
	}
	value = strings.ToLower(strings.TrimSpace(oneLine(value)))
	if value, _, _ = strings.Cut(value, "("); strings.ContainsRune(value, ' ') {
		value, _, _ = strings.Cut(strings.TrimSpace(value), " ")
	}
	pieces := map[string]string{}
	for n := 0; s != "" && n < maxParams; n++ {
		var p string
		p, s = cutParam(s)
		name, v, found := strings.Cut(p, "=")
		name = strings.ToLower(strings.TrimSpace(oneLine(name)))
		if !found || name == "" {
			continue
		}
		if _, twice := pieces[name]; !twice {
			pieces[name] = unquote(v)
		}
	}
	if len(pieces) == 0 {
		return value, nil
	}
	params = map[string]string{}
	for name, v := range pieces {
		if !strings.Contains(name, "*") {
			params[name] = decodeValue(v, func(string) {})
		}
	}
	done := map[string]bool{}
	for name := range pieces {
		base, _, extended := strings.Cut(name, "*")
		if _, plain := pieces[base]; !extended || done[base] || plain && !named(base) {
			continue
		}
		done[base] = true
		if v := decodeValue(joinPieces(base, pieces), func(string) {}); v != "" || params[base] == "" {
			params[base] = v
		}
	}
	return value, params
}

// named tells the parameters whose extended form is the better one of two
// (RFC 6266 §4.3): the plain one is for old readers.
func named(name string) bool { return name == "filename" || name == "name" }

// cutParam cuts at the next ";" outside quotes. A quote that never closes is
// an ordinary character.
func cutParam(s string) (param, rest string) {
	open := -1
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && open >= 0:
			i++
		case s[i] == '"' && open < 0:
			open = i
		case s[i] == '"':
			open = -1
		case s[i] == ';' && open < 0:
			return s[:i], s[i+1:]
		}
	}
	if open < 0 {
		return s, ""
	}
	if i := strings.IndexByte(s[open:], ';'); i >= 0 {
		return s[:open+i], s[open+i+1:]
	}
	return s, ""
}

// unquote takes a parameter's value out of its quotes.
func unquote(s string) string {
	s = strings.TrimSpace(s)
	if !strings.HasPrefix(s, `"`) {
		return s
	}
	var out strings.Builder
	for i := 1; i < len(s) && s[i] != '"'; i++ {
		if s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\') { // else it is of a path, "C:\TEMP"
			i++
		}
		out.WriteByte(s[i])
	}
	return strings.ToValidUTF8(out.String(), "\uFFFD")
}

// joinPieces puts a value together that RFC 2231 spread over name*, name*0,
// name*1*, ...: percent-encoded pieces are decoded, and the first one tells
// the charset.
func joinPieces(base string, pieces map[string]string) string {
	var bytes []byte
	charset := ""
	take := func(v string, encoded, first bool) {
		if !encoded {
			bytes = append(bytes, v...)
			return
		}
		if first {
			if cs, after, ok := strings.Cut(v, "'"); ok {
				if _, text, ok := strings.Cut(after, "'"); ok {
					charset, v = cs, text
				}
			}
		}
		bytes = appendPercent(bytes, v)
	}
	if v, ok := pieces[base+"*"]; ok {
		take(v, true, true)
	}
	from := 0
	if _, ok := pieces[base+"*0"]; !ok && pieces[base+"*0*"] == "" {
		from = 1 // some mailers count so
	}
	for n := from; n < maxParams; n++ {
		key := base + "*" + strconv.Itoa(n)
		if v, ok := pieces[key]; ok {
			take(v, false, n == from)
		} else if v, ok := pieces[key+"*"]; ok {
			take(v, true, n == from)
		} else {
			break
		}
	}
	text, _ := decodeCharset(charset, bytes)
	return text
}

func appendPercent(to []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '%' && i+2 < len(s) {
			if v, ok := unhex(s[i+1], s[i+2]); ok {
				c = v
				i += 2
			}
		}
		to = append(to, c)
	}
	return to
}
