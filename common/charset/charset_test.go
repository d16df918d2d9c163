package charset

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"busbar/fixtures/cases"
)

func TestDecode(t *testing.T) {
	for _, c := range []struct{ label, in, want, note string }{
		{"", "tea", "tea", ""},
		{"", "Zo\xc3\xab and Zo\xeb", "Zoë and Zoë", "no charset declared"},
		{"utf-8", "“té” \xe9t\xe9 ☃", "“té” été ☃", "not utf-8 as declared"},
		{"utf-8", "a \xed\xa0\xbc\xed\xbd\xb5 b", "a 🍵 b", "not utf-8"}, // CESU-8
		{"utf-8", "half \xed\xa0\xbc", "half \ufffd", "not utf-8"},
		{"cesu-8", "\xed\xa0\xbc\xed\xbd\xb5 ü", "🍵 ü", "not utf-8"},
		{"us-ascii", "th\xe9", "thé", "not us-ascii as declared"},
		{"x-klingon", "th\xe9 thé", "thé thé", "unknown charset \"x-klingon\""},
		{"x-klingon", "thé", "thé", "read as UTF-8"},
		{"iso-8859-1", "Gr\xfc\xdfe", "Grüße", ""},
		{"iso-8859-1", "Grüße — “tea”", "Grüße — “tea”", "are not \"windows-1252\""},
		{"iso-8859-1", "Grüße\n-- \nB\xfcro", "Grüße\n-- \nBüro", "are not"},
		{"iso-8859-1", "all\xe9\xa0\xbb", "allé\u00a0»", ""}, // UTF-8 it could be
		{"iso-8859-1", "CAF\xc9\xbb", "CAFÉ»", ""},
		{"iso-8859-2", "\x84\xb9lut\xfd\x93", "„šlutý“", "are not"}, // with the quotes of Windows
		{"koi8-r", "\xde\xc5\xd4\xd7\xa3\xd2\xd4\xd9\xca", "четвёртый", ""},
		{"koi8-r", "\xd4\xa3", "тё", ""},
		{"koi8-r", "чай", "чай", "are not"},
		{"windows-1251", "\xcd\xb3, \xf2\xb3", "Ні, ті", ""},
		{"windows-1251", "Зелёный чай, \xf7\xe0\xe9", "Зелёный чай, чай", "are not"},
		{"tis-620", "\xe0\xa2\xb5", "เขต", ""},
		{"cp866", "\xe0\xa0\xa1", "раб", ""},
		{"windows-1256", "\xc7\x90\xd1", "اگر", ""},
		{"gb2312", "\xb2\xe8\xba\xf8", "茶壶", ""},
		{"gb2312", "茶壶 \xb2\xe8\xba\xf8", "茶壶 茶壶", "are not"},
		{"gb2312", "caf\xe9 \xb2\xe8", "café 茶", "are not"},
		{"shift_jis", "\x82\xa8\x92\x83", "お茶", ""},
		{"shift_jis", "\xd4\xb6\xdd", "ﾔｶﾝ", ""},
		{"shift_jis", "お茶", "お茶", "are not"},
		{"euc-kr", "\xc2\xfe\xc1\xfd", "찻집", ""},
		{"johab", "\x8c\xf6\x88\x61\x20\xe4\xa0", "껐가 茶", ""},
		{"viscii", "caf\xe9 \x02", "café Ẳ", ""},
		{"iso-2022-jp", "\x1b$B$*Cc\x1b(B tea", "お茶 tea", ""},
		{"iso-2022-jp", "thé", "thé", ""},
		{"iso-2022-jp-2", "\x1b$BCc\x1b(B \x1b$(CB~A}\x1b(B \x1b$(D+1\x1b(B", "茶 찻집 é", ""},
		{"iso-2022-kr", "\x1b$)C\x0eB~A}\x0f tea", "찻집 tea", ""},
		{"iso-2022-kr", "Package: teapot\n", "Package: teapot\n", ""},
		{"iso-2022-cn", "\x1b$)A\x0e2h:x\x0f tea", "茶壶 tea", ""},
		{"hz-gb-2312", "~{2h:x~} ~~tea", "茶壶 ~tea", ""},
		{"", "\x1b$B$*Cc\x1b(B", "お茶", ""},
		{"us-ascii", "\x1b$)C\x0eB~A}\x0f", "찻집", ""},
		{"", "\x1b[31mred\x1b[0m costs \x1b$5", "\x1b[31mred\x1b[0m costs \x1b$5", ""},
		{"utf-7", "Gr+APwA3w-e +- C++ 1+1 +2DzfdQ-", "Grüße + C++ 1+1 🍵", ""},
		{"utf-7", "+ADw-html+AD4", "<html>", ""},
		{"utf-7-imap", "Entw&APw-rfe &- a+b", "Entwürfe & a+b", ""},
		{"utf-16", "\xff\xfet\x00\xe9\x00", "té", ""},
		{"utf-16", "\x00t\x00\xe9", "té", ""},
		{"utf-16", "t\x00\xe9\x00", "té", ""},
		{"utf-16le", "<p>thé au lait</p>", "<p>thé au lait</p>", "are not"},
		{"utf-16be", "0_", "た", ""},
		{"", "\xff\xfet\x00\xe9\x00", "té", "by its mark"},
		{"utf-32", "\x00\x00\xfe\xff\x00\x01\xf3\x75", "🍵", ""},
		{"koi8-r", "\xef\xbb\xbfthé", "thé", ""}, // the mark of UTF-8
		{"ibm037", "\xa3\x85\x81", "tea", ""},
		{"ibm037", "tea", "tea", "are not"},
	} {
		text, note := Decode(c.label, []byte(c.in))
		if text != c.want || !strings.Contains(note, c.note) || (note == "") != (c.note == "") {
			t.Errorf("%s: %q is %q (%s), want %q (%s)", c.label, c.in, text, note, c.want, c.note)
		}
	}
}

