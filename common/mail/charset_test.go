package mail

import (
	"strings"
	"testing"

	"busbar/fixtures/cases"
)

// Mails with text in odd charsets, and what is read of them.
func TestTextsInTheirCharsets(t *testing.T) {
	for _, c := range []struct{ name, mail, subject, text, defect string }{
		{"one odd byte in a text", "Content-Type: text/plain; charset=utf-8\n\nZoë — “tea”\n-- \nB\xfcro\n", "", "Zoë — “tea”\n-- \nBüro\n", "not utf-8 as declared"},
		{"one odd byte in a header", "Subject: Zoë in Malm\xf6\n\n", "Zoë in Malmö", "", "raw 8-bit"},
		{"surrogates", "Content-Type: text/plain; charset=utf-8\n\n\xed\xa0\xbc\xed\xbd\xb5 thé\n", "", "🍵 thé\n", "not utf-8"},
		{"UTF-8 under another label", "Content-Type: text/plain; charset=iso-8859-1\n\nGrüße — “tea”\n", "", "Grüße — “tea”\n", "windows-1252"},
		{"UTF-8 in words of another label", "Subject: =?iso-8859-1?Q?Gr=C3=BC=C3=9Fe?= =?koi8-r?B?0YfQsNC5?=\n\n", "Grüßeчай", "", "windows-1252"},
		{"a comment", "Content-Type: text/plain; charset=koi8-r (Russian)\n\n\xde\xc1\xca\n", "", "чай\n", ""},
		{"a comment with a semicolon", "Content-Type: text/plain (a; b); charset = \"KOI8_R\"\n\n\xde\xc1\xca\n", "", "чай\n", ""},
		{"no semicolon", "Content-Type: text/plain charset=koi8-r\n\n\xde\xc1\xca\n", "", "чай\n", ""},
		{"a colon", "Content-Type: text/plain; charset: koi8-r\n\n\xde\xc1\xca\n", "", "чай\n", ""},
		{"single quotes", "Content-Type: text/plain; charset='koi8-r'\n\n\xde\xc1\xca\n", "", "чай\n", ""},
		{"half a quote", "Content-Type: text/plain; charset=\"koi8-r\n\n\xde\xc1\xca\n", "", "чай\n", ""},
		{"RFC 2231", "Content-Type: text/plain; charset*=us-ascii'en'koi8-r\n\n\xde\xc1\xca\n", "", "чай\n", ""},
		{"UTF-7", "Subject: =?utf-7?Q?Gr+APwA3w-e?= =?utf-7?Q?+APw?=\nContent-Type: text/plain; charset=utf-7\n\n+AD4- Gr+APwA3w-e\n", "Grüßeü", "> Grüße\n", ""},
		{"ISO-2022-KR without Korean", "Content-Type: text/plain; charset=iso-2022-kr\n\nSeverity: grave\n", "", "Severity: grave\n", ""},
		{"ISO-2022-JP unlabelled", "Subject: \x1b$B$*Cc\x1b(B tea\n\n\x1b$B$*Cc\x1b(B\n", "お茶 tea", "お茶\n", ""},
		{"ISO-2022-JP-2 in a word", "Subject: =?ISO-2022-JP-2?B?GyRCJCpDYxsoQg==?=\n\n", "お茶", "", ""},
		{"UTF-16", "Content-Type: text/plain; charset=utf-16le\nContent-Transfer-Encoding: base64\n\ndADpAAoA\n", "", "té\n", ""},
		{"UTF-16 that is none", "Content-Type: text/plain; charset=utf-16\n\nthé\n", "", "thé\n", "utf-16"},
		{"a language", "Subject: =?utf-8*en?Q?th=C3=A9?= =?UTF-8?Q?_vert?=\n\n", "thé vert", "", ""},
		{"a character over two words", "Subject: =?utf-8?Q?th=C3?= =?UTF8?Q?=A9?= =?gb2312?B?sug=?= =?gbk?B?uvg=?=\n\n", "thé茶壶", "", ""},
		{"raw bytes in a word", "Subject: =?iso-8859-1?Q?Gr\xfc\xdfe_aus_K\xf6ln?= \xe9 =?utf-8?Q?th\xc3\xa9?=\n\n", "Grüße aus Köln é thé", "", "raw 8-bit"},
		{"raw bytes of another charset in a word", "Subject: =?koi8-r?Q?\xde\xc1\xca?= tea\n\n", "чай tea", "", "raw 8-bit"},
		{"a header in the text's charset", "Subject: \xde\xc1\xca\nContent-Type: text/plain; charset=koi8-r\n\n\xde\xc1\xca\n", "чай", "чай\n", "Subject has raw 8-bit bytes, read as koi8-r"},
		{"a header in a part's charset", "Subject: \x82\xa8\x92\x83\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=shift_jis\n\n\x82\xa8\n--b--\n", "お茶", "お", "read as shift_jis"},
		{"a header in UTF-8 and a text that is not", "Subject: thé\nContent-Type: text/plain; charset=koi8-r\n\n\xde\xc1\xca\n", "thé", "чай\n", ""},
		{"meta", "Content-Type: text/html\n\n<html><meta http-equiv=\"Content-Type\" content=\"text/html; charset=koi8-r\"><p>\xde\xc1\xca</p>", "", "чай\n", ""},
		{"meta, short", "Content-Type: text/html; charset=us-ascii\n\n<META CHARSET = 'koi8-r' ><p>\xde\xc1\xca</p>", "", "чай\n", ""},
		{"meta, but the header knows", "Content-Type: text/html; charset=utf-8\n\n<meta charset=koi8-r>чай", "", "чай\n", ""},
		{"meta, and the header lies", "Content-Type: text/html; charset=utf-8\n\n<meta charset=koi8-r>\xde\xc1\xca", "", "чай\n", ""},
		{"meta in a comment", "Content-Type: text/html\n\n<!-- <meta charset=big5> --><meta charset=koi8-r><p>\xde\xc1\xca</p>", "", "чай\n", ""},
		{"meta in a comment alone", "Content-Type: text/html; charset=utf-8\n\n<!-- was: <meta charset=koi8-r> --><p>Th\xe9</p>", "", "Thé\n", "text: not utf-8 as declared, read as windows-1252"},
		{"meta in an attribute", "Content-Type: text/html\n\n<p title='<meta charset=big5>'><meta charset=koi8-r><p>\xde\xc1\xca</p>", "", "чай\n", ""},
		{"meta of a description", "Content-Type: text/html\n\n<meta name=charset content=x><meta charset=big5><p>\xaf\xf9", "", "茶\n", ""},
		{"XHTML", "Content-Type: application/xhtml+xml\n\n<?xml version='1.0' encoding='koi8-r'?><p>\xde\xc1\xca</p>", "", "", ""},
		{"XHTML as HTML", "Content-Type: text/html\n\n<?xml version='1.0' encoding='koi8-r'?><p>\xde\xc1\xca</p>", "", "чай\n", ""},
	} {
		m := parse(t, "From: a@b\n"+c.mail)
		if got := m.Header.Get("Subject"); got != c.subject || m.Text() != c.text {
			t.Errorf("%s: %q and %q, want %q and %q", c.name, got, m.Text(), c.subject, c.text)
		}
		if c.defect == "" && len(m.Defects) > 0 {
			t.Errorf("%s: %q", c.name, m.Defects)
		} else if c.defect != "" {
			wantDefect(t, m, c.defect)
		}
	}
}

