package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"busbar/common/translate"
)

// TestCutMailsWait: only whole mails are published. Of a list's mail only
// the header is published, so that the header must be whole.
func TestCutMailsWait(t *testing.T) {
	const head = "From: Nora <nora@example.org>\nSubject: Bug#812001: tea\nMessage-ID: <a@example.org>\nDate: Mon, 02 Mar 2026 10:00:00 +0000\n"
	const tracker = "X-Debian-PR-Message: followup 812001\nX-Debian-PR-Package: teapot\n" + head
	const list = "List-Id: <tea.lists.example.org>\n" + head
	const mixed = "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nThe kettle boils.\n"
	cfg := &Config{}
	cfg.Mail.Lists = true
	for name, c := range map[string]struct{ mail, poison string }{
		"tracker":                 {tracker + "\nThe kettle boils.\n", ""},
		"tracker, whole parts":    {tracker + mixed + "--b--\n", ""},
		"tracker, cut parts":      {tracker + mixed, "without its last boundary"},
		"tracker, shorter":        {tracker + "Content-Length: 400\n\nThe kettle\n", "bytes of 400"},
		"tracker, half a header":  {tracker, "header does not end"},
		"list, whole":             {list + "\nThe kettle boils.\n", ""},
		"list, cut parts":         {list + mixed, ""},
		"list, half a header":     {list, "header does not end"},
		"list, cut, without id":   {strings.Replace(list, "Message-ID: <a@example.org>\n", "", 1) + mixed, "without its last boundary"},
		"nobody's, half a header": {"Subject: x\n", "-"},
	} {
		o, err := translate.Run(cfg.Translators(), newItem("test", []byte(c.mail), time.Unix(1_800_000_000, 0), 1<<20))
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case c.poison == "-":
			if o.Skip == "" {
				t.Errorf("%s: %+v", name, o)
			}
		case c.poison == "" && len(o.Events) == 0:
			t.Errorf("%s: not told: %q %q", name, o.Skip, o.Poison)
		case c.poison != "" && (!strings.HasPrefix(o.Poison, "cut: ") || !strings.Contains(o.Poison, c.poison)):
			t.Errorf("%s: poison %q, want %q", name, o.Poison, c.poison)
		}
	}
}

// TestCutThenWhole: the whole mail is published after a cut one, for the cut one took
// no id.
func TestCutThenWhole(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "fixtures", "dak", "announced-maintainer-copy.mail"))
	if err != nil {
		t.Fatal(err)
	}
	end := strings.Index(string(raw), "-----END PGP SIGNATURE-----")
	cut, err := translate.Run(new(Config).Translators(), newItem("test", raw[:end], time.Time{}, 1<<20))
	if err != nil || !strings.HasPrefix(cut.Poison, "cut: ") || len(cut.Events) > 0 {
		t.Errorf("cut: %+v, %v", cut, err)
	}
	whole, err := translate.Run(new(Config).Translators(), newItem("test", raw, time.Time{}, 1<<20))
	if err != nil || len(whole.Events) == 0 {
		t.Errorf("whole: %+v, %v", whole, err)
	}
}