func TestLabels(t *testing.T) {
	for label, want := range map[string]string{
		"KOI8-R (Russian text)": "koi8-r", "(old) koi8-r": "koi8-r", "koi8-r (a (b) c": "koi8-r",
		`"utf-8"`: "utf-8", "'UTF_8'": "utf-8", "utf8;": "utf-8", "UTF–8": "utf-8", " utf 8 ": "utf-8", "utf-8*en": "utf-8", "utf-8, iso-8859-1": "utf-8",
		"x-utf-8": "utf-8", "utf-8-unknown": "utf-8", "charset=utf-8": "utf-8", "utf8mb4": "utf-8",
		"cp-1251": "windows-1251", "win-1251": "windows-1251", "Windows1251": "windows-1251", "ms1251": "windows-1251", "1251": "windows-1251", "CP01251": "windows-1251",
		"latin1": "windows-1252", "iso8859_1": "windows-1252", "ISO_8859-1:1987": "windows-1252", "_iso-8859-1": "windows-1252", "ansi_x3.4-1968": "us-ascii",
		"iso-8859-8-i": "iso-8859-8", "latin-9": "iso-8859-15", "8859_15": "iso-8859-15", "iso885915": "iso-8859-15",
		"ms949": "euc-kr", "uhc": "euc-kr", "ks_c_5601-1987": "euc-kr", "windows-949": "euc-kr", "cp949": "euc-kr",
		"cp932": "shift_jis", "Windows-31J": "shift_jis", "x-sjis": "shift_jis", "cp936": "gb18030", "GBK": "gb18030", "gb2312_charset": "gb18030",
		"cp950": "big5", "macroman": "macintosh", "x-mac-cyrillic": "x-mac-cyrillic", "cp874": "windows-874", "cp437": "cp437", "IBM850": "cp850",
		"ibm-00858": "cp858", "cp866": "cp866", "iso-2022-jp-ms": "iso-2022-jp", "cp50220": "iso-2022-jp", "cp50221": "iso-2022-jp", "cp50222": "iso-2022-jp",
		"csISO2022KR": "iso-2022-kr", "iso-2022-cn-ext": "iso-2022-cn", "unicode-1-1-utf-7": "utf-7", "cp65001": "utf-8", "UTF-16": "utf-16", "ucs-4le": "utf-32le",
		"": "", "x-unknown": "", "unknown-8bit": "", "x": "", "binary": "", "8bit": "", "---": "", "utf": "utf-8",
	} {
		got := ""
		if c, ok := Lookup(label); ok {
			got = c.Name()
		}
		if got != want {
			t.Errorf("%q is %q, want %q", label, got, want)
		}
	}
}

// TestNamesAreUnique: no name means two charsets.
func TestNamesAreUnique(t *testing.T) {
	owner := map[string]string{}
	for _, e := range table() {
		names := strings.Fields(e.names)
		for _, name := range names {
			for _, key := range []string{squeeze(name), codePage(squeeze(name))} {
				if other := owner[key]; key != "" && other != "" && other != names[0] {
					t.Errorf("%s means %s and %s", name, other, names[0])
				}
				owner[key] = names[0]
			}
		}
	}
	for name, high := range pages {
		if n := utf8.RuneCountInString(high); n != 128 {
			t.Errorf("%s has %d characters", name, n)
		}
	}
}

