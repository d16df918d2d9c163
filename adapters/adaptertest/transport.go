package adaptertest

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime/quotedprintable"
	"regexp"
)

var (
	manyParts = regexp.MustCompile(`(?mi)^Content-Type:\s*(?:multipart|message)/`)
	encoding  = regexp.MustCompile(`(?mi)^Content-Transfer-Encoding:[ \t]*(\S+)[ \t]*\n`)
	foldable  = regexp.MustCompile(`(?m)^((?:Subject|To|Cc|X-Debian|X-DAK|X-Debian-Package|Debian-Suite|Debian-Architecture|Date): ?[^\n]*?\S)( +\S[^\n]*)$`)
)

// inBase64 is a mail whose text a relay encoded again (RFC 2045 §6.8). One with
// parts, or with lines that end as DOS's, is left as it is.
func inBase64(raw []byte) []byte {
	head, body, found := bytes.Cut(raw, []byte("\n\n"))
	head = append(bytes.Clone(head), '\n')
	if !found || len(body) == 0 || manyParts.Match(head) || bytes.Contains(raw, []byte("\r\n")) {
		return raw
	}
	if m := encoding.FindSubmatch(head); m != nil {
		switch string(bytes.ToLower(m[1])) {
		case "quoted-printable":
			plain, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(body)))
			if err != nil {
				return raw
			}
			body = plain
		case "7bit", "8bit", "binary":
		default:
			return raw
		}
		head = encoding.ReplaceAll(head, nil)
	}
	out := append(head, "Content-Transfer-Encoding: base64\n\n"...)
	text := base64.StdEncoding.EncodeToString(body)
	for len(text) > 76 {
		out = append(append(out, text[:76]...), '\n')
		text = text[76:]
	}
	return append(append(out, text...), '\n')
}

// folded is a mail whose longer fields a relay folded (RFC 5322 §2.2.3): before the
// blanks that are there.
func folded(raw []byte) []byte {
	head, body, found := bytes.Cut(raw, []byte("\n\n"))
	if !found || bytes.Contains(raw, []byte("\r\n")) {
		return raw
	}
	head = foldable.ReplaceAll(head, []byte("$1\n$2"))
	return append(append(head, "\n\n"...), body...)
}
