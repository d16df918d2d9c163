package mail

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// One test for each defect of the library that this package lives with.

func parse(t *testing.T, s string) *Message {
	t.Helper()
	m := Parse([]byte(s), Limits{})
	checkMessage(t, m, DefaultLimits())
	return m
}

func wantDefect(t *testing.T, m *Message, part string) {
	t.Helper()
	if !strings.Contains(strings.Join(m.Defects, "\n"), part) {
		t.Errorf("defects %q do not tell of %q", m.Defects, part)
	}
}

func TestD1_WriterPanic(t *testing.T) {
	m := parse(t, "Content-Type: multipart/\n\nhello\n")
	if m.Text() != "hello\n" {
		t.Errorf("text %q", m.Text())
	}
	wantDefect(t, m, "no usable boundary")
}

func TestD2_BadHeaderLine(t *testing.T) {
	const good = "From: jane@example.org\nSubject: hello\n"
	for name, head := range map[string]string{
		"no colon":               "garbage\n" + good,
		"no colon in the middle": "From: jane@example.org\ngarbage\n folded garbage\nSubject: hello\n",
		"blank in the name":      "X Y: z\n" + good,
		"From line":              "From jane Mon Jan  5 10:00:00 2004\n" + good,
		"quoted From line":       ">From jane Mon Jan  5 10:00:00 2004\n" + good,
		"leading space":          " From: jane@example.org\nSubject: hello\n",
		"CR CR LF":               strings.ReplaceAll(good, "\n", "\r\r\n"),
		"CRLF":                   strings.ReplaceAll(good, "\n", "\r\n"),
		"bare CR":                strings.ReplaceAll(good, "\n", "\r"),
		"byte order mark":        "\ufeff" + good,
		"leading blank lines":    "\r\n\n" + good,
		"blank before the colon": "From : jane@example.org\nSubject\t: hello\n",
		"folded at once":         "From: jane@example.org\nSubject:\n hello\n",
	} {
		t.Run(name, func(t *testing.T) {
			end := "\n"
			if name == "bare CR" || name == "CR CR LF" || name == "CRLF" {
				end = head[strings.Index(head, "\r"):]
				end = end[:len(end)-len(strings.TrimLeft(end, "\r\n"))]
			}
			m := parse(t, head+end+"body"+end)
			if m.Header.Get("Subject") != "hello" || m.Header.MessageID("From") != "jane@example.org" || m.Text() != "body\n" {
				t.Errorf("subject %q, text %q", m.Header.Get("Subject"), m.Text())
			}
			if len(m.Defects) == 0 && name != "CRLF" && name != "blank before the colon" && name != "folded at once" {
				t.Error("tolerated in silence")
			}
		})
	}
	m := parse(t, "just a text\nwithout any header\n\nat all\n")
	if m.Text() != "just a text\nwithout any header\n\nat all\n" || m.Unreadable() != "" {
		t.Errorf("no header at all: %q %q", m.Text(), m.Unreadable())
	}
	wantDefect(t, m, "header: none")
	m = parse(t, "Subject: x\nthe blank line was forgotten\n\nbody\n")
	if m.Text() != "the blank line was forgotten\n\nbody\n" {
		t.Errorf("no blank line: %q", m.Text())
	}
	m = parse(t, "Content-Type: multipart/mixed;\nboundary=\"b\"\nSubject: x\n\n--b\n\nhi\n--b--\n")
	if len(m.Body.Parts) != 1 || m.Header.Get("Subject") != "x" {
		t.Errorf("continuation without its blank: %+v", m.Body)
	}
}

func TestD3_BadPartHeader(t *testing.T) {
	m := parse(t, "Content-Type: multipart/mixed; boundary=b\n\n"+
		"--b\nContent-Type: text/plain\nno colon here\nX-A: b\n\nfirst\n"+
		"--b\nContent-Type: text/x-diff; name=a.diff\n\nsecond\n--b--\n")
	if m.Text() != "first" || len(m.Body.Parts) != 2 || m.Body.Parts[1].Text != "second" {
		t.Errorf("text %q of %d parts", m.Text(), len(m.Body.Parts))
	}
	wantDefect(t, m, "line 2 has no colon")
}

