package mail

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func checkString(t *testing.T, what, s string) {
	t.Helper()
	if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
		t.Fatalf("%s is no clean UTF-8: %.200q", what, s)
	}
}

// checkMessage asserts what holds for every mail, whatever it is.
func checkMessage(t *testing.T, m *Message, lim Limits) {
	t.Helper()
	if n := checkParts(t, m.Body, lim, 0); n > lim.Parts {
		t.Fatalf("%d parts", n)
	}
	if len(m.Digest) != 64 {
		t.Fatalf("digest %q", m.Digest)
	}
	if len(m.Defects) > maxDefects+1 {
		t.Fatalf("%d defects", len(m.Defects))
	}
	for _, d := range m.Defects {
		checkString(t, "defect", d)
		if len(d) > 300 || strings.Contains(d, "fault of its own") {
			t.Fatalf("defect %q", d)
		}
	}
	checkString(t, "text", m.Text())
	checkString(t, "list id", m.ListID())
	for _, a := range m.Attachments() {
		checkString(t, "attachment", a.Name+a.Type)
	}
}

func checkHeader(t *testing.T, h Header) {
	t.Helper()
	names := h.Names()
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		for _, v := range h.Values(name) {
			checkString(t, name, v)
			if strings.ContainsAny(v, "\r\n") {
				t.Fatalf("%s has a line break: %q", name, v)
			}
		}
		checkString(t, name, h.MessageID(name)+strings.Join(h.MessageIDs(name), ""))
	}
	for _, name := range []string{"From", "To", "Cc", "Reply-To"} {
		for _, a := range h.Addresses(name) {
			checkString(t, name, a.Name+a.Email)
		}
	}
	_, raw := h.Time("Date")
	checkString(t, "Date", raw)
}

// checkParts returns how many parts there are from p on.
func checkParts(t *testing.T, p *Part, lim Limits, depth int) int {
	t.Helper()
	if depth > lim.Depth {
		t.Fatalf("%d levels", depth)
	}
	if len(p.Text) > lim.Text {
		t.Fatalf("%d bytes of text", len(p.Text))
	}
	if depth < 3 {
		checkHeader(t, p.Header)
	}
	checkString(t, "part", p.Type+p.Disposition+p.Filename+p.Text)
	for k, v := range p.Params {
		checkString(t, "parameter", k+v)
	}
	n := 1
	for _, child := range p.Parts {
		n += checkParts(t, child, lim, depth+1)
	}
	if p.Message != nil {
		n += checkParts(t, p.Message.Body, lim, depth+1)
	}
	return n
}

func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob(filepath.Join("..", "..", "fixtures", "hostile", "*.mail"))
	for _, name := range files {
		if b, err := os.ReadFile(name); err == nil {
			f.Add(b)
		}
	}
	f.Add([]byte(nested(40)))
	f.Add([]byte("Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/html; charset=koi8-r\n\n<p>a&lt;b<br>c\n--b--"))
	f.Add([]byte("Content-Disposition: attachment; filename*0*=utf-8''a%20; filename*1=b\nDate: Mon, 2 Jan 2006 15:04 EST\n\n"))
	small := Limits{Header: 600, Depth: 5, Parts: 20, Text: 100}
	f.Fuzz(func(t *testing.T, b []byte) {
		checkMessage(t, Parse(b, Limits{}), DefaultLimits())
		small := small.orDefault()
		checkMessage(t, Parse(b, small), small)
	})
}

func FuzzClearsigned(f *testing.F) {
	f.Add(signedText)
	f.Add("Done: D=C3=A9veloppeur\n=\n")
	f.Fuzz(func(t *testing.T, s string) {
		signed, signature, ok := Clearsigned(s)
		if !ok && signed+signature != "" {
			t.Fatalf("not ok, but %q %q", signed, signature)
		}
		if len(signed)+len(signature) > 2*len(s)+2 {
			t.Fatalf("grew: %d from %d", len(signed)+len(signature), len(s))
		}
		if out, did := UndoubleQP(s); !did && out != s {
			t.Fatalf("changed to %q without saying so", out)
		} else if did {
			checkString(t, "undoubled", out)
		}
		checkString(t, "html", htmlText(strings.ToValidUTF8(s, "?")))
	})
}

func FuzzAddresses(f *testing.F) {
	for _, c := range addressCases {
		f.Add(c.in)
	}
	f.Add("=?f@x (=?f@x (=?f@x))")
	f.Fuzz(func(t *testing.T, s string) {
		for _, a := range append(parseAddresses(s), ParseAddress(s)) {
			checkString(t, "address", a.Name+a.Email)
			if strings.ContainsAny(a.Name+a.Email, "\r\n") {
				t.Fatalf("line break in %q", a)
			}
		}
		checkString(t, "ids", messageID(s)+strings.Join(messageIDs(s), ""))
	})
}

func FuzzTime(f *testing.F) {
	for _, c := range timeCases {
		f.Add(c.in)
	}
	f.Fuzz(func(t *testing.T, s string) {
		when := ParseTime(s)
		if _, err := when.MarshalJSON(); err != nil {
			t.Fatalf("%q: %v", s, err)
		}
	})
}
