package scm

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	"busbar/adapters/adaptertest"
	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/translate"
	"busbar/fixtures/corpus"
)

const mails = "../../fixtures/commitmail"

var called = map[string]string{"Kettle, the — one that sings": "tea/kettle", "teaware": "tea/ware"}

func loadMail(raw []byte) *mail.Message { return mail.Parse(raw, mail.Limits{}) }

func TestMailConformance(t *testing.T) {
	adaptertest.Run(t, Mails(DefaultService, called), loadMail, mails)
}

func FuzzMails(f *testing.F) {
	adaptertest.Fuzz(f, Mails(DefaultService, called), loadMail, mails)
}

func keys(t *testing.T, events []event.Event, err error) []string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range events {
		all = append(all, e.Key)
	}
	slices.Sort(all)
	return all
}

// TestMailIsTheHooksPush: the mail's account of a push is the same facts as the
// hook's.
func TestMailIsTheHooksPush(t *testing.T) {
	id := func(s string) string { return strings.Repeat(s, 20) }
	main := Update{Ref: "refs/heads/main", Old: id("a0"), New: id("c2"), Commits: []Commit{{ID: id("b1")}, {ID: id("c2")}}}
	of := func(system, repository string, u Update) Push {
		return Push{Repository: repository, System: system, Updates: []Update{u}}
	}
	for file, push := range map[string]Push{
		"branch-updated":    of("git", "tea/kettle", main),
		"branch-created":    of("git", "tea/kettle", Update{Ref: "refs/heads/topic", New: id("b1"), Commits: main.Commits[:1]}),
		"branch-deleted":    of("git", "tea/kettle", Update{Ref: "refs/heads/topic", Old: id("c2")}),
		"tag-annotated":     of("git", "tea/kettle", Update{Ref: "refs/tags/v1.0", New: id("d3")}),
		"multimail-summary": of("git", "tea/kettle", Update{Ref: "refs/heads/main", Old: id("a0"), New: id("c2")}),
		"multimail-commit":  of("git", "tea/kettle", Update{New: id("c2"), Ref: "refs/heads/main", Apart: true, Commits: main.Commits[1:]}),
		"svn-commit":        of("svn", "tea/ware", Update{Ref: "youngest", Old: "6", New: "7", Commits: []Commit{{ID: "7"}}}),
	} {
		raw, err := os.ReadFile(mails + "/" + file + ".mail")
		if err != nil {
			t.Fatal(err)
		}
		told, err := Mails("scm", called).Translate(translate.Item[*mail.Message]{Value: loadMail(raw)})
		got := keys(t, told, err)
		told, err = Translator("scm", Links{}).Translate(translate.Item[Push]{Value: push})
		if want := keys(t, told, err); !slices.Equal(got, want) {
			t.Errorf("%s tells %q, the hook %q", file, got, want)
		}
	}
}

// TestMailCaptures: each mail that the real scripts sent names what it is about.
func TestMailCaptures(t *testing.T) {
	c := corpus.Files(t, []string{"commitmail/*.mail"}, "scm/commit-mail/*.eml")
	if len(c.Captured) == 0 {
		return // the fixtures are held to their golden files
	}
	var said []string
	for _, file := range c.Captured {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		it := translate.Item[*mail.Message]{Value: loadMail(raw)}
		adaptertest.Check(t, Mails("scm", nil), it)
		events, err := Mails("scm", nil).Translate(it)
		if err != nil {
			t.Errorf("%s: %v", file, err)
		}
		var topics []string
		for _, e := range events {
			topics = append(topics, strings.TrimPrefix(e.Kind.Topic, "scm."))
		}
		said = append(said, strings.Join(topics, " "))
	}
	want := []string{
		"branch.create commit.create", "branch.update commit.create commit.create", "branch.create commit.create", "branch.update commit.create",
		"branch.delete", "tag.create", "tag.create",
		"commit.create", "commit.create", "commit.create", "commit.create", "commit.create", "commit.create", "commit.create",
	}
	if !slices.Equal(said, want) {
		t.Errorf("the captures tell %q", said)
	}
}

// TestCutLog: a mail of post-receive-email that stops in its log is kept until the
// whole one comes, wherever it stops.
func TestCutLog(t *testing.T) {
	for _, name := range []string{"branch-updated", "tag-annotated"} {
		raw, err := os.ReadFile(mails + "/" + name + ".mail")
		if err != nil {
			t.Fatal(err)
		}
		from := bytes.Index(raw, []byte("\n- Log --")) + len("\n- Log --")
		to := bytes.LastIndex(raw, []byte("\n"+ruler)) + len(ruler)
		for at := from; at <= to; at++ {
			_, err := Mails(DefaultService, called).Translate(translate.Item[*mail.Message]{Value: loadMail(raw[:at])})
			if err == nil || !strings.Contains(err.Error(), "cut: ") {
				t.Fatalf("%s cut at %d of %d: %v", name, at, len(raw), err)
			}
		}
		if _, err := Mails(DefaultService, called).Translate(translate.Item[*mail.Message]{Value: loadMail(raw[:to+1])}); err != nil {
			t.Errorf("%s: its log is whole: %v", name, err)
		}
	}
}

// TestCutList: a mail that stops in what it lists, or in a commit's message, is kept until
// the whole one comes.
func TestCutList(t *testing.T) {
	for _, c := range []struct{ name, from, to string }{
		{"multimail-summary", "from  a0a0a0a", "\n\nThe 2 revisions"},
		{"branch-updated", "via  c2c2c2c", "\n\nThose revisions"},
		{"multimail-commit", "    Add a", "\n---\n"},
		{"svn-commit", "New Revision: 7\n", "Log:\n"},
	} {
		raw, err := os.ReadFile(mails + "/" + c.name + ".mail")
		if err != nil {
			t.Fatal(err)
		}
		from, to := bytes.Index(raw, []byte(c.from)), bytes.Index(raw, []byte(c.to))
		if from < 0 || to < from {
			t.Fatalf("%s: %q at %d, %q at %d", c.name, c.from, from, c.to, to)
		}
		for at := from + len(c.from); at <= to; at++ {
			_, err := Mails(DefaultService, called).Translate(translate.Item[*mail.Message]{Value: loadMail(raw[:at])})
			if err == nil || !strings.Contains(err.Error(), "cut: ") {
				t.Fatalf("%s cut at %d of %d, behind %q: %v", c.name, at, len(raw), raw[max(0, at-30):at], err)
			}
		}
	}
}
