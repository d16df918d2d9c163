package charset

import (
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// An entry is a charset with its names; the first is the one that is shown.
type entry struct {
	names string
	Charset
}

// table is every charset that can be read, with the names that IANA, WHATWG,
// Python, Java, glibc, Windows and old mailers have for it. See squeeze and
// codePage for the spellings that need no entry. Where a name's registered
// meaning is narrower than what is sent under it, it stands beside the wider
// one: iso-8859-1 is windows-1252, gb2312 is GB18030.
func table() []entry {
	all := []entry{
		{"utf-8 cp65001 utf8mb4 utf8mb3 unicode-1-1-utf-8 unicode11utf8 unicode20utf8 x-unicode20utf8 u8 utf cp1208 cesu-8 unicode-2-0-utf-8 utf8-ucs2 utf8-ucs4", Charset{kind: runs}},
		{"us-ascii ascii ansi_x3.4-1968 ansi_x3.4-1986 iso_646.irv:1991 iso646-us iso-646 646 us iso-ir-6 cp367 cp20127", Charset{kind: runs}},
		{"utf-7 cp65000 unicode-1-1-utf-7 unicode11utf7 u7 unicode-2-0-utf-7", Charset{kind: whole, read: readUTF7}},
		{"utf-7-imap imap-utf-7 x-imap4-modified-utf7 mutf-7 imap4-utf-7", Charset{kind: whole, read: readIMAP}},
		{"utf-16 u16 ucs-2 unicode iso-10646-ucs-2 iso-10646 utf-16-internal", Charset{kind: utf16or, read: func(b []byte) []byte { return readUTF16(b, unknownOrder) }}},
		{"utf-16le cp1200 ucs-2le unicodelittle unicodelittleunmarked unicodefeff utf-16-le", Charset{kind: utf16or, read: func(b []byte) []byte { return readUTF16(b, little) }}},
		{"utf-16be cp1201 ucs-2be unicodebig unicodebigunmarked unicodefffe utf-16-be", Charset{kind: utf16or, read: func(b []byte) []byte { return readUTF16(b, big) }}},
		{"utf-32 u32 ucs-4 iso-10646-ucs-4", Charset{kind: utf16or, read: func(b []byte) []byte { return readUTF32(b, unknownOrder) }}},
		{"utf-32le cp12000 ucs-4le", Charset{kind: utf16or, read: func(b []byte) []byte { return readUTF32(b, little) }}},
		{"utf-32be cp12001 ucs-4be", Charset{kind: utf16or, read: func(b []byte) []byte { return readUTF32(b, big) }}},

		{"gb18030 gb18030-2000 gb18030-2005 gb18030-2022 gbk gb2312 gb_2312-80 gb2312-80 gb2312-1980 euc-cn euccn eucgb2312-cn csgb2312 gb cp936 cp54936 cp20936 cp51936 cp1386 cp1383 cp5488 chinese iso-ir-58 cn-gb gb13000 iso-58-gb-231280 x-mac-simp-chinese mac-chinesesimp", multiByte(simplifiedchinese.GB18030, sizeGB)},
		{"hz-gb-2312 hz hzgb hz-gb cp52936", Charset{kind: whole, read: readHZ}},
		{"big5 big5-hkscs big-5 big5hk hkscs big5-hkscs:2004 cn-big5 cnbig5 big5-eten big5-tw x-mac-trad-chinese mac-chinesetrad cp950 cp951 cp1370 cp20002", multiByte(traditionalchinese.Big5, sizeBig5)},
		{"shift_jis sjis shiftjis ms-kanji mskanji cp932 cp943 cp943c cp942 cp31j windows-31j win31j cswindows31j shift-jisx0213 shift-jis-2004 sjisx0213 sjis-2004 sjis-win shiftjis2004 x-mac-japanese mac-japanese", multiByte(japanese.ShiftJIS, sizeShiftJIS)},
		{"euc-jp ujis eucjp-win eucjp-ms eucjp-open ajec u-jis euc-jisx0213 eucjisx0213 euc-jis-2004 jisx0213 extended_unix_code_packed_format_for_japanese cseucpkdfmtjapanese cp20932 cp51932 cp33722 cp954", multiByte(japanese.EUCJP, sizeEUCJP)},
		{"euc-kr korean ks_c_5601 ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 ksx1001 ks_x_1001 iso-ir-149 cp949 uhc cp51949 cp20949 cp970 cp1363 wansung x-mac-korean mac-korean", multiByte(korean.EUCKR, sizeEUCKR)},
		{"johab cp1361 ksc5601-1992", Charset{kind: multi, enc: johab{}, size: sizeJohab}},

		{"iso-2022-jp jis iso-2022-jp-1 iso-2022-jp-2 iso-2022-jp-3 iso-2022-jp-2004 iso-2022-jp-ms iso-2022-jp-ext iso-2022-jp-kddi iso-2022-jp-mobile csiso2022jp csiso2022jp2 cp50220 cp50221 cp50222 iso-2022 jis7", Charset{kind: whole, read: func(b []byte) []byte { return read2022(b, katakana) }}},
		{"iso-2022-kr csiso2022kr cp50225", Charset{kind: whole, read: func(b []byte) []byte { return read2022(b, ksc5601) }}},
		{"iso-2022-cn iso-2022-cn-ext csiso2022cn cp50227 cp50229", Charset{kind: whole, read: func(b []byte) []byte { return read2022(b, gb2312) }}},

		{"cp037 ebcdic-cp-us ebcdic-cp-ca ebcdic-cp-wt ebcdic-cp-nl cp37 csibm037 ibm039", Charset{kind: ebcdic, page: charmap.CodePage037.DecodeByte}},
		{"cp1047 ibm-1047 os-edcdic", Charset{kind: ebcdic, page: charmap.CodePage1047.DecodeByte}},
		{"cp1140 ibm01140 ebcdic-us-37+euro", Charset{kind: ebcdic, page: charmap.CodePage1140.DecodeByte}},
	}
	for _, e := range singles {
		all = append(all, entry{e.names, Charset{kind: single, page: e.page.DecodeByte, beside: beside(e.names)}})
	}
	for name, high := range pages {
		all = append(all, entry{name + " " + pageNames[name], Charset{kind: single, page: pageOf(high), low: lows[name]}})
	}
	return all
}

// beside is the code page of the same alphabet, for bytes that a part of ISO 8859
// has no characters for.
func beside(names string) *charmap.Charmap {
	switch name, _, _ := strings.Cut(names, " "); name {
	case "iso-8859-2", "iso-8859-16":
		return charmap.Windows1250
	case "iso-8859-4", "iso-8859-10", "iso-8859-13":
		return charmap.Windows1257
	case "iso-8859-5":
		return charmap.Windows1251
	case "iso-8859-6":
		return charmap.Windows1256
	case "iso-8859-7":
		return charmap.Windows1253
	case "iso-8859-8":
		return charmap.Windows1255
	case "iso-8859-3", "iso-8859-14", "iso-8859-15":
		return charmap.Windows1252
	}
	return nil
}

func multiByte(enc encoding.Encoding, size func([]byte) (int, bool)) Charset {
	return Charset{kind: multi, enc: enc, size: size}
}

// singles are the single-byte charsets that golang.org/x/text has.
var singles = []struct {
	names string
	page  *charmap.Charmap
}{
	{"windows-1252 isolatin1 latin1 l1 latin-1 iso-8859-1 iso-8859 iso_8859-1:1987 iso-8859-1-windows windows-1252-latin1 iso-8859-1-windows-3.1-latin-1 iso-8859-1-windows-3.0-latin-1 8859-1 8859 iso-ir-100 iso8859 cp819 cp28591 cp1252 cp1004 cp5348 windows-latin1 ansi latin", charmap.Windows1252},
	{"windows-1250 cp5346 windows-latin2 iso-8859-2-windows-latin-2", charmap.Windows1250},
	{"windows-1251 cp5347 windows-cyrillic", charmap.Windows1251},
	{"windows-1253 cp5349 windows-greek", charmap.Windows1253},
	{"windows-1254 iso-8859-9 isolatin5 latin5 l5 iso_8859-9:1989 8859-9 iso-ir-148 cp920 cp5350 cp28599 windows-turkish iso-8859-9-windows-latin-5", charmap.Windows1254},
	{"windows-1255 cp5351 windows-hebrew", charmap.Windows1255},
	{"windows-1256 cp5352 windows-arabic", charmap.Windows1256},
	{"windows-1257 cp5353 windows-baltic winbaltrim", charmap.Windows1257},
	{"windows-1258 cp5354 windows-vietnamese", charmap.Windows1258},
	{"windows-874 cp874 tis-620 tis620 tis620-0 tis620-2529-0 tis620-2529-1 tis620.2529-1 tis620.2533 tis620.2533-0 tis620.2533-1 iso-8859-11 iso_8859-11:2001 iso-ir-166 8859-11 cp28601 cp1162 dos-874 thai iso8859-11-2001", charmap.Windows874},
	{"iso-8859-2 isolatin2 latin2 l2 iso_8859-2:1987 8859-2 iso-ir-101 cp912 cp28592", charmap.ISO8859_2},
	{"iso-8859-3 isolatin3 latin3 l3 iso_8859-3:1988 8859-3 iso-ir-109 cp913 cp28593", charmap.ISO8859_3},
	{"iso-8859-4 isolatin4 latin4 l4 iso_8859-4:1988 8859-4 iso-ir-110 cp914 cp28594", charmap.ISO8859_4},
	{"iso-8859-5 cyrillic isolatincyrillic iso_8859-5:1988 8859-5 iso-ir-144 cp915 cp28595 latin-cyrillic", charmap.ISO8859_5},
	{"iso-8859-6 arabic isolatinarabic iso_8859-6:1987 8859-6 iso-ir-127 ecma-114 asmo-708 cp1089 cp28596 iso-8859-6-e iso-8859-6-i", charmap.ISO8859_6},
	{"iso-8859-7 greek isolatingreek greek8 iso_8859-7:1987 8859-7 iso-ir-126 ecma-118 elot-928 sun-eu-greek cp813 cp28597 iso-8859-7:2003", charmap.ISO8859_7},
	{"iso-8859-8 hebrew isolatinhebrew iso_8859-8:1988 8859-8 iso-ir-138 iso-8859-8-i iso-8859-8-e logical visual cp916 cp28598 cp38598", charmap.ISO8859_8},
	{"iso-8859-10 isolatin6 latin6 l6 iso_8859-10:1992 8859-10 iso-ir-157 cp919 cp28600", charmap.ISO8859_10},
	{"iso-8859-13 latin7 l7 8859-13 iso-ir-179 cp921 cp28603 baltic", charmap.ISO8859_13},
	{"iso-8859-14 latin8 l8 iso_8859-14:1998 8859-14 iso-ir-199 iso-celtic cp28604", charmap.ISO8859_14},
	{"iso-8859-15 latin9 l9 iso_8859-15:1998 8859-15 iso-ir-203 cp923 cp28605 latin-9", charmap.ISO8859_15},
	{"iso-8859-16 latin10 l10 iso_8859-16:2001 8859-16 iso-ir-226 cp28606", charmap.ISO8859_16},
	{"koi8-r koi koi8 cskoi8r cp20866 cp878 koi-8", charmap.KOI8R},
	{"koi8-u koi8-ru cp21866 cp1168", charmap.KOI8U},
	{"macintosh mac mac-roman macroman cp10000 cp1275 x-mac-roman apple-roman mac-latin1 macos-roman standard-roman", charmap.Macintosh},
	{"x-mac-cyrillic mac-cyrillic mac-ukrainian x-mac-ukrainian cp10007 cp10017 cp1283", charmap.MacintoshCyrillic},
	{"cp437 cspc8codepage437 pc8 pc-8 dos-us", charmap.CodePage437},
	{"cp850 cspc850multilingual dos-latin1", charmap.CodePage850},
	{"cp852 cspcp852 pcp852 dos-latin2", charmap.CodePage852},
	{"cp855", charmap.CodePage855},
	{"cp858 cp850-euro ibm00858 pc-multilingual-850+euro", charmap.CodePage858},
	{"cp860", charmap.CodePage860},
	{"cp862 cspc862latinhebrew pc862latinhebrew", charmap.CodePage862},
	{"cp863", charmap.CodePage863},
	{"cp865", charmap.CodePage865},
	{"cp866 alternativnyj alt dos-cyrillic-russian", charmap.CodePage866},
}

// pageNames are the other names of pages.
var pageNames = map[string]string{
	"cp737":            "dos-greek",
	"cp775":            "cspc775baltic dos-baltic",
	"cp857":            "dos-turkish",
	"cp861":            "cp-is",
	"cp869":            "cp-gr",
	"cp1006":           "ibm-1006",
	"cp1125":           "cp866u ruscii",
	"hp-roman8":        "roman8 r8 cp1051 hproman8",
	"koi8-t":           "koi8-tj",
	"kz-1048":          "kz1048 strk1048-2002 rk1048",
	"ptcp154":          "csptcp154 pt154 cp154 cyrillic-asian",
	"x-mac-arabic":     "mac-arabic cp10004",
	"x-mac-croatian":   "mac-croatian cp10082 cp1284",
	"x-mac-farsi":      "mac-farsi",
	"x-mac-greek":      "mac-greek cp10006 cp1280",
	"x-mac-icelandic":  "mac-iceland mac-icelandic x-mac-iceland cp10079 cp1286",
	"x-mac-ce":         "mac-ce mac-latin2 mac-centraleurope mac-central-europe mac-centraleuro mac-centeuro x-mac-centraleurroman cp10029 cp1282",
	"x-mac-romanian":   "mac-romanian mac-romania x-mac-romania cp10010 cp1285",
	"x-mac-turkish":    "mac-turkish cp10081 cp1281",
	"viscii":           "viscii1.1-1 csviscii viscii111",
	"tcvn":             "tcvn5712-1 tcvn-5712 tcvn5712-1:1993 vscii x-viet-tcvn x-viet-tcvn5712 vscii-1",
	"armscii-8":        "armscii8",
	"georgian-ps":      "geostd8",
	"georgian-academy": "",
	"cp1124":           "ibm-1124",
	"mik":              "bulgarian-mik",
}

// lows are the control characters that Vietnamese charsets use as letters.
var lows = map[string]map[byte]rune{
	"viscii": {0x02: 'Ẳ', 0x05: 'Ẵ', 0x06: 'Ẫ', 0x14: 'Ỷ', 0x19: 'Ỹ', 0x1e: 'Ỵ'},
	"tcvn": {0x01: 'Ú', 0x02: 'Ụ', 0x04: 'Ừ', 0x05: 'Ử', 0x06: 'Ữ', 0x11: 'Ứ', 0x12: 'Ự', 0x13: 'Ỳ', 0x14: 'Ỷ', 0x15: 'Ỹ',
		0x16: 'Ý', 0x17: 'Ỵ'},
}

func pageOf(high string) func(byte) rune {
	letters := []rune(high)
	return func(c byte) rune { return letters[c-0x80] }
}
