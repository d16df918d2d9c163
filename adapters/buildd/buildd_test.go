package buildd

import (
	"os"
	"path/filepath"
	"testing"

	"busbar/common/mail"
	"busbar/common/translate"
	"busbar/fixtures/corpus"
)

func outcome(t *testing.T, raw []byte) translate.Outcome {
	t.Helper()
	o, err := translate.Run([]translate.Translator[*mail.Message]{Translator()}, translate.Item[*mail.Message]{Value: load(raw)})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// TestMails: each mail of the queue and its daemons is told, or skipped by name.
func TestMails(t *testing.T) {
	c := corpus.Files(t, []string{"buildd/*.mail"}, "wanna-build/state-change-mail/*.eml")
	counts := [2]map[string]int{{}, {}}
	for i, files := range [][]string{c.Own, c.Captured} {
		for _, file := range files {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			o := outcome(t, raw)
			switch {
			case len(o.Events) == 1:
				counts[i][o.Events[0].Kind.Topic]++
			case o.Poison != "" && i == 1, o.Translator == "" && i == 1:
				t.Errorf("%s: got %+v", filepath.Base(file), o)
			default:
				counts[i][o.Skip]++
			}
		}
	}
	t.Logf("fixtures: %v; captured: %v", counts[0], counts[1])
	corpus.Covered(t, counts[0], counts[1], nil)
}

// TestSubjects: a log is known by its whole subject, what the queue says by its
// text, too; people's mails about either are nobody's.
func TestSubjects(t *testing.T) {
	for _, c := range []struct{ subject, text, want string }{
		{"Log for successful build of tea_1:2-1+b1 on amd64 (dist=sid)", "x\n", "the build of tea 1:2-1+b1 for sid/amd64 ended: successful"},
		{"Log for attempted build of tea_2-1 on all (debian-security/trixie-security)", "x\n", "the build of tea 2-1 for trixie-security/all ended: attempted"},
		{"Log for successful build of tea_2-1 source (dist=sid)", "x\n", "the build of tea 2-1 for sid/source ended: successful"},
		{"Log for attempted build of tea on amd64 (dist=sid)", "x\n", "poison"},
		{"Log for attempted build of tea_2-1 on amd64", "x\n", ""},
		{"Re: Log for attempted build of tea_2-1 on amd64 (dist=sid)", "ok\n", ""},
		{"tea set to Not-For-Us", "The package 'tea' has been set to state Not-For-Us by iris.\n", "the build daemons say: tea set to Not-For-Us"},
		{"tea set to Not-For-Us", "Who did that?\n", ""},
		{"tea set to Not-For-Us", "The package 'coffee' has been set to state Not-For-Us by iris.\n", ""},
		{"wanna-build sid state changes 2026 Mar 02 08:20:01", "x\n", "buildd: state changes (without an architecture; the queue's database tells them)"},
		{"Re: wanna-build sid state changes 2026 Mar 02 08:20:01", "x\n", ""},
	} {
		o := outcome(t, []byte("Subject: "+c.subject+"\nMessage-ID: <a@example.org>\n\n"+c.text))
		got := o.Skip
		switch {
		case o.Translator == "":
			got = ""
		case o.Poison != "":
			got = "poison"
		case len(o.Events) > 0:
			got = o.Events[0].Kind.Sentence(o.Events[0].Body)
		}
		if got != c.want {
			t.Errorf("%q: got %q, want %q", c.subject, got, c.want)
		}
	}
}
