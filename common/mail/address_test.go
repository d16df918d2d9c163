package mail

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var addressCases = []struct {
	in   string
	want []Address
}{
	{"", nil},
	{"jane@example.org", []Address{{"", "jane@example.org"}}},
	{"Jane <jane@example.org>, joe@example.net", []Address{{"Jane", "jane@example.org"}, {"", "joe@example.net"}}},
	{"Doe, Joe <joe@example.org>", []Address{{"Doe, Joe", "joe@example.org"}}},
	{`"Doe, Joe J." <joe@example.org>`, []Address{{"Doe, Joe J.", "joe@example.org"}}},
	{"Joe J. Doe <joe@example.org>", []Address{{"Joe J. Doe", "joe@example.org"}}},
	{"joe@example.org (Joe J. Doe)", []Address{{"Joe J. Doe", "joe@example.org"}}},
	{"joe@example.org (Doe, Joe (home))", []Address{{"Doe, Joe (home)", "joe@example.org"}}},
	{"a@example.org;c@example.net", []Address{{"", "a@example.org"}, {"", "c@example.net"}}},
	{"root", []Address{{"", "root"}}},
	{"Foo [x] <a@example.org>", []Address{{"Foo [x]", "a@example.org"}}},
	{"J\xf6rg <joerg@example.org>", []Address{{"J\u00f6rg", "joerg@example.org"}}},
	{"=?utf-8?q?Doe=2C_J=C3=B6?= <jo@example.org>, =?utf-8?b?4piD?= <s@example.org>",
		[]Address{{"Doe, J\u00f6", "jo@example.org"}, {"\u2603", "s@example.org"}}},
	{"=?utf-8?q?a=0D=0ABcc=3A_x?= <jo@example.org>", []Address{{"a Bcc: x", "jo@example.org"}}},
	{"Snow =?utf-8?b?4piD?= <snow@example.org>", []Address{{"Snow \u2603", "snow@example.org"}}},
	{"friends: a@example.org, b@example.org;", []Address{{"", "a@example.org"}, {"", "b@example.org"}}},
	{"undisclosed-recipients:;", nil},
	{`"a@example.org" <a@example.org>`, []Address{{"", "a@example.org"}}},
	{`"unclosed <a@example.org>, b@example.org`, []Address{{"unclosed", "a@example.org"}, {"", "b@example.org"}}},
	{"<@relay.example:joe@example.org>", []Address{{"", "joe@example.org"}}},
	{"Joe <joe@example.org", []Address{{"Joe", "joe@example.org"}}},
	{"Joe joe@example.org", []Address{{"Joe", "joe@example.org"}}},
	{"<>", nil},

	// Comments and blanks beside "@" and dots, encodings where none may be, quotes around all of it.
	{"jane(at work)@example.org", []Address{{"at work", "jane@example.org"}}},
	{"jane@(of) example.org (Jane Roe), b@example.org", []Address{{"Jane Roe", "jane@example.org"}, {"", "b@example.org"}}},
	{"jane . roe @ example . org", []Address{{"", "jane.roe@example.org"}}},
	{"jane @example.org, Joe <joe@example.net>", []Address{{"", "jane@example.org"}, {"Joe", "joe@example.net"}}},
	{"Jane @ Work", []Address{{"Jane @ Work", ""}}},
	{"Jane @ Work, Ltd. <jane@example.org>", []Address{{"Jane @ Work, Ltd.", "jane@example.org"}}},
	{"Jane <=?utf-8?q?jane=40example=2Eorg?=>", []Address{{"Jane", "jane@example.org"}}},
	{"Jane <=?utf-8?q?joe=40x=2C_jane=40example=2Eorg?=>", []Address{{"Jane joe@x, jane@example.org", ""}}},
	{`"Jane Roe <jane@example.org>"`, []Address{{"Jane Roe", "jane@example.org"}}},
	{`"Joe <joe@example.net>" <jane@example.org>`, []Address{{"Joe <joe@example.net>", "jane@example.org"}}},

	// Quoted local parts stay as they are, and nothing in quotes is an address.
	{`"jane.no.roe."@tea.example.org`, []Address{{"", `"jane.no.roe."@tea.example.org`}}},
	{`Nora <"nora tea"@example.org>`, []Address{{"Nora", `"nora tea"@example.org`}}},
	{`Nora <"nora@example.net"@example.org>`, []Address{{"Nora", `"nora@example.net"@example.org`}}},
	{`"eve@evil.example.net x"@example.org`, []Address{{"", `"eve@evil.example.net x"@example.org`}}},
	{`"a > b"@example.org, <"a > b"@example.org>`, []Address{{"", `"a > b"@example.org`}, {"", `"a > b"@example.org`}}},
	{`"with \" quote"@example.org`, []Address{{"", `"with \" quote"@example.org`}}},
	{`"eve@evil.example.net" is not "bob@example.org" <jane@example.org>`,
		[]Address{{"eve@evil.example.net is not bob@example.org", "jane@example.org"}}},
	{`"Eve eve@example.net"`, []Address{{"Eve eve@example.net", ""}}},
	{`'jane@example.org'`, []Address{{"", "jane@example.org"}}},
	{`"jane@example.org"`, []Address{{"", "jane@example.org"}}},
	{"Jane <Jane Roe jane@example.org>", []Address{{"Jane", "jane@example.org"}}},
	{"< jane @ example . org >", []Address{{"", "jane@example.org"}}},

	// Names in pieces.
	{"Roe, Jane, MD <jane@example.org>", []Address{{"Roe, Jane, MD", "jane@example.org"}}},
	{"Green Tea, Sales Desk, <sales@example.org>", []Address{{"Green Tea, Sales Desk", "sales@example.org"}}},
	{"Sales Desk;<sales@example.org>", []Address{{"Sales Desk", "sales@example.org"}}},
	{"Sales Desk , <sales@example.org>", []Address{{"Sales Desk", "sales@example.org"}}},
	{"Jane Roe,(<jane@example.org>)", []Address{{"Jane Roe", "jane@example.org"}}},
	{"Jane Roe (jane@example.org)", []Address{{"Jane Roe", "jane@example.org"}}},
	{"=?utf-8?q?Ren=C3=A9?=, jehd, IFY <rene@example.org>", []Address{{"Ren\u00e9, jehd, IFY", "rene@example.org"}}},
	{"a@example.org, Roe, Jane, MD <jane@example.org>, b@example.org",
		[]Address{{"", "a@example.org"}, {"Roe, Jane, MD", "jane@example.org"}, {"", "b@example.org"}}},
	{"Bob; Jane <jane@example.org>", []Address{{"", "Bob"}, {"Jane", "jane@example.org"}}},
	{"=?utf-8?Q?Doe,_Jo=C3=ABl?= <jd@example.org>", []Address{{"Doe, Jo\u00ebl", "jd@example.org"}}},

	// Addresses in odd places.
	{"Jane Roe [jane@example.org]", []Address{{"Jane Roe", "jane@example.org"}}},
	{"Jane Roe [mailto:jane@example.org]", []Address{{"Jane Roe", "jane@example.org"}}},
	{"Jane <mailto:jane@example.org>", []Address{{"Jane", "jane@example.org"}}},
	{"Jane [SMTP:jane@example.org]", []Address{{"Jane", "jane@example.org"}}},
	{"Jane\x00 <jane@exam\x00ple.org>", []Address{{"Jane", `jane@exam\x00ple.org`}}},
	{"jane@example.org\x00", []Address{{"", "jane@example.org"}}},
	{"jane@exam\x1bple.org (Jane\x1b Roe)", []Address{{"Jane Roe", `jane@exam\x1bple.org`}}},
	{"Jane <jane@example.org\u00a0>", []Address{{"Jane", "jane@example.org"}}},
	{"jane@[192.0.2.1]", []Address{{"", "jane@[192.0.2.1]"}}},
	{"jane@[IPv6:2001:db8::1], b@x", []Address{{"", "jane@[IPv6:2001:db8::1]"}, {"", "b@x"}}},
	{"=?utf-8?q?Jane_Roe_=3Cjane=40example=2Eorg=3E?=", []Address{{"Jane Roe", "jane@example.org"}}},
	{"=?utf-8?q?Roe=2C_Jane_=3Cjane=40example=2Eorg=3E?=", []Address{{"Roe, Jane", "jane@example.org"}}},
	{"=?utf-8?q?jane=40example=2Eorg?=", []Address{{"", "jane@example.org"}}},
	{"=?utf-8?q?eve=40example=2Enet?= <jane@example.org>", []Address{{"eve@example.net", "jane@example.org"}}},
	{"<jane@example.org> Jane Roe", []Address{{"Jane Roe", "jane@example.org"}}},
	{"<@a.example,@b.example:jane@example.org>", []Address{{"", "jane@example.org"}}},
	{"A Group: Jane <jane@example.org>, bob@example.org; c@example.org",
		[]Address{{"Jane", "jane@example.org"}, {"", "bob@example.org"}, {"", "c@example.org"}}},
	{`"The, Group": jane@example.org;`, []Address{{"", "jane@example.org"}}},
	{"=?utf-8?q?Gruppe?=: jane@example.org;", []Address{{"", "jane@example.org"}}},
	{"Jane <jane@example.org> <bob@example.org>", []Address{{"Jane", "jane@example.org"}, {"", "bob@example.org"}}},
	{"Jane <jane@example.org> Bob <bob@example.org>", []Address{{"Jane", "jane@example.org"}, {"Bob", "bob@example.org"}}},
	{"jane@example.org <jr@example.org>", []Address{{"jane@example.org", "jr@example.org"}}},
	{"<Jane Roe> jane@example.org", []Address{{"Jane Roe", "jane@example.org"}}},
	{"Jane <>", []Address{{"Jane", ""}}},
	{"Jane <root>", []Address{{"Jane", "root"}}},
	{"Jane @home jane@example.org", []Address{{"Jane @home", "jane@example.org"}}},
}

func TestD11_Addresses(t *testing.T) {
	for _, c := range addressCases {
		if diff := cmp.Diff(c.want, parseAddresses(c.in)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.in, diff)
		}
		var first Address
		if len(c.want) > 0 {
			first = c.want[0]
		}
		if got := ParseAddress(c.in); got != first && strings.Contains(first.Email, "@") {
			t.Errorf("ParseAddress(%q) = %q", c.in, got)
		}
	}
	for in, want := range map[string]Address{
		"Roe, Jane, jane@example.org": {"", "jane@example.org"},
		"Jane; jane@example.org":      {"", "jane@example.org"},
	} {
		if got := ParseAddress(in); got != want {
			t.Errorf("ParseAddress(%q) = %q", in, got)
		}
	}
	m := Parse([]byte("To: a@example.org\nTo: b@example.org\n\n"), Limits{})
	if n := len(m.Header.Addresses("to")); n != 2 {
		t.Errorf("%d addresses in two fields", n)
	}
	if n := len(parseAddresses(strings.Repeat("a@b,", 50_000))); n != maxAddresses {
		t.Errorf("%d addresses", n)
	}
}
