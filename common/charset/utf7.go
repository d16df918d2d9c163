package charset

import "unicode/utf8"

// readUTF7 reads UTF-7 (RFC 2152): UTF-16 in base64 between "+" and whatever
// comes after, a "-" included. What begins with "+" and is not that stays as it
// is: "C++", "1+1".
func readUTF7(b []byte) []byte { return readShifted(b, '+', '/') }

// readIMAP reads what IMAP made of it (RFC 3501 §5.1.3).
func readIMAP(b []byte) []byte { return readShifted(b, '&', ',') }

func readShifted(b []byte, shift, last byte) []byte {
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		switch c := b[0]; {
		case c >= utf8.RuneSelf:
			n := 1
			for n < len(b) && b[n] >= utf8.RuneSelf {
				n++
			}
			out, _ = appendRuns(out, b[:n], OddByte)
			b = b[n:]
			continue
		case c != shift:
			out, b = append(out, c), b[1:]
			continue
		case len(b) > 1 && b[1] == '-':
			out, b = append(out, shift), b[2:]
			continue
		}
		n := 1
		for n < len(b) && digit64(b[n], last) >= 0 {
			n++
		}
		before := len(out)
		var ok bool
		if out, ok = appendBase64UTF16(out, b[1:n], last); !ok {
			out = append(out[:before], b[:n]...)
		} else if n < len(b) && b[n] == '-' {
			n++
		}
		b = b[n:]
	}
	return out
}

// appendBase64UTF16 appends the characters that base64 holds; not ok where it
// does not hold whole ones, and zeros up to the last digit.
func appendBase64UTF16(out, digits []byte, last byte) ([]byte, bool) {
	var bits, have uint32
	high := rune(0)
	for _, c := range digits {
		bits, have = bits<<6|uint32(digit64(c, last)), have+6
		if have < 16 {
			continue
		}
		have -= 16
		unit := rune(bits >> have & 0xFFFF)
		bits &= 1<<have - 1
		switch {
		case high != 0 && unit >= 0xDC00 && unit <= 0xDFFF:
			out = utf8.AppendRune(out, 0x10000+(high-0xD800)<<10+(unit-0xDC00))
			high = 0
		case high != 0 || unit >= 0xDC00 && unit <= 0xDFFF:
			return out, false
		case unit >= 0xD800 && unit <= 0xDBFF:
			high = unit
		default:
			out = utf8.AppendRune(out, unit)
		}
	}
	return out, len(digits) > 2 && high == 0 && have < 6 && bits == 0
}

func digit64(c, last byte) int {
	switch {
	case 'A' <= c && c <= 'Z':
		return int(c - 'A')
	case 'a' <= c && c <= 'z':
		return int(c-'a') + 26
	case '0' <= c && c <= '9':
		return int(c-'0') + 52
	case c == '+':
		return 62
	case c == last:
		return 63
	}
	return -1
}
