package schema

import (
	"encoding/json"
	"io/fs"
	"strings"
	"testing"
	"time"

	"busbar/adapters/britney"
	"busbar/adapters/buildd"
	"busbar/adapters/dak"
	"busbar/adapters/debbugs"
	"busbar/adapters/lists"
	"busbar/adapters/mentors"
	"busbar/adapters/release"
	"busbar/adapters/scm"
	"busbar/adapters/security"
	"busbar/adapters/wannabuild"
	"busbar/bus/kinds"
	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/translate"
	"busbar/fixtures"
)

// mailed is every translator of mails, in the order of mail2bus's table.
func mailed() []translate.Translator[*mail.Message] {
	return []translate.Translator[*mail.Message]{
		debbugs.Translator(), dak.Translator(dak.Options{Private: true}), buildd.Translator(), britney.Translator(), mentors.Translator(),
		release.Translator(), security.Translator(), scm.Mails(scm.DefaultService, nil), lists.Translator(),
	}
}

// said is what an item means to each translator that reads such items.
func said(t *testing.T, raw []byte) (all []event.Event) {
	m := mail.Parse(raw, mail.Limits{})
	for _, tr := range mailed() {
		all = append(all, run(t, tr, m)...)
	}
	if push, err := scm.ParsePush(raw); err == nil {
		all = append(all, run(t, scm.Translator(scm.DefaultService, scm.Links{}), push)...)
	}
	if change, err := wannabuild.ParseChange(raw); err == nil {
		all = append(all, run(t, wannabuild.Translator(time.UTC), change)...)
	}
	switch change, _ := debbugs.ParseChange(raw); change := change.(type) {
	case debbugs.Change:
		all = append(all, run(t, debbugs.ChangeTranslator(), change)...)
	case debbugs.UsertagChange:
		all = append(all, run(t, debbugs.UsertagTranslator(), change)...)
	}
	return all
}

func run[T any](t *testing.T, tr translate.Translator[T], v T) []event.Event {
	t.Helper()
	o, err := translate.Run([]translate.Translator[T]{tr}, translate.Item[T]{Value: v})
	if err != nil {
		t.Errorf("%s: %v", tr.Name, err)
	}
	return o.Events
}

// FuzzBodies: whatever an item is, each event that it becomes is of a topic of the
// catalogue, and its body is what the topic's schema says.
func FuzzBodies(f *testing.F) {
	for _, source := range []fs.FS{fixtures.Mails, fixtures.Changes, fixtures.Pushes, fixtures.Bugs} {
		files, err := fs.Glob(source, "*/*")
		if err != nil {
			f.Fatal(err)
		}
		for i, file := range files {
			if i%9 > 0 || strings.HasSuffix(file, ".events.json") || strings.HasPrefix(file, "tables/") {
				continue // the adapters' own targets begin with all
			}
			raw, err := fs.ReadFile(source, file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(raw)
		}
	}
	all := All(kinds.All())
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, e := range said(t, raw) {
			schema, ok := all[e.Kind.Topic].(map[string]any)
			if !ok {
				t.Errorf("no schema of %s", e.Kind.Topic)
				continue
			}
			wire, err := event.CanonicalOf(e.Body)
			if err != nil {
				t.Errorf("%s: %v", e.Kind.Topic, err)
				continue
			}
			var body any
			if err := json.Unmarshal(wire, &body); err != nil {
				t.Errorf("%s: %v", e.Kind.Topic, err)
			}
			misfit(t, e.Kind.Topic, schema, body)
		}
	})
}