// TestMixed: a text under any label, with other texts in UTF-8 around it, as
// footers and quotes are.
func TestMixed(t *testing.T) {
	var all map[string]codec
	ask(t, codecs, samples, &all)
	n := 0
	for name, c := range all {
		cs, known := Lookup(name)
		if !known || cs.kind != single && cs.kind != multi {
			continue
		}
		for _, sample := range c.readable(name) {
			if name == "johab" && sample == "boxes" {
				continue // its boxes are Arabic in UTF-8
			}
			others := []string{"german", "russian", "japanese"}
			for _, other := range append(others, others...)[len(name+sample)%3:][:cases.Of(1, 3)] {
				n++
				in := samples[other] + "\n" + string(bytesOf(t, c.Encoded[sample])) + "\n" + samples[other]
				want := samples[other] + "\n" + samples[sample] + "\n" + samples[other]
				if got, _ := Decode(name, []byte(in)); c.Encoded[sample] != "" && got != want {
					t.Errorf("%s, %s with %s:\n%s\n%s", name, sample, other, want, got)
				}
			}
		}
	}
	t.Logf("%d texts", n)
}

func FuzzDecode(f *testing.F) {
	labels := []string{"", "utf-8", "us-ascii", "x-klingon"}
	for _, e := range table() {
		label, _, _ := strings.Cut(e.names, " ")
		labels = append(labels, label)
	}
	for i := range labels {
		f.Add(uint8(i), []byte("Zo\xc3\xab \xeb ~{2h~} +APw- \x1b$B$*\x1b(B \xed\xa0\xbc\xed\xbd\xb5"))
	}
	f.Fuzz(func(t *testing.T, which uint8, b []byte) {
		label := labels[int(which)%len(labels)]
		text, _ := Decode(label, b)
		if !utf8.ValidString(text) {
			t.Fatalf("%s: %q", label, text)
		}
		if len(text) > 8*len(b) {
			t.Fatalf("%s: %d bytes from %d", label, len(text), len(b))
		}
		if c, ok := Lookup(label); ok && c.Bytes() && c.kind != whole && c.low == nil && printableASCII(b) && text != string(b) {
			t.Fatalf("%s: ASCII %q became %q", label, b, text)
		}
	})
}

func printableASCII(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}

func FuzzLabel(f *testing.F) {
	f.Add("koi8-r (a (b) c")
	f.Add("x-cs=\"utf-8\"*en")
	f.Fuzz(func(t *testing.T, label string) {
		if c, ok := Lookup(label); ok && (c.Name() == "" || !Declared(label)) {
			t.Fatalf("%q is %v", label, c)
		}
		if s := quoted(label); !utf8.ValidString(s) || len(s) > 200 {
			t.Fatalf("%q is told as %s", label, s)
		}
	})
}

// TestOnce: each text in UTF-8 that a reader took for something else.
func TestOnce(t *testing.T) {
	for _, label := range []string{"iso-8859-1", "windows-1250", "windows-1251", "windows-1252", "windows-1256", "iso-8859-2", "iso-8859-5", "iso-8859-15", "koi8-r", "koi8-u", "cp437", "cp850", "cp866", "macintosh"} {
		c, _ := Lookup(label)
		for _, text := range samples {
			var twice []rune
			for _, b := range []byte(text) {
				r := rune(b)
				if b >= utf8.RuneSelf {
					if r = c.page(b); r == utf8.RuneError {
						r = rune(b)
					}
				}
				twice = append(twice, r)
			}
			if got := Once(label, string(twice)); got != text {
				t.Errorf("%s: %q is %q", label, text, got)
			}
		}
	}
	for label, text := range map[string]string{"iso-8859-1": "Büro", "koi8-r": "чай", "utf-8": "thÃ©", "": "thÃ©", "x": "thÃ©", "windows-1252": "50 €"} {
		if got := Once(label, text); got != text {
			t.Errorf("%s: %q became %q", label, text, got)
		}
	}
}

// TestLinear: what would begin again at each of its marks would not end here.
func TestLinear(t *testing.T) {
	for _, piece := range []string{"+", "+A", "&", "\x1b", "\x1b$", "\x1b$B", "\x0e", "~", "~{", "\xc3", "\xe9\xa0", "\xed\xa0\x80", "a\xd0\xb0", "\x81", "(", "\xff\n"} {
		long := []byte(strings.Repeat(piece, cases.Of(5<<10, 32<<10)/len(piece)))
		for _, e := range table() {
			label, _, _ := strings.Cut(e.names, " ")
			Decode(label, long)
		}
		Decode("", long)
		Lookup(string(long))
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, label := range []string{"", "iso-8859-1", "koi8-r", "gb18030", "iso-2022-jp", "utf-7"} {
		for _, size := range []int{1 << 18, 1 << 19, 1 << 20} {
			text := []byte(strings.Repeat("tea \xc3\xa9 \xe9t\xe9 \xd0\xb0\xd0 +AOk- ", size/22))
			b.Run(fmt.Sprintf("%s-%d", label, size), func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					Decode(label, text)
				}
			})
		}
	}
}
