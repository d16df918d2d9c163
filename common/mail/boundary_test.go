package mail

import (
	"strings"
	"testing"
)

// TestBoundaries are the ways in which mailers name a boundary.
func TestBoundaries(t *testing.T) {
	for _, c := range []struct{ contentType, boundary string }{
		{`multipart/mixed; boundary=tea`, "tea"},
		{`multipart/mixed boundary=tea`, "tea"},
		{`multipart/mixed boundary="tea time"`, "tea time"},
		{`multipart/mixed, boundary="tea"`, "tea"},
		{`multipart/mixed; charset=utf-8 boundary=tea`, "tea"},
		{`multipart/mixed; charset="utf-8" boundary="tea"`, "tea"},
		{`multipart/mixed; boundary="tea" (of a mailer)`, "tea"},
		{`multipart/mixed; boundary=tea (of a mailer)`, "tea"},
		{`multipart/mixed; boundary=(of a mailer)tea`, "tea"},
		{`multipart/mixed; boundary (no; none) = tea`, "tea"},
		{`multipart/mixed (a; b="c"); boundary=tea`, "tea"},
		{`multipart/mixed; (boundary=coffee) boundary=tea`, "tea"},
		{`multipart/mixed (nested (twice) \) boundary=coffee); boundary=tea`, "tea"},
		{`(first of all) multipart/mixed; boundary=tea`, "tea"},
		{`multipart/ (split) mixed; boundary=tea`, "tea"},
		{`multipart/mixed; boundary='tea'`, "tea"},
		{`multipart/mixed; boundary='tea'`, "'tea'"},
		{`multipart/mixed; boundary=tea(time)`, "tea(time)"},
		{`multipart/mixed; boundary="tea (time)"`, "tea (time)"},
		{`multipart/mixed; boundary=tea (never closed`, "tea"},
		{"multipart/mixed;\n\tboundary=tea (folded\n comment)", "tea"},
		{`multipart/mixed; boundary:tea`, "tea"},
	} {
		body := "Nobody's words.\n--B\nContent-Type: text/plain\n\nThe kettle boils.\n--B\nContent-Type: text/html\n\n<p>It boils.</p>\n--B--\n"
		m := parse(t, "Content-Type: "+c.contentType+"\n\n"+strings.ReplaceAll(body, "--B", "--"+c.boundary))
		if len(m.Body.Parts) != 2 || m.Text() != "The kettle boils." || m.Cut() != "" {
			t.Errorf("%s with %q: %d parts, text %q, cut %q", c.contentType, c.boundary, len(m.Body.Parts), m.Text(), m.Cut())
		}
	}
}
