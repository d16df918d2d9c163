package dak

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"busbar/common/mail"
	"busbar/common/translate"
	"busbar/fixtures/cases"
)

// freeText are notices that end where their writer stopped: that one is cut can
// only be seen by what all mails have (mail.Message.Cut).
var freeText = map[string]bool{
	"dak.upload.comment": true, "dak.command.process": true, "dak.transition.complete": true, "dak.notice.send": true,
	"dak.queue.report": true,
}

// TestCutMails cuts each announcement at every seventh byte (of all cases, at
// each), as a mail system does that
// is stopped while it writes into a pipe: what is published is what the whole mail
// tells, or nothing.
func TestCutMails(t *testing.T) {
	files, err := filepath.Glob(fixtures + "/*.mail")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no fixtures: %v", err)
	}
	cuts, told := 0, 0
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		whole := outcome(t, raw)
		if len(whole.Events) == 0 || whole.Events[0].Kind == accountKind { // known by its text
			continue
		}
		told++
		head := bytes.Index(raw, []byte("\n\n"))
		if head < 0 {
			head = bytes.Index(raw, []byte("\r\n\r\n"))
		}
		for n := head; n < len(raw); n += cases.Of(7, 1) {
			cuts++
			o := outcome(t, raw[:n])
			switch {
			case len(o.Events) == 1 && freeText[o.Events[0].Kind.Topic]:
				named := load(raw).Header.MessageID("Message-ID") != "" // else its text is its identity
				if named && o.Events[0].UUID() != whole.Events[0].UUID() {
					t.Fatalf("%s, cut at %d bytes, is another fact", file, n)
				}
			case len(o.Events) > 0 && !reflect.DeepEqual(o.Events, whole.Events):
				t.Fatalf("%s, cut at %d of %d bytes, tells something else, after:\n…%s", file, n, len(raw), raw[max(0, n-200):n])
			case len(o.Events) == 0 && o.Poison == "":
				t.Fatalf("%s, cut at %d bytes, is neither told nor kept: %+v", file, n, o)
			}
		}
	}
	t.Logf("%d mails, cut at %d places", told, cuts)
	raw, err := os.ReadFile(fixtures + "/announced-cut.mail")
	if err != nil {
		t.Fatal(err)
	}
	if o := outcome(t, raw); !strings.HasPrefix(o.Poison, "cut: ") {
		t.Errorf("a mail that stops in the signature: %+v", o)
	}
}

func outcome(t *testing.T, raw []byte) translate.Outcome {
	t.Helper()
	o, err := translate.Run([]translate.Translator[*mail.Message]{Translator(Options{Private: true})}, translate.Item[*mail.Message]{Value: load(raw)})
	if err != nil {
		t.Fatal(err)
	}
	return o
}