// nested is a mail of so many multiparts in each other.
func nested(levels int) string {
	var b strings.Builder
	for i := range levels {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
	}
	b.WriteString("\ninnermost\n")
	return b.String()
}

func TestD4_NestingAndParts(t *testing.T) {
	m := parse(t, nested(5000))
	wantDefect(t, m, "nested deeper than 32")
	if m = parse(t, nested(20)); m.Text() != "innermost\n" {
		t.Errorf("20 levels: %q", m.Text())
	}
	m = parse(t, "Content-Type: multipart/mixed; boundary=b\n\n"+strings.Repeat("--b\n\nx\n", 100_000)+"--b--\n")
	if n := len(m.Body.Parts); n != 999 {
		t.Errorf("%d parts", n)
	}
	wantDefect(t, m, "more than 1000")
	m = parse(t, strings.Repeat("Content-Type: message/rfc822\n\n", 5000)+"Subject: deep\n\nx")
	wantDefect(t, m, "nested deeper than 32")
}

func TestD5_HugeHeaders(t *testing.T) {
	huge := "X-Huge: " + strings.Repeat("x", 8<<20) + "\n"
	m := parse(t, "Subject: first\n"+huge+"To: late@example.org\n\nbody\n")
	if m.Header.Get("Subject") != "first" || m.Text() != "body\n" || m.Header.Has("To") || len(m.Header.Get("X-Huge")) > 1<<20 {
		t.Errorf("subject %q, text %.20q", m.Header.Get("Subject"), m.Text())
	}
	m = parse(t, "Content-Type: multipart/mixed; boundary=b\n\n--b\n"+huge+"\nfirst\n--b\n\nsecond\n--b--\n")
	if m.Text() != "first" || len(m.Body.Parts) != 2 || len(m.Body.Parts[0].Header.Get("X-Huge")) > 1<<20 {
		t.Errorf("text %.20q of %d parts", m.Text(), len(m.Body.Parts))
	}
	wantDefect(t, m, "longer than 1048576 bytes")
	m = parse(t, strings.Repeat("a:\n", 100_000)+"\nbody\n")
	if m.Text() != "body\n" || len(m.Header.Names()) > maxFields {
		t.Errorf("%d fields, text %.20q", len(m.Header.Names()), m.Text())
	}
}

func TestD6_BrokenTransferEncoding(t *testing.T) {
	const head = "Content-Transfer-Encoding: "
	for _, c := range []struct{ name, mail, want, defect string }{
		{"unpadded", head + "base64\n\naGVsbG8gd29ybGQ\n", "hello world", "base64"},
		{"footer", head + "base64\n\naGVsbG8gd29ybGQK\n__________\nlist footer, see there\n", "hello world\n", "base64"},
		{"footer after padding", head + "base64\n\naGVsbG8gd29ybGQ=\nfoo mailing list\n", "hello world", "base64"},
		{"one wrong byte", head + "base64\n\naGVsbG8g\x00d29ybGQK\n", "hello world\n", "base64"},
		{"a control character", head + "quoted-printable\n\n1 \x01 =ZZ 2 =3D 3=\n 4 \n=FG", "1 \x01 =ZZ 2 = 3 4\n=FG", "quoted-printable"},
		{"no last boundary", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nhello\n", "hello\n", "no final boundary"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := parse(t, c.mail)
			if m.Text() != c.want {
				t.Errorf("text %q, want %q", m.Text(), c.want)
			}
			wantDefect(t, m, c.defect)
		})
	}
}

func TestD7_Boundary(t *testing.T) {
	const body = "\n\n--b=1\n\nhello\n--b=1--\n"
	for params, divided := range map[string]bool{
		`; boundary=b=1`:                 true,
		`; boundary="b=1"; boundary="x"`: true,
		`; boundary="b=1`:                true,
		`; boundary=""`:                  false,
		``:                               false,
		`; boundary="other"`:             false,
	} {
		m := parse(t, "Content-Type: multipart/mixed"+params+body)
		if divided && (m.Text() != "hello" || len(m.Body.Parts) != 1) {
			t.Errorf("%s: text %q", params, m.Text())
		}
		if !divided {
			if !strings.Contains(m.Text(), "hello") {
				t.Errorf("%s: the text is lost: %q", params, m.Text())
			}
			wantDefect(t, m, "read as text")
		}
	}
}

