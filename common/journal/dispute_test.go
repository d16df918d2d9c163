package journal

import (
	"context"
	"strings"
	"testing"

	"busbar/common/event"
)

func replaces(t *testing.T, m Message) string {
	t.Helper()
	_, e, err := event.ParseMessage(m.Wire)
	if err != nil {
		t.Fatal(err)
	}
	return e.Replaces
}

// TestOtherWords tells one fact twice: by the evidence of both, what becomes of
// the second.
func TestOtherWords(t *testing.T) {
	t.Parallel()
	const dropped, disputed, replaced = "dropped", "disputed", "replaced"
	for _, c := range []struct{ first, second, same, other string }{
		{"none", "none", dropped, disputed},
		{"none", "fail", dropped, disputed},
		{"fail", "none", dropped, replaced},
		{"none", "pass", dropped, replaced},
		{"pass", "none", dropped, disputed},
		{"pass", "pass", dropped, disputed},
		{"", "none", dropped, dropped}, // read at its source: nobody claimed anything
		{"none", "", dropped, dropped},
	} {
		for text, want := range map[string]string{"the  first\nwords\n-- \nfooter": c.same, "other words": c.other} {
			for _, inOne := range []bool{false, true} {
				j := mustOpen(t, options(journalPath(t)))
				first, second := claim("k", "the first words", c.first), claim("k", text, c.second)
				var res Result
				if inOne {
					results, errs := together(t, j, first, second)
					if errs[0] != nil || errs[1] != nil {
						t.Fatal(errs)
					}
					res = results[1]
				} else {
					mustAppend(t, j, first)
					res = mustAppend(t, j, second)
				}
				got := dropped
				list := all(t, j.Reader())
				switch {
				case len(res.Seqs) == 1 && len(list) == 2 && replaces(t, list[1]) == list[0].ID && list[1].ID != list[0].ID:
					got = replaced
				case len(res.Disputed) == 1 && res.Disputed[0] == list[0].ID && len(list) == 1:
					got = disputed
				case len(list) != 1 || res.Duplicates != 1:
					got = "something else"
				}
				if got != want {
					t.Errorf("%q after %q, %q: it was %s, not %s (%+v)", c.second, c.first, text, got, want, res)
				}
				mustVerify(t, j.Reader())
			}
		}
	}
}

func TestADisputeIsKeptAndCounted(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	path := journalPath(t)
	j := mustOpen(t, options(path))
	mustAppend(t, j, claim("k", "forged", "none"))
	genuine := claim("k", "genuine", "none")
	for range 2 { // it comes twice, as mails do
		mustAppend(t, j, genuine)
	}
	first := all(t, j.Reader())[0]
	rows, err := j.Reader().Poisoned(ctx)
	if err != nil || len(rows) != 1 || rows[0].Disputes != first.ID || rows[0].Attempts != 2 {
		t.Fatalf("kept: %+v, %v", rows, err)
	}
	row, err := j.Reader().PoisonItem(ctx, rows[0].ID)
	if err != nil || string(row.Item) != string(genuine.Item) || row.Translator != "notes" || !strings.Contains(row.Reason, "other words") {
		t.Errorf("the item: %+v, %v", row, err)
	}
	c := counts(t, j.Reader())
	if c.Disputed != 1 || c.Disputes != 2 || c.Duplicates != 2 || c.Poisoned != 0 || c.PoisonBytes != int64(len(genuine.Item)) {
		t.Errorf("counted %+v", c)
	}
	// With evidence it is published, the next time the same, and the dispute is over.
	proven := genuine
	proven.Evidence = []event.Evidence{{Type: "pgp", Verdict: "pass"}}
	if res := mustAppend(t, j, proven); len(res.Seqs) != 1 || len(res.Disputed) != 0 {
		t.Errorf("with evidence: %+v", res)
	}
	if res := mustAppend(t, j, proven); len(res.Seqs) != 0 || res.Duplicates != 1 {
		t.Errorf("once more: %+v", res)
	}
	if c := counts(t, j.Reader()); c.Disputed != 0 || c.Replacements != 1 || c.LastSeq != 2 {
		t.Errorf("at last: %+v", c)
	}
	// Also after the message that told it first is gone, and the program ended.
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = mustOpen(t, options(path))
	if res := mustAppend(t, j, claim("k", "forged", "none")); len(res.Disputed) != 1 {
		t.Errorf("the forgery after the proof: %+v", res)
	}
	mustVerify(t, j.Reader())
}

// Bodies that say nothing of what is compared never dispute anything.
func TestOtherBodiesAreNotCompared(t *testing.T) {
	t.Parallel()
	j := mustOpen(t, options(journalPath(t)))
	r := noteRecord("k")
	r.Evidence = []event.Evidence{{Type: "mail", Verdict: "none"}}
	mustAppend(t, j, r)
	r.Events[0].Body = noteBody{Text: "other words"}
	if res := mustAppend(t, j, r); res.Duplicates != 1 || len(res.Disputed) != 0 {
		t.Errorf("%+v", res)
	}
}

// A cut item that became poison takes no id: the whole one is published.
func TestPoisonTakesNoID(t *testing.T) {
	t.Parallel()
	j := mustOpen(t, options(journalPath(t)))
	mustAppend(t, j, Record{Item: []byte("cut"), Poison: "it is cut", Translator: "notes"})
	if res := mustAppend(t, j, claim("k", "whole", "none")); len(res.Seqs) != 1 {
		t.Errorf("the whole one: %+v", res)
	}
}
