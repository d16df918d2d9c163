package mail

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"busbar/fixtures/cases"
)

func TestD12_MessageIDs(t *testing.T) {
	for _, c := range []struct {
		in, id string
		all    []string
	}{
		{"<a@example.org>", "a@example.org", []string{"a@example.org"}},
		{" (comment) <a@example.org> (another <b@x>)", "a@example.org", []string{"a@example.org", "b@x"}},
		{"<no-at-sign>", "no-at-sign", []string{"no-at-sign"}},
		{"<with a blank@example.org>", "with a blank@example.org", []string{"with a blank@example.org"}},
		{"<two@at@example.org>", "two@at@example.org", []string{"two@at@example.org"}},
		{"bare@example.org", "bare@example.org", []string{"bare@example.org"}},
		{`<""@host>`, `""@host`, []string{`""@host`}},
		{`<1.reportbug@host."">`, `1.reportbug@host.""`, []string{`1.reportbug@host.""`}},
		{`<"a > b"@host>`, `"a > b"@host`, []string{`"a > b"@host`}},
		{"<a>b@x>", "a>b@x", []string{"a"}},
		{"<a@x>, <b@x>,<c@x> <d@x>", "a@x>, <b@x>,<c@x> <d@x", []string{"a@x", "b@x", "c@x", "d@x"}},
		{"a@x, b@x", "a@x, b@x", []string{"a@x", "b@x"}},
		{"my id 1@x", "my id 1@x", []string{"1@x"}},
		{`"a b"@x`, `"a b"@x`, []string{"b\"@x"}},
		{"Your mail of \"Mon, 5 Jan\" <a@x>", "Your mail of \"Mon, 5 Jan\" <a@x>", []string{"a@x"}},
		{"<<a@x>>", "<a@x>", []string{"<a@x>"}},
		{"<open@x", "<open@x", []string{"open@x"}},
		{"<\u6bb5\u5c1a@example.org>", "\u6bb5\u5c1a@example.org", []string{"\u6bb5\u5c1a@example.org"}},
		{"<caf\xe9@example.org>", `caf\xe9@example.org`, []string{`caf\xe9@example.org`}},
		{`<caf\xe9@example.org>`, `caf\x5cxe9@example.org`, []string{`caf\x5cxe9@example.org`}},
		{"<a\tb\u2028@x>", `a\x09b\xe2\x80\xa8@x`, []string{`a\x09b\xe2\x80\xa8@x`}},
		{"=?utf-8?q?=3Ca=2E1=40example=2Eorg=3E?=", "a.1@example.org", []string{"a.1@example.org"}},
		{"=?us-ascii?Q?=3Chead=2E?= =?US-ASCII?b?dGFpbEB4Pg==?=", "head.tail@x", []string{"head.tail@x"}},
		{"=?UTF-8?Q?<gr=C3=B6=C3=9Fe@example.org>?=", "gr\u00f6\u00dfe@example.org", []string{"gr\u00f6\u00dfe@example.org"}},
		{"=?iso-8859-1?Q?<gr=F6=DFe@example.org>?=", "gr\u00f6\u00dfe@example.org", []string{"gr\u00f6\u00dfe@example.org"}},
		{"=?UTF-8?Q?<gr=F6e@example.org>?=", `gr\xf6e@example.org`, []string{`gr\xf6e@example.org`}},
		{"<=?utf-8?q?a?=@example.org>", "=?utf-8?q?a?=@example.org", []string{"=?utf-8?q?a?=@example.org"}},
		{"<foo =?UTF-8?Q?gr=C3=B6=40x>?=", "foo gr\u00f6@x", []string{"foo gr\u00f6@x"}},
		{"<>", "", nil},
		{"", "", nil},
	} {
		h := Parse([]byte("Message-Id: "+c.in+"\n\n"), Limits{}).Header
		if got := h.MessageID("Message-ID"); got != c.id {
			t.Errorf("%q: %q, want %q", c.in, got, c.id)
		}
		if diff := cmp.Diff(c.all, h.MessageIDs("Message-ID")); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.in, diff)
		}
	}
}

// TestFoldedMessageID: an id that a mailer folded is whole again.
func TestFoldedMessageID(t *testing.T) {
	m := parse(t, "Message-ID: =?utf-8?q?=3Cone?=\r\n =?utf-8?q?two=40x=3E?=\r\n\r\n")
	if got := m.Header.MessageID("Message-ID"); got != "onetwo@x" {
		t.Errorf("%q", got)
	}
	if got := parse(t, "Message-ID:\n\t<a@x>\n\n").Header.MessageID("Message-ID"); got != "a@x" {
		t.Errorf("%q", got)
	}
}

// TestIDsByBytes: no two ids of other bytes are read as one, whatever the bytes.
func TestIDsByBytes(t *testing.T) {
	rounds := cases.Of(40_000, 200_000)
	rnd := rand.New(rand.NewPCG(7, 12))
	seen := map[string]string{}
	for range rounds {
		id := randomID(rnd)
		got := messageID("<" + id + ">")
		if got == "" && strings.Trim(id, " \t<>") == "" {
			continue
		}
		if !utf8.ValidString(got) || strings.IndexFunc(got, breaks) >= 0 {
			t.Fatalf("%q is shown as %q", id, got)
		}
		if had, known := seen[got]; known && had != id {
			t.Fatalf("%q and %q are both read as %q", had, id, got)
		}
		seen[got] = id
	}
	if len(seen) < rounds/4 {
		t.Fatalf("only %d ids were drawn", len(seen))
	}
	t.Logf("%d ids", len(seen))
}

// randomID draws a short id of bytes that a reader might take for syntax, or
// for damage. Encoded words are left out: two of them may hold the same bytes.
func randomID(rnd *rand.Rand) string {
	const alphabet = "ab@.<>\"\\()[]:;, \tx59e\xe9\xc3\xa9\xff\x00\x1b\x7f'/-=_+"
	var out strings.Builder
	for range 1 + rnd.IntN(7) {
		switch rnd.IntN(12) {
		case 0:
			out.WriteString(`\x` + fmt.Sprintf("%02x", rnd.IntN(256)))
		case 1:
			out.WriteString([]string{"\u00e9", "e\u0301", "\u2028", "\u0085", "\ufffd", "\u00a0", "K", "\u212a"}[rnd.IntN(8)])
		default:
			out.WriteByte(alphabet[rnd.IntN(len(alphabet))])
		}
	}
	return out.String()
}
