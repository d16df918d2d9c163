package dak

import (
	"os"
	"strings"
	"testing"

	"busbar/adapters/adaptertest"
	"busbar/common/translate"
	"busbar/fixtures/corpus"
)

func stanza(raw []byte) Stanza { return Stanza(raw) }

func TestRemovalLog(t *testing.T) {
	adaptertest.Run(t, RemovalLog(), stanza, "../../fixtures/removals")
}

// FuzzRemovalLog holds the log's translator to the contract for any bytes.
func FuzzRemovalLog(f *testing.F) {
	adaptertest.Fuzz(f, RemovalLog(), stanza, "../../fixtures/removals")
}

func entry(t *testing.T, raw string) translate.Outcome {
	t.Helper()
	o, err := translate.Run([]translate.Translator[Stanza]{RemovalLog()}, translate.Item[Stanza]{Value: Stanza(raw)})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// TestMailAndLogAreOne: the mail about a removal and the log's entry have one id, of
// ours and as the real programs wrote them.
func TestMailAndLogAreOne(t *testing.T) {
	pairs := [][2]string{
		{"../../fixtures/dak/removal.mail", string(read(t, "../../fixtures/removals/source.822"))},
		{"../../fixtures/dak/removal-several.mail", string(read(t, "../../fixtures/removals/several.822"))},
		{"../../fixtures/dak/removal-dos.mail", string(read(t, "../../fixtures/removals/binaries.822"))},
		{"../../fixtures/dak/removal-2006.mail", string(read(t, "../../fixtures/removals/latin1-2006.822"))},
	}
	if dir, ok := corpus.Captures(t); ok {
		dir += "/dak-mail/unsigned/"
		log, err := os.ReadFile(dir + "removals.822")
		if err != nil {
			t.Fatal(err)
		}
		entries := strings.SplitAfter(string(log), "\n\n")
		pairs = append(pairs, [2]string{dir + "25.rm-source-closes-bug.1.eml", entries[0]}, [2]string{dir + "26.rm-binary-only.1.eml", entries[1]})
		for _, e := range entries {
			if o := entry(t, e); strings.TrimSpace(e) != "" && len(o.Events) != 1 {
				t.Errorf("the captured entry %q becomes %+v", e, o)
			}
		}
	}
	for _, p := range pairs {
		mail, log := outcome(t, read(t, p[0])), entry(t, p[1])
		if len(mail.Events) != 1 || len(log.Events) != 1 || mail.Events[0].Key != log.Events[0].Key {
			t.Errorf("%s: %+v\nand the log: %+v", p[0], mail, log)
			continue
		}
		a, b := mail.Events[0].Body.(Removed), log.Events[0].Body.(Removed)
		if a.Substance()[0] != b.Substance()[0] {
			t.Errorf("%s: %q and %q contradict each other", p[0], a.Reason, b.Reason)
		}
	}
}
