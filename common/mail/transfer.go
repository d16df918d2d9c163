package mail

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/emersion/go-message"
)

// transferEncoding returns the Content-Transfer-Encoding (RFC 2045 §6), ""
// for those that change nothing.
func transferEncoding(h Header) string {
	enc, _ := mediaType(h.Raw("Content-Transfer-Encoding"))
	switch enc = strings.Trim(enc, `"'`); enc {
	case "", "7bit", "8bit", "binary", "7-bit", "8-bit":
		return ""
	case "quoted-printable", "quotedprintable", "quoted":
		return "quoted-printable"
	case "base64", "base-64":
		return "base64"
	case "uuencode", "x-uuencode", "uue", "x-uue":
		return "x-uuencode"
	}
	return enc
}

// transfer removes a transfer encoding. At most keep bytes are returned; size
// counts all. Where the library stops at damage, the body is read again
// tolerantly, and what can be read is kept.
func (w *walker) transfer(encoding string, body []byte, keep int) (data []byte, size int64) {
	switch encoding {
	case "":
		return body[:min(len(body), keep)], int64(len(body))
	case "quoted-printable", "base64":
	case "x-uuencode":
		if data, ok := uudecoded(body); ok {
			return data[:min(len(data), keep)], int64(len(data))
		}
		w.d.add("x-uuencode: nothing encoded, left as it is")
		return body[:min(len(body), keep)], int64(len(body))
	default:
		w.d.add(fmt.Sprintf("transfer encoding %s is unknown, left as it is", clipCharset(encoding)))
		return body[:min(len(body), keep)], int64(len(body))
	}
	data, size, err := libraryTransfer(encoding, body, keep)
	if err == nil {
		return data, size
	}
	w.d.add(encoding + ": damaged, kept what could be read")
	if encoding == "base64" {
		data = tolerantBase64(body)
	} else {
		data = tolerantQP(make([]byte, 0, len(body)), body)
	}
	return data[:min(len(data), keep)], int64(len(data))
}

// libraryTransfer is go-message's decoding; a panic in it is an error.
func libraryTransfer(encoding string, body []byte, keep int) (data []byte, size int64, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("decoding %s: %v", encoding, r)
		}
	}()
	var h message.Header
	h.Set("Content-Transfer-Encoding", encoding)
	e, err := message.New(h, bytes.NewReader(body))
	if err != nil {
		return nil, 0, err
	}
	var kept bytes.Buffer
	kept.Grow(min(len(body), keep))
	n, err := io.Copy(&kept, io.LimitReader(e.Body, int64(keep)))
	if err != nil {
		return nil, 0, err
	}
	more, err := io.Copy(io.Discard, e.Body)
	return kept.Bytes(), n + more, err
}

// tolerantBase64 reads damaged base64 line by line. It ends at padding or,
// once data was seen, at a line that is mostly something else, such as the
// footer of a mailing list; single wrong characters are left out.
func tolerantBase64(body []byte) []byte {
	digits := make([]byte, 0, len(body))
	for len(body) > 0 {
		var line []byte
		line, body = cutLine(body)
		from, wrong, pad := len(digits), 0, false
		for _, c := range line {
			switch {
			case c == '=':
				pad = true
			case pad || c == ' ' || c == '\t' || c == '\r':
			case base64Digit(c):
				digits = append(digits, c)
			default:
				wrong++
			}
		}
		if wrong*4 > len(digits)-from {
			digits = digits[:from]
			if from > 0 {
				break
			}
		}
		if pad && len(digits) > 0 {
			break
		}
	}
	return appendBase64(make([]byte, 0, len(digits)*3/4), string(digits))
}

// tolerantQP appends b with its quoted-printable encoding removed (RFC 2045
// §6.7); an "=" that introduces nothing stays.
func tolerantQP(to, b []byte) []byte {
	for len(b) > 0 {
		i := bytes.IndexByte(b, '\n')
		line, end := b, ""
		if i >= 0 {
			line, b, end = b[:i], b[i+1:], "\n"
		} else {
			b = nil
		}
		line = bytes.TrimRight(line, " \t\r")
		soft := bytes.HasSuffix(line, []byte("="))
		if soft {
			line, end = line[:len(line)-1], ""
		}
		for i := 0; i < len(line); i++ {
			c := line[i]
			if c == '=' && i+2 < len(line) {
				if v, ok := unhex(line[i+1], line[i+2]); ok {
					c = v
					i += 2
				}
			}
			to = append(to, c)
		}
		to = append(to, end...)
	}
	return to
}

// trimPartialRune cuts an incomplete UTF-8 sequence off the end.
func trimPartialRune(b []byte) []byte {
	for n := 1; n <= 3 && n <= len(b); n++ {
		c := b[len(b)-n]
		if utf8.RuneStart(c) {
			if c >= utf8.RuneSelf && !utf8.FullRune(b[len(b)-n:]) {
				return b[:len(b)-n]
			}
			break
		}
	}
	return b
}
