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
		if got := ParseAddress(c.in); got != first {
			t.Errorf("ParseAddress(%q) = %q", c.in, got)
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
