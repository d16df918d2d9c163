package sign

import (
	"encoding/base64"
	"errors"
	"strings"
)

// wrap is base64 as fedmsg writes it: a newline after every 76 characters and
// at the end (Python's encodebytes).
func wrap(raw []byte) string {
	const width = 76
	text := base64.StdEncoding.EncodeToString(raw)
	var b strings.Builder
	b.Grow(len(text) + len(text)/width + 1)
	for len(text) > width {
		b.WriteString(text[:width])
		b.WriteByte('\n')
		text = text[width:]
	}
	b.WriteString(text)
	b.WriteByte('\n')
	return b.String()
}

var errBase64 = errors.New("it is not base64")

// unwrap reads base64 as fedmsg's validator does (Python's b64decode): what is
// not of the alphabet is skipped, and the first complete padding ends the text.
func unwrap(text string) ([]byte, error) {
	digits := make([]byte, 0, len(text))
	pads := 0
scan:
	for i := range len(text) {
		switch c := text[i]; {
		case c >= 0x80:
			return nil, errBase64
		case c == '=':
			pads++
			if n := len(digits) % 4; n >= 2 && n+pads >= 4 {
				break scan
			}
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '+', c == '/':
			pads = 0
			digits = append(digits, c)
		}
	}
	if n := len(digits) % 4; n == 1 || n > 1 && n+pads < 4 {
		return nil, errBase64
	}
	raw, err := base64.RawStdEncoding.AppendDecode(nil, digits)
	if err != nil {
		return nil, errBase64
	}
	return raw, nil
}
