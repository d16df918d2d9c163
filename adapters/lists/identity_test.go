package lists

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"busbar/common/mail"
	"busbar/common/translate"
	"busbar/fixtures/cases"
)

// TestOneIdOneMail draws bytes for the two identifiers that a mail of a list
// has, and finds no two mails that differ in them and have one event id.
func TestOneIdOneMail(t *testing.T) {
	rounds := cases.Of(8_000, 60_000)
	rnd := rand.New(rand.NewPCG(3, 1))
	seen := map[string]string{}
	for range rounds {
		list, id := drawn(rnd), drawn(rnd)
		if strings.Trim(list, "<> \t.") == "" || strings.Trim(id, "<> \t") == "" {
			continue
		}
		raw := fmt.Sprintf("List-Id: <%s>\nMessage-ID: <%s>\nDate: Mon, 9 Mar 2026 10:00:00 +0000\n\ntext\n", list, id)
		events, err := toEvents(translate.Item[*mail.Message]{Value: load([]byte(raw))})
		if err != nil || len(events) != 1 {
			t.Fatalf("%q: %v, %v", raw, events, err)
		}
		uuid := events[0].UUID().String()
		is := canonicalList(list) + "\x00" + id
		if was, known := seen[uuid]; known && was != is {
			t.Fatalf("%q and %q have one id", was, is)
		}
		seen[uuid] = is
	}
	if len(seen) < rounds/4 {
		t.Fatalf("only %d mails were drawn", len(seen))
	}
	t.Logf("%d mails", len(seen))
}

// drawn is a short identifier of bytes that could be taken for syntax, for a
// separator of keys, or for damage.
func drawn(rnd *rand.Rand) string {
	pieces := []string{"a", "b", "@", ".", "/", "/message/", "message", "/message", "sha256:", "\"", "\\", "(", ")", ",", "x", "\xe9", "\xc3\xa9", "\x00", "\u2028", `\xe9`, ":", ";", "é", "e9"}
	var out strings.Builder
	for range 1 + rnd.IntN(5) {
		out.WriteString(pieces[rnd.IntN(len(pieces))])
	}
	return out.String()
}

// canonicalList is what of a list's id counts: letters' case does not.
func canonicalList(s string) string { return strings.ToLower(s) }

// TestListForms: lists write their ids in many ways.
func TestListForms(t *testing.T) {
	for head, want := range map[string]string{
		"List-Id: Tea <Tea.Lists.example.org>":                                      "tea.lists.example.org",
		"List-Id: \"Tea < and > more\" <tea.example.org>":                           "tea.example.org",
		"List-Id: \"Tea Drinkers\" drinkers@lists.example.org":                      "drinkers.lists.example.org",
		"List-Id: Tea Drinkers drinkers.lists.example.org":                          "drinkers.lists.example.org",
		"List-Id: drinkers.lists.example.org (all of them)":                         "drinkers.lists.example.org",
		"List-Id: \"Tea Drinkers\"\n drinkers.lists.example.org":                    "drinkers.lists.example.org",
		"List-Id: <very.long.\n name.lists.example.org>":                            "very.long.name.lists.example.org",
		"List-Id: A phrase\n <very-lo\n\tng.lists.example.org>":                     "very-long.lists.example.org",
		"List-Id: <tea . lists. example.org>":                                       "tea.lists.example.org",
		"List-Id:\n tea.lists.example.org":                                          "tea.lists.example.org",
		"List-Id: =?utf-8?q?Th=C3=A9_=3Cthe=2Elists=2Eexample=2Eorg=3E?=":           "the.lists.example.org",
		"List-Id: =?utf-8?q?Th=C3=A9?= <the.lists.example.org>":                     "the.lists.example.org",
		"List-Id: no id in here at all.\nX-Mailing-List: <tea@lists.example.org> 7": "tea.lists.example.org",
		"List-Id: no id here\nList-Id: <second.example.org>":                        "second.example.org",
		"List-Id: <caf\xe9.example.org>":                                            `caf\xe9.example.org`,
		"List-Id: <unclosed.example.org":                                            "unclosed.example.org",
	} {
		if got := load([]byte(head + "\nSubject: x\n\ntext\n")).ListID(); got != want {
			t.Errorf("%q: %q, want %q", head, got, want)
		}
	}
}
