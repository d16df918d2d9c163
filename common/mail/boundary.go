package mail

import "slices"

// boundary is the boundary of a multipart. Mailers write comments beside it, leave
// out the semicolon before it, or put it in single quotes: where Content-Type can
// be read in several ways, the one counts that divides the body.
func (w *walker) boundary(p *Part, body []byte) string {
	raw := p.Header.encoded("Content-Type")
	plain := uncommented(raw)
	_, params := mediaType(plain)
	var ways []string
	for _, b := range []string{p.Params["boundary"], params["boundary"], findLabel(plain, "boundary"), findLabel(raw, "boundary")} {
		if b != "" && len(b) <= maxBoundary && !slices.Contains(ways, b) {
			ways = append(ways, b)
		}
	}
	switch len(ways) {
	case 0:
		return ""
	case 1:
		return ways[0]
	}
	for _, b := range ways {
		if !w.spend(len(body)) {
			break
		}
		if at, _ := cutDelimiter(body, []byte("--"+b)); at.kind != noDelimiter {
			return b
		}
	}
	return ways[0]
}

// uncommented takes the comments (RFC 5322 §3.2.2) out of a field that is not an
// address. One that never closes is text, as is all behind it.
func uncommented(s string) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			n := quoteEnd(s[i:])
			out = append(out, s[i:i+n]...)
			i += n
		case '(':
			n := commentEnd(s[i:])
			if n == 0 {
				return string(append(out, s[i:]...))
			}
			i += n
			out = append(out, ' ')
			continue
		}
		if i < len(s) {
			out = append(out, s[i])
		}
	}
	return string(out)
}
