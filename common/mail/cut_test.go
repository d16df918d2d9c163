package mail

import (
	"strings"
	"testing"
)

const twoParts = "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\ntwo\n"

func TestCut(t *testing.T) {
	lines := strings.Repeat("line\n", 10)
	signed := "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nThe kettle boils.\n-----BEGIN PGP SIGNATURE-----\n\niQ==\n-----END PGP SIGNATURE-----\n"
	for name, c := range map[string]struct{ mail, want string }{
		"plain":                     {"Subject: x\n\n" + lines, ""},
		"in a field's name":         {"Subject: x\r\nX-Debian-PR-Pack", HeaderCut},
		"signed":                    {"Subject: x\n\n" + signed, ""},
		"signed, a text behind it":  {"Subject: x\n\n" + signed + "--\na footer\n", ""},
		"signed, cut":               {"Subject: x\n\n\n" + signed[:len(signed)-9], "its signed text has no end"},
		"signed, cut in its text":   {"Subject: x\r\n\r\n" + strings.ReplaceAll(signed[:60], "\n", "\r\n"), "its signed text has no end"},
		"about signed texts":        {"Subject: x\n\nit began with\n" + signed[:60], ""},
		"no text":                   {"Subject: x\n\n", ""},
		"no text, CRLF":             {"Subject: x\r\n\r\n", ""},
		"in the header":             {"Subject: x\nMessage-ID: <a@", HeaderCut},
		"behind a field":            {"Subject: x\nMessage-ID: <a@x>\n", HeaderCut},
		"blank line forgotten":      {"Subject: x\na text\n", ""},
		"multipart":                 {twoParts + "--c--\n--b--\n", ""},
		"inner end forgotten":       {twoParts + "--b--\n", ""},
		"outer end missing":         {twoParts + "--c--\n", "it is a multipart without its last boundary"},
		"both missing":              {twoParts, "it is a multipart without its last boundary"},
		"not divided":               {"Content-Type: multipart/mixed; boundary=b\n\nonly text\n", ""},
		"not divided, in a line":    {"Content-Type: multipart/mixed; boundary=b\n\nThis is a multi-part mess", "it is a multipart without its last boundary"},
		"in the first boundary":     {"Content-Type: multipart/mixed; boundary=bbb\n\n--b", "it is a multipart without its last boundary"},
		"multipart of nothing":      {"Content-Type: multipart/mixed; boundary=b\n\n", "it is a multipart without its last boundary"},
		"multipart, its end alone":  {"Content-Type: multipart/mixed; boundary=b\n\n--b--\n", ""},
		"signed, its first line":    {"Subject: x\n\n" + signed[:20], "its signed text has no end"},
		"embedded, cut":             {"Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: message/rfc822\n\n" + twoParts + "--x--\n", ""},
		"length":                    {"Content-Length: 50\n\n" + lines, ""},
		"length, more there":        {"Content-Length: 50\n\n" + lines + "-- \na footer\n", ""},
		"length, with CRLF":         {"Content-Length: 60\n\n" + lines, ""},
		"length, less a blank line": {"Content-Length: 51\n\n" + lines, ""},
		"length, cut":               {"Content-Length: 50\n\n" + lines[:40], "its body has 40 bytes of 50"},
		"length, cut in a line":     {"Content-Length: 50\r\n\r\n" + strings.ReplaceAll(lines[:32], "\n", "\r\n"), "its body has 38 bytes of 50"},
		"length, nonsense":          {"Content-Length: many\n\n" + lines, ""},
		"lines":                     {"Lines: 10\n\n" + lines, ""},
		"lines, cut":                {"Lines: 10\n\n" + lines[:30], "its body has 6 lines of 10"},
		"lines of another encoding": {"Lines: 10\nX-MIME-Autoconverted: from quoted-printable to 8bit\n\n" + lines[:30], ""},
	} {
		m := parse(t, c.mail)
		if m.Cut() != c.want {
			t.Errorf("%s: %q, want %q", name, m.Cut(), c.want)
		}
		if said := strings.Contains(strings.Join(m.Defects, "\n"), "mail: seems cut"); said != (c.want != "") && name != "embedded, cut" {
			t.Errorf("%s: defects %q", name, m.Defects)
		}
	}
}

// TestEmptyMultipart: one that has its end alone is empty, and no text.
func TestEmptyMultipart(t *testing.T) {
	m := parse(t, "Content-Type: multipart/related; boundary=out\n\n--out\nContent-Type: multipart/alternative; boundary=in\n\n--in--\n\n--out\n\nThe kettle boils.\n--out--\n")
	if m.Text() != "The kettle boils." || len(m.Attachments()) != 0 {
		t.Errorf("%q, attachments %v", m.Text(), m.Attachments())
	}
	m = parse(t, "Content-Type: multipart/related; boundary=out\n\n--out\nContent-Type: multipart/alternative; boundary=in\n\nneither\n\n--out\n\nThe kettle boils.\n--out--\n")
	if m.Text() != "The kettle boils." {
		t.Errorf("a multipart that cannot be divided comes first: %q", m.Text())
	}
	if m = parse(t, "Content-Type: multipart/mixed; boundary=b\n\nThe kettle boils.\n--b--\n"); !strings.Contains(m.Text(), "kettle") {
		t.Errorf("text before an end: %q", m.Text())
	}
}
