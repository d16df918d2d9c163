package scm

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/translate"
	"busbar/fixtures/cases"
)

const (
	wasID = "1111111111111111111111111111111111111111"
	isID  = "2222222222222222222222222222222222222222"
	noID  = "0000000000000000000000000000000000000000"
)

// line is a ruler as it stands in a mail.
const line = ruler + "\n"

func told(t *testing.T, ref, before, text string) []event.Event {
	t.Helper()
	raw := fmt.Sprintf("X-Git-Repo: tea\nX-Git-Refname: %s\nX-Git-Oldrev: %s\nX-Git-Newrev: %s\n\n%s", ref, before, isID, text)
	events, err := Mails(DefaultService, nil).Translate(translate.Item[*mail.Message]{Value: loadMail([]byte(raw))})
	if err != nil || len(events) == 0 {
		t.Fatalf("%q: %v, %v", raw, events, err)
	}
	return events
}

// TestWordings: the scripts' words changed with their versions.
func TestWordings(t *testing.T) {
	for text, want := range map[string]struct {
		forced bool
		total  int
	}{
		"     new 2222222  two\n":                                                 {false, 1},
		"     add 3333333  one\n     add 2222222  two\n":                          {false, 2},
		"    adds  3333333   one\n     new  2222222   two\n":                      {false, 2},
		"    omit 1111111  gone\n     new 2222222  two\n":                         {true, 1},
		"   omits  1111111   gone\n     new  2222222   two\n":                     {true, 1},
		" discard 1111111  gone\n     new 2222222  two\n":                         {true, 1},
		"discards  1111111   gone\n     new  2222222   two\n":                     {true, 1},
		"       via  " + isID + " (commit)\n      from  " + wasID + " (commit)\n": {false, 1},
		"    from 1111111  one\n     new 2222222  omit 7777777 from the list\n":   {false, 1},
	} {
		b := told(t, "refs/heads/main", wasID, "nora pushed a change to branch main\nin repository tea.\n\n"+text+"\nThe end.\n")[0].Body.(Moved)
		if b.Forced != want.forced || b.TotalCommits != want.total {
			t.Errorf("%q: forced %v, %d commits", text, b.Forced, b.TotalCommits)
		}
	}
}

func TestTagMessages(t *testing.T) {
	const list = "Nora (2):\n      Warm the pot\n      Pour\n\nOtto (1):\n      Wait\n\n"
	for name, c := range map[string]struct{ inside, want string }{
		"none":                   {"", ""},
		"one":                    {"Release 3\n", "Release 3\n"},
		"looks like a list":      {"Release 3\n\nThanks (2026):\n  everybody\n\nThe end\n", "Release 3\n\nThanks (2026):\n  everybody\n\nThe end\n"},
		"and a list":             {"Release 3\n\n" + list, "Release 3\n"},
		"thanks, and a list":     {"Thanks (1):\n   all\n\n" + list, "Thanks (1):\n   all\n"},
		"a list with text after": {"Release 3\n\n" + list + "The end\n", "Release 3\n\n" + list + "The end\n"},
	} {
		for _, by := range []string{"      by Nora\n", "  tagged by  Nora\n"} {
			b := told(t, "refs/tags/v3", noID, "nora pushed a change to annotated tag v3\nin repository tea.\n\n      at 2222222  (tag)\n tagging "+
				wasID+" (commit)\n"+by+"      on Sat Nov 28 14:48:43 2026 +0000\n\n- Log "+line[6:]+c.inside+line+"\nNo new revisions.\n\n-- \nfooter\n")[0].Body.(Tagged)
			if b.Message != c.want || b.Tagger.Name != "Nora" {
				t.Errorf("%s: message %q by %q", name, b.Message, b.Tagger.Name)
			}
		}
	}
}

func TestMergeInMail(t *testing.T) {
	events := told(t, "refs/heads/main", wasID, "the project \"tea\".\n\n       via  "+isID+" (commit)\n\n- Log "+line[6:]+
		"commit "+isID+"\nMerge: 3333333 4444444\nAuthor: Nora <nora@example.org>\nDate:   Mon Jan 5 10:00:00 2026 +0000\n\n    merge\n\n"+line)
	if b := events[1].Body.(Committed); !b.Merge || b.Message != "merge\n" {
		t.Errorf("%+v", b)
	}
}

// TestOneIdOneMove draws bytes for the names that a commit mail carries, and
// finds no two that differ and have one event id.
func TestOneIdOneMove(t *testing.T) {
	rnd := rand.New(rand.NewPCG(2, 8))
	pieces := []string{"a", "b", "/", "/ref/", "refs/heads/", "\xe9", "\xc3\xa9", "é", `\xe9`, "\u2028", "\x01", ".", " a", "\ufffd", "\x7f"}
	draw := func() string {
		out := "x"
		for range rnd.IntN(5) {
			out += pieces[rnd.IntN(len(pieces))]
		}
		return out
	}
	seen := map[string]string{}
	rounds := cases.Of(5_000, 30_000)
	for range rounds {
		repository, ref := draw(), draw()
		raw := fmt.Sprintf("X-Git-Repo: %s\nX-Git-Refname: refs/%s\nX-Git-Oldrev: %s\nX-Git-Newrev: %s\n\ntext\n", repository, ref, wasID, isID)
		events, err := Mails(DefaultService, nil).Translate(translate.Item[*mail.Message]{Value: loadMail([]byte(raw))})
		if err != nil || len(events) != 1 {
			t.Fatalf("%q: %v, %v", raw, events, err)
		}
		is, id := fmt.Sprintf("%q %q", repository, ref), events[0].UUID().String()
		if was, known := seen[id]; known && was != is {
			t.Fatalf("%s and %s have one id", was, is)
		}
		seen[id] = is
	}
	if len(seen) < rounds/6 {
		t.Fatalf("only %d were drawn", len(seen))
	}
	t.Logf("%d ids", len(seen))
}
