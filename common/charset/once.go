package charset

import "unicode/utf8"

// Once undoes a reading of UTF-8 as a single-byte charset, as programs do that
// believe a label: "thÃ©", under the label ISO-8859-1, was "thé". It returns the
// text as it is where it was not read so.
func Once(label, text string) string {
	c, known := Lookup(label)
	if !known || c.kind != single {
		return text
	}
	bytes := map[rune]byte{}
	for b := byte(0x80); b < 0xA0; b++ {
		bytes[rune(b)] = b // where others have control characters
	}
	for i := range 0x80 {
		b := 0x80 + byte(i)
		r := c.page(b)
		if other, taken := bytes[r]; r < utf8.RuneSelf || taken && other != b {
			return text // nobody can tell what it was
		}
		if r != utf8.RuneError {
			bytes[r] = b
		}
	}
	once := make([]byte, 0, len(text))
	for _, r := range text {
		b, ok := bytes[r]
		if r < utf8.RuneSelf {
			b, ok = byte(r), true
		}
		if !ok {
			return text
		}
		once = append(once, b)
	}
	if !utf8.Valid(once) {
		return text
	}
	return string(once)
}
