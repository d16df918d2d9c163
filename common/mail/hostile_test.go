package mail

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The mails of fixtures/hostile and what must come out of each.
var hostileCases = map[string]struct {
	subject, from, id, text string
	defects                 []string
}{
	"no-header":            {text: "There is no header here,\nonly two lines and more.\n\nThe end.\n", defects: []string{"header: none"}},
	"injected-header":      {"harmless  X-Debian-PR-Message: report 1    body", "Ines Vogt", "inject@example.org", "Text.\n", nil},
	"two-from":             {"who says so?", "Ines Vogt", "two@example.org", "Text.\n", []string{"From stands more than once"}},
	"unknown-charset":      {"caf\u00e9caf\u00e9", "Ines Vogt", "charset@example.org", "caf\u00e9\n", []string{"Subject: unknown charset \"x-klingon\"", "text: unknown charset"}},
	"nested":               {"boxes in boxes", "Ines Vogt", "nested@example.org", "", []string{"deeper than 32"}},
	"broken-base64":        {"cut base64", "Ines Vogt", "base64@example.org", "The package fails to build.\n", []string{"base64: damaged"}},
	"no-final-boundary":    {"cut", "Ines Vogt", "boundary@example.org", "The text.", []string{"no final boundary"}},
	"nul-bytes":            {"a   zero", "Ines Vogt", "nul@example.org", "before\ufffdafter\n", []string{"text: contains NUL"}},
	"duplicate-pr-message": {"Bug#123456: which one?", "Ines Vogt", "dup@example.org", "Text.\n", nil},
	"bom":                  {"byte order mark", "Ines Vogt", "bom@example.org", "Package: hello\n", []string{"byte order mark"}},
	"crcrlf":               {"two returns", "Ines Vogt", "crcrlf@example.org", "first\nsecond\n", []string{"more than one carriage return"}},
	"bare-cr":              {"bare returns", "Ines Vogt", "cr@example.org", "first\nsecond\n", []string{"bare carriage return"}},
	"raw-latin1":           {"Gr\u00fc\u00dfe", "J\u00f6rg M\u00fc\u00dfig", `\xe9@example.org`, "Viele Gr\u00fc\u00dfe\n", []string{"From has raw", "Subject has raw", "Message-ID has raw", "no charset declared"}},
	"mbox-garbage":         {"after garbage", "Ines Vogt", "mbox@example.org", "Text.\n", []string{"mbox", "line 4 has no colon", "line 6 has no valid field name"}},
	"wrong-charset":        {"Gr\u00fc\u00dfe", "Ines Vogt", "wrong@example.org", "Gr\u00fc\u00dfe\n", []string{"Subject: not utf-8", "text: not utf-8"}},
}

func readHostile(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "fixtures", "hostile", "*.mail"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no hostile mails: %v", err)
	}
	all := map[string][]byte{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(f), ".mail")] = b
	}
	return all
}

func TestHostileMails(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "..", "fixtures", "hostile", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	mails := readHostile(t)
	for name := range hostileCases {
		if mails[name] == nil {
			t.Errorf("%s.mail is missing", name)
		}
	}
	for name, raw := range mails {
		t.Run(name, func(t *testing.T) {
			want, ok := hostileCases[name]
			if !ok || !strings.Contains(string(readme), "| `"+name+".mail` |") {
				t.Fatal("not described here and in the README")
			}
			m := Parse(raw, Limits{})
			checkMessage(t, m, DefaultLimits())
			from := ""
			if a := m.Header.Addresses("From"); len(a) > 0 {
				from = a[0].Name
			}
			if s := m.Header.Get("Subject"); s != want.subject || from != want.from || m.Header.MessageID("Message-ID") != want.id {
				t.Errorf("subject %q from %q id %q", s, from, m.Header.MessageID("Message-ID"))
			}
			if m.Text() != want.text || m.Unreadable() != "" {
				t.Errorf("text %q, unreadable %q", m.Text(), m.Unreadable())
			}
			for _, d := range want.defects {
				wantDefect(t, m, d)
			}
			if (len(want.defects) == 0) != (len(m.Defects) == 0) {
				t.Errorf("defects %q", m.Defects)
			}
		})
	}
	if m := Parse(mails["injected-header"], Limits{}); m.Header.Has("X-Debian-PR-Message") {
		t.Error("a header was injected")
	}
	m := Parse(mails["duplicate-pr-message"], Limits{})
	if got := m.Header.Values("x-debian-pr-message"); !slices.Equal(got, []string{"report 123456", "closed 654321"}) {
		t.Errorf("values %q", got)
	}
	m = Parse(mails["no-final-boundary"], Limits{})
	if got := m.Attachments(); len(got) != 1 || got[0] != (Attachment{"fix.diff", "text/x-diff", 12}) {
		t.Errorf("attachments %v", got)
	}
}