func TestNamesInTheirCharsets(t *testing.T) {
	for _, c := range []struct {
		from, charset string
		want          Address
	}{
		{"=?iso-8859-1?Q?J\xfcrgen_Roe?= <jr@example.org>", "", Address{"Jürgen Roe", "jr@example.org"}},
		{"\xde\xc1\xca <tea@example.org>", "koi8-r", Address{"чай", "tea@example.org"}},
		{"\x1b$B$*Cc\x1b(B <tea@example.org>", "", Address{"お茶", "tea@example.org"}},
		{"=?utf-8?Q?Jane_<jane@example.org>?=", "", Address{"Jane", "jane@example.org"}},
		{"=?utf-8?Q?=22Roe=2C_Jane=22_<jane@?= =?utf-8?Q?example.org>?=", "", Address{"Roe, Jane", "jane@example.org"}},
		{"=?utf-8?B?amFuZUBleGFtcGxlLm9yZw==?=", "", Address{"", "jane@example.org"}},
		{"=?utf-8?Q?Jane_<jane@example.net>?= <real@example.org>", "", Address{"Jane <jane@example.net>", "real@example.org"}},
		{"real@example.org, =?utf-8?Q?Jane_<jane@example.net>?=", "", Address{"", "real@example.org"}},
		{"\"a, =?utf-8?Q?b@c?=, d\" <real@example.org>", "", Address{"a, b@c, d", "real@example.org"}},
	} {
		m := parse(t, "From: "+c.from+"\nContent-Type: text/plain; charset="+c.charset+"\n\n")
		if got := m.Header.Addresses("From"); len(got) == 0 || got[0] != c.want {
			t.Errorf("%q is %q, want %q", c.from, got, c.want)
		}
	}
}

