package mail

import "strings"

const (
	beginSigned    = "-----BEGIN PGP SIGNED MESSAGE-----"
	beginSignature = "-----BEGIN PGP SIGNATURE-----"

	// EndSignature is the last line of a clearsigned text that is whole.
	EndSignature = "-----END PGP SIGNATURE-----"
)

// BeginsSigned reports whether a clearsigned text begins in a text, whether or
// not it ends.
func BeginsSigned(text string) bool {
	_, found := afterArmorLine(text, beginSigned)
	return found
}

// Clearsigned takes a clearsigned text apart (RFC 4880 §7): the signed text
// without dash-escapes and with "\n" line ends, and the armored signature.
// What stands before and after is left out. It tolerates "\r\n", blanks at the
// ends of armor lines, no blank line after the armor's header, and a signature
// that is cut off. ok is false if there is no signed text or no signature.
// Nothing is verified; a verifier needs the original.
func Clearsigned(text string) (signed, signature string, ok bool) {
	rest, found := afterArmorLine(text, beginSigned)
	if !found {
		return "", "", false
	}
	escaped := true
	for rest != "" {
		line, next := cutTextLine(rest)
		key, _, isHeader := strings.Cut(line, ":")
		if line != "" && (!isHeader || !armorHeader(key)) {
			break
		}
		if key == "NotDashEscaped" {
			escaped = false
		}
		rest = next
		if line == "" {
			break
		}
	}
	var out strings.Builder
	for rest != "" {
		line, next := cutTextLine(rest)
		if line == beginSignature {
			return out.String(), signatureBlock(rest), true
		}
		content, _, _ := strings.Cut(rest, "\n")
		content = strings.TrimRight(content, "\r")
		if escaped {
			content = strings.TrimPrefix(content, "- ")
		}
		out.WriteString(content)
		out.WriteByte('\n')
		rest = next
	}
	return "", "", false
}

// armorHeader names the armor's header fields (RFC 4880 §6.2), and no field of
// a signed text.
func armorHeader(key string) bool {
	switch key {
	case "Hash", "Charset", "Comment", "Version", "MessageID", "NotDashEscaped":
		return true
	}
	return false
}

// afterArmorLine returns what follows the first line that is the marker.
func afterArmorLine(text, marker string) (rest string, found bool) {
	for from := 0; ; {
		i := strings.Index(text[from:], marker)
		if i < 0 {
			return "", false
		}
		i += from
		from = i + len(marker)
		if i == 0 || text[i-1] == '\n' {
			if line, next := cutTextLine(text[i:]); line == marker {
				return next, true
			}
		}
	}
}

// signatureBlock returns the armored signature that s begins with, with "\n"
// line ends.
func signatureBlock(s string) string {
	var out strings.Builder
	for s != "" {
		var line string
		line, s = cutTextLine(s)
		out.WriteString(line)
		out.WriteByte('\n')
		if line == EndSignature {
			break
		}
	}
	return out.String()
}

// cutTextLine returns the first line without blanks at its end, and what
// follows.
func cutTextLine(s string) (line, rest string) {
	line, rest, _ = strings.Cut(s, "\n")
	return strings.TrimRight(line, " \t\r"), rest
}
