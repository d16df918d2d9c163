package mail

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEncodedWords(t *testing.T) {
	for _, c := range []struct{ in, want, defect string }{
		{"=?UTF-8?Q?=C3=9Cmlaute_?= =?UTF-8?Q?=E2=9C=83?=", "\u00dcmlaute \u2703", ""},
		{"=?utf-8?q?a?= b =?utf-8?q?c?=", "a b c", ""},
		{"=?utf-8?q?a?=\n =?utf-8?q?b?=", "ab", ""},
		{"=?utf-8?b?4g==?= =?utf-8?b?mIM=?=", "\u2603", ""},
		{"=?utf-8?q?=E2=98?= =?UTF-8?q?=83?=", "\u2603", ""},
		{"=?iso-8859-1?q?=E9?= =?utf-8?q?=C3=A9?=", "\u00e9\u00e9", ""},
		{"=?utf-8*en?q?caf=C3=A9?=", "caf\u00e9", ""},
		{"=?iso-2022-jp?b?GyRCRnxLXBsoQg==?=", "\u65e5\u672c", ""},
		{"=?gb2312?b?1tDOxA==?=", "\u4e2d\u6587", ""},
		{"(=?utf-8?q?inside?=)", "(inside)", ""},
		{"=?utf-8?q?with blanks?=", "with blanks", ""},
		{"=?utf-8?b?YWJj?=", "abc", ""},
		{"=?utf-8?b?YWJ?=", "ab", ""},
		{"=?utf-8?q?a=0A=0D=00b?=", "a   b", ""},
		{"=?utf-8?q?caf=E9?=", "caf\u00e9", "not utf-8 as declared"},
		{"=?x-none?q?caf=E9?=", "caf\u00e9", "unknown charset \"x-none\""},
		{"=?utf-8?x?a?=", "=?utf-8?x?a?=", ""},
		{"=?utf-8?q?open", "=?utf-8?q?open", ""},
		{"=? =?utf-8?q?a?=", "=? a", ""},
		{"what =? is this ?=", "what =? is this ?=", ""},
		{"tab\there", "tab here", ""},
		{"\n  folded at once", "folded at once", ""},
		{"", "", ""},
	} {
		m := parse(t, "Subject: "+c.in+"\n\n")
		if got := m.Header.Get("subject"); got != c.want {
			t.Errorf("%q: %q, want %q", c.in, got, c.want)
		}
		if c.defect != "" {
			wantDefect(t, m, "header: Subject: "+c.defect)
		} else if len(m.Defects) > 0 {
			t.Errorf("%q: defects %q", c.in, m.Defects)
		}
	}
	m := parse(t, "Subject: "+strings.Repeat("=?x?q?a?= ", maxWords+1)+"\n\n")
	wantDefect(t, m, "encoded words")
}

func TestHeaderAccess(t *testing.T) {
	m := parse(t, "Received: one\nSUBJECT: =?utf-8?q?=C3=A9?=\nReceived: two\n three\nX-Empty:\n\n")
	h := m.Header
	if diff := cmp.Diff([]string{"one", "two three"}, h.Values("received")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"Received", "SUBJECT", "Received", "X-Empty"}, h.Names()); diff != "" {
		t.Error(diff)
	}
	if h.Raw("Subject") != "=?utf-8?q?=C3=A9?=" || h.Get("Subject") != "\u00e9" {
		t.Errorf("raw %q", h.Raw("Subject"))
	}
	if !h.Has("x-empty") || h.Has("nothing") || h.Get("nothing") != "" || h.Values("nothing") != nil {
		t.Error("Has")
	}
}

func TestMediaType(t *testing.T) {
	for _, c := range []struct {
		in, value string
		params    map[string]string
	}{
		{"text/plain", "text/plain", nil},
		{`Text/Plain; Charset="UTF-8"`, "text/plain", map[string]string{"charset": "UTF-8"}},
		{`a/b; boundary=x=y; n="a;b\"c"`, "a/b", map[string]string{"boundary": "x=y", "n": `a;b"c`}},
		{`attachment; filename*=utf-8'de'Gr%C3%BC%C3%9Fe.txt`, "attachment", map[string]string{"filename": "Gr\u00fc\u00dfe.txt"}},
		{`attachment; filename*0*=iso-8859-1''%E9; filename*1=".txt"`, "attachment", map[string]string{"filename": "\u00e9.txt"}},
		{`attachment; filename="=?utf-8?q?=C3=A9?="`, "attachment", map[string]string{"filename": "\u00e9"}},
		{`attachment; filename="open; size=3`, "attachment", map[string]string{"filename": "open", "size": "3"}},
		{"text/plain (a comment)", "text/plain", nil},
		{"(a comment) text/html", "text/html", nil},
		{"text/(one; with \\) more)plain; a=b", "text/plain", map[string]string{"a": "b"}},
		{"text/plain (never closed", "text/plain", nil},
		{"text/plain (tea; charset=utf-8) ; charset=koi8-r", "text/plain", map[string]string{"charset": "koi8-r"}},
		{"text/plain (a; (b; c)); charset=koi8-r (d; e)", "text/plain", map[string]string{"charset": "koi8-r (d"}},
		{"a/b; ; =x; y", "a/b", nil},
		{"", "", nil},
	} {
		value, params := mediaType(c.in)
		if diff := cmp.Diff(c.params, params); value != c.value || diff != "" {
			t.Errorf("%q: %q (-want +got):\n%s", c.in, value, diff)
		}
	}
}
