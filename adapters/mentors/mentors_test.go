package mentors

import (
	"os"
	"strings"
	"testing"

	"busbar/common/mail"
	"busbar/common/translate"
)

func outcome(t *testing.T, raw []byte) translate.Outcome {
	t.Helper()
	o, err := translate.Run([]translate.Translator[*mail.Message]{Translator()}, translate.Item[*mail.Message]{Value: load(raw)})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func fixture(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(fixtures + "/" + name + ".mail")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestOneComment: the uploader's copy and the subscribers' tell one fact.
func TestOneComment(t *testing.T) {
	a, b := outcome(t, []byte(fixture(t, "comment"))), outcome(t, []byte(fixture(t, "comment-uploaders-copy")))
	if len(a.Events) != 2 || len(b.Events) != 2 || a.Events[0].Key != b.Events[0].Key {
		t.Errorf("%+v\n%+v", a, b)
	}
	other := outcome(t, []byte(strings.Replace(fixture(t, "comment"), "is missing", "is empty", 1)))
	if len(other.Events) != 2 || other.Events[0].Key == a.Events[0].Key {
		t.Errorf("another comment is the same: %+v", other)
	}
}

// TestSecretsStay: what a site writes to the owner of an account is told to nobody,
// in whichever language and however cut.
func TestSecretsStay(t *testing.T) {
	raw := fixture(t, "activation")
	for name, r := range map[string]string{
		"as it is": raw,
		"cut":      raw[:len(raw)-30],
		"German":   strings.Replace(raw, "Next step: Confirm your email address", "Bitte Adresse =?utf-8?q?best=C3=A4tigen?=", 1),
		"on lists": "List-Id: <a.lists.example.org>\n" + raw,
	} {
		if o := outcome(t, []byte(r)); o.Translator != "mentors" || o.Skip == "" {
			t.Errorf("%s: %+v", name, o)
		}
	}
}

// TestCutMails: each mail, cut anywhere in its text, is kept aside.
func TestCutMails(t *testing.T) {
	for _, name := range []string{"upload", "comment", "remove", "reject", "upload-2016", "comment-2016", "remove-2016", "reject-2016"} {
		raw := fixture(t, name)
		for n := strings.Index(raw, "\n\n"); n < len(raw)-len("mentors.debian.net"); n += 3 {
			if o := outcome(t, []byte(raw[:n])); !strings.HasPrefix(o.Poison, "cut: ") {
				t.Fatalf("%s, cut at %d: %+v", name, n, o)
			}
		}
	}
}

func TestSiteOf(t *testing.T) {
	for from, want := range map[string]string{
		"mentors.debian.net <support@mentors.debian.net>":     "mentors.debian.net",
		"Mentors.Debian.net <no-reply@mentors.debian.net>":    "mentors.debian.net",
		"\"mentors.debian.net\" <support@mentors.debian.net>": "mentors.debian.net",
		"Nora Ortega <nora@mentors.debian.net>":               "",
		"mentors.debian.net <support@example.org>":            "",
		"support@mentors.debian.net":                          "",
		"x <x@x> , mentors.debian.net":                        "x",
	} {
		if got := siteOf(load([]byte("From: " + from + "\n\n")).Header); got != want {
			t.Errorf("%q is of %q, want %q", from, got, want)
		}
	}
}