// Names of files that are raw bytes, in their own part's charset or the text's.
func TestFilenamesInTheirCharsets(t *testing.T) {
	m := parse(t, "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=koi8-r\n\n\xde\xc1\xca\n"+
		"--b\nContent-Type: image/png; name=\"\xde\xc1\xca.png\"\n\nx\n"+
		"--b\nContent-Type: image/png\nContent-Disposition: attachment; filename=\"=?iso-8859-1?Q?th\xe9?=.png\"\n\nx\n--b--\n")
	got := m.Attachments()
	if len(got) != 2 || got[0].Name != "чай.png" || got[1].Name != "thé.png" {
		t.Errorf("%+v", got)
	}
}

func TestHTMLAttributes(t *testing.T) {
	for in, want := range map[string]string{
		`<a title="Shop > Now" href=x>The kettle</a> boils<input value='a>b'>`:       "The kettle boils\n",
		`<a title = "a>b" x='c>"d'>tea`:                                              "tea\n",
		`<p title=it's>tea</p><p title='x'>time`:                                     "tea\n\ntime\n",
		`<p "foo>bar">tea`:                                                           "bar\">tea\n",
		`<p title="never>closed tea`:                                                 "closed tea\n",
		"a <!-- b > c --> d <!--> e <!---> f <!-- g --!> h":                          "a d e f h\n",
		"a <!-- never> closed":                                                       "a closed\n",
		"<!--[if mso]>hidden<![endif]--><![if !mso]>shown<![endif]>":                 "shown\n",
		"<script>if (a<b) { x = \"</scr\" }</script><style>p > a {}</style>text 1<2": "text 1<2\n",
	} {
		if got := htmlText(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

// TestHTMLIsLinear counts what is written and looked at by what is allocated: a
// scan that began again at each tag would not end.
func TestHTMLIsLinear(t *testing.T) {
	for _, piece := range []string{`<a x="`, `<a x='>`, "<!-- >", "<!--", "<!----", "<a b=c ", "<", "</", "<script>", "<style></", "&#", "<meta charset ", "=?utf-8?Q?", "=?x"} {
		s := strings.Repeat(piece, cases.Of(128<<10, 1<<20)/len(piece))
		htmlText(s)
		metaCharset(s)
		findLabel(s, "charset")
		toUTF8As("\xe9"+s, "koi8-r")
	}
}

// An odd byte in a changelog does not keep the rest of it encoded.
func TestUndoubleOddBytes(t *testing.T) {
	got, did := UndoubleQP(" tea (1-2) unstable; urgency=3Dlow\n  * by J=F6rg, for Zo=C3=AB: é\n")
	if want := " tea (1-2) unstable; urgency=low\n  * by Jörg, for Zoë: é\n"; got != want || !did {
		t.Errorf("%q, %v", got, did)
	}
	if got, did := UndoubleQP("Done: J=F6rg\n"); did {
		t.Errorf("%q was taken for encoded", got)
	}
}

func FuzzHTML(f *testing.F) {
	f.Add(`<a title="a>b" x='c>"d'>tea<!-- x --!> <meta charset="koi8-r"> &lt;&#x41;`)
	f.Add(`<p title="never>closed <!-- never <script> closed`)
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ToValidUTF8(s, "?")
		checkString(t, "html", htmlText(s))
		if label := metaCharset(s) + xmlCharset(s); len(label) > len(s) {
			t.Fatalf("%q", label)
		}
		if end := tagEnd(s, &quotes{}); end < len(s) && s[end] != '>' {
			t.Fatalf("the tag ends at %q", s[end:])
		}
	})
}

func FuzzHeaderBytes(f *testing.F) {
	f.Add("=?iso-8859-1?Q?J\xfcrgen?= \xe9 =?utf-8?B?w6k=?=, =?utf-8?Q?Jane_<jane@x>?=", "koi8-r")
	f.Add("\x1b$B$*\x1b(B =?utf-7?Q?+APw-?=", "iso-2022-jp")
	f.Fuzz(func(t *testing.T, raw, label string) {
		s := toUTF8As(raw, label)
		checkValid(t, s)
		checkValid(t, decodeUTF8(s, func(string) {}))
	})
}

func checkValid(t *testing.T, s string) {
	t.Helper()
	if s != strings.ToValidUTF8(s, "") {
		t.Fatalf("no UTF-8: %q", s)
	}
}
