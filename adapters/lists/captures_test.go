package lists

import (
	"os"
	"testing"

	"busbar/adapters/adaptertest"
	"busbar/common/mail"
	"busbar/common/translate"
	"busbar/fixtures/corpus"
)

// Of the mails that services send, exactly those with a list's id
// are received by a list.
func TestCaptures(t *testing.T) {
	files := corpus.Files(t, []string{"lists/*.mail", "debbugs/*.mail", "dak/*.mail"}, "*-mail/*/*.eml").All()
	received := 0
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		it := translate.Item[*mail.Message]{Value: load(raw)}
		adaptertest.Check(t, Translator(), it)
		o, err := translate.Run([]translate.Translator[*mail.Message]{Translator()}, it)
		if err != nil || (it.Value.ListID() != "") != (len(o.Events) == 1) || o.Poison != "" {
			t.Errorf("%s: list %q, but %+v, %v", file, it.Value.ListID(), o, err)
		}
		received += len(o.Events)
	}
	if received == 0 {
		t.Error("none of the mails came over a list")
	}
	t.Logf("%d of %d came over a list", received, len(files))
}
