package lists

import (
	"strings"
	"testing"

	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/translate"
)

func receive(t *testing.T, text string) event.Event {
	t.Helper()
	o, err := translate.Run([]translate.Translator[*mail.Message]{Translator()}, translate.Item[*mail.Message]{Value: load([]byte(text))})
	if err != nil || len(o.Events) != 1 {
		t.Fatalf("got %+v, %v", o, err)
	}
	return o.Events[0]
}

// A fact is a mail on a list: the same mail on two lists is two, two copies of
// it from one list are one.
func TestIdentity(t *testing.T) {
	const rest = "From: nora@example.org\nMessage-ID: <a@example.org>\n\ntea\n"
	one := receive(t, "List-Id: <tea.lists.example.org>\n"+rest)
	again := receive(t, "Received: from x by y; Mon, 9 Mar 2026 10:00:00 +0000\nX-Mailing-List: <tea@lists.example.org>\n"+rest)
	other := receive(t, "List-Id: <coffee.lists.example.org>\n"+rest)
	if one.Key != ReceiveKey("tea.lists.example.org", "a@example.org") {
		t.Errorf("key %q", one.Key)
	}
	if one.UUID() != again.UUID() {
		t.Error("two copies have two ids")
	}
	if one.UUID() == other.UUID() {
		t.Error("two lists have one id")
	}
}

func TestWithoutMessageID(t *testing.T) {
	const list = "List-Id: <tea.lists.example.org>\n"
	ids := map[string]string{}
	for name, text := range map[string]string{
		"dated":         list + "From: a@example.org\nDate: Mon, 9 Mar 2026 10:00:00 +0000\n\none\n",
		"another date":  list + "From: a@example.org\nDate: Mon, 9 Mar 2026 11:00:00 +0000\n\none\n",
		"dated, two":    list + "From: a@example.org\nDate: Mon, 9 Mar 2026 10:00:00 +0000\n\ntwo\n",
		"dated, long":   list + "From: a@example.org\nDate: Mon, 9 Mar 2026 10:00:00 +0000\n\none\n-- \nmore\n",
		"empty id":      list + "From: a@example.org\nMessage-ID: <>\n\nthree\n",
		"claims one":    list + "Message-ID: sha256:" + strings.Repeat("0", 64) + "\n\none\n",
		"undated":       list + "From: a@example.org\n\none\n",
		"another text":  list + "From: a@example.org\n\ntwo\n",
		"very long id":  list + "Message-ID: <" + strings.Repeat("x", 2000) + "@example.org>\n\none\n",
		"other long id": list + "Message-ID: <" + strings.Repeat("x", 2001) + "@example.org>\n\none\n",
	} {
		b := receive(t, text).Body.(Received)
		if !strings.HasPrefix(b.MessageID, "sha256:") || len(b.MessageID) != 71 || b.URL != "" {
			t.Errorf("%s: %+v", name, b)
		}
		if same, known := ids[b.MessageID]; known {
			t.Errorf("%s and %s have the same id", name, same)
		}
		ids[b.MessageID] = name
	}
}

func TestArchive(t *testing.T) {
	for _, c := range []struct{ list, id, want string }{
		{"debian-tea.lists.debian.org", "a/b?c@example.org", "https://lists.debian.org/msgid-search/a%2Fb%3Fc@example.org"},
		{"tea.lists.example.org", "a@example.org", ""},
		{"debian-tea.lists.debian.org", "sha256:00", ""},
	} {
		if got := archive(c.list, c.id); got != c.want {
			t.Errorf("%s %s: got %q, want %q", c.list, c.id, got, c.want)
		}
	}
}