func TestD8_RawHeaderBytes(t *testing.T) {
	m := parse(t, "From: J\xf6rg <joerg@example.org>\nSubject: gr\xfc\xdfe \xe2\x82\xac\nX-A: gr\u00fc\u00dfe\n\n\xe9t\xe9\n")
	if a := m.Header.Addresses("From"); len(a) != 1 || a[0] != (Address{"J\u00f6rg", "joerg@example.org"}) {
		t.Errorf("from %q", a)
	}
	if m.Header.Get("X-A") != "gr\u00fc\u00dfe" || !strings.HasPrefix(m.Header.Get("Subject"), "gr\u00fc\u00dfe") || m.Text() != "\u00e9t\u00e9\n" {
		t.Errorf("%q %q %q", m.Header.Get("X-A"), m.Header.Get("Subject"), m.Text())
	}
	wantDefect(t, m, "From has raw 8-bit bytes")
}

func TestD9_UnknownCharsets(t *testing.T) {
	for _, name := range []string{"unknown-8bit", "x-unknown", "x-klingon", "binary", "default", "no such thing"} {
		for body, want := range map[string]string{"caf\xe9 \x81": "caf\u00e9 \ufffd", "caf\u00e9": "caf\u00e9"} {
			m := parse(t, "Content-Type: text/plain; charset=\""+name+"\"\n\n"+body)
			if m.Text() != want {
				t.Errorf("%s: %q, want %q", name, m.Text(), want)
			}
			wantDefect(t, m, "unknown charset")
		}
	}
	m := parse(t, "Content-Type: text/plain; charset=_iso-8859-1\nContent-Transfer-Encoding: x-rot13\n\ncaf\xe9")
	if m.Text() != "caf\u00e9" {
		t.Errorf("alias: %q", m.Text())
	}
	wantDefect(t, m, "transfer encoding \"x-rot13\" is unknown")
	m = parse(t, "Content-Type: text/plain; charset=koi8-r\n\n\xf0\xf2\xe9\xf7\xe5\xf4")
	if m.Text() != "\u041f\u0420\u0418\u0412\u0415\u0422" {
		t.Errorf("koi8-r: %q", m.Text())
	}
}

func TestD13_EmbeddedMessages(t *testing.T) {
	inner := "Subject: inner\n\nwords\n"
	m := parse(t, "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nabout it\n"+
		"--b\nContent-Type: message/rfc822\n\n"+inner+"\n"+
		"--b\nContent-Type: message/rfc822\n\nSubject: second\nContent-Type: message/rfc822\n\n"+inner+"--b--\n")
	in := m.Messages()
	if len(in) != 2 || in[0].Header.Get("Subject") != "inner" || in[0].Text() != "words\n" || in[1].Header.Get("Subject") != "second" {
		t.Fatalf("%d messages", len(in))
	}
	if m.Text() != "about it" || len(in[1].Messages()) != 1 || len(m.Attachments()) != 2 {
		t.Errorf("text %q, %d deeper, attachments %v", m.Text(), len(in[1].Messages()), m.Attachments())
	}
	m = parse(t, "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: one\n\n1\n--b\n\nSubject: two\n\n2\n--b--\n")
	if in := m.Messages(); len(in) != 2 || in[1].Header.Get("Subject") != "two" {
		t.Errorf("digest of %d", len(in))
	}
}

func TestD14_LibraryIsGuarded(t *testing.T) {
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Ext(path) != ".go" || filepath.Base(filepath.Dir(path)) == "mail" {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return nil // the compiler's business
		}
		for _, i := range f.Imports {
			if name, _ := strconv.Unquote(i.Path.Value); strings.HasPrefix(name, "github.com/emersion/go-message") {
				t.Errorf("%s imports %s: only common/mail may", path, name)
			}
		}
		return nil
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
}
