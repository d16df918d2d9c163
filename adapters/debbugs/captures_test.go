package debbugs

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"busbar/adapters/adaptertest"
	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/translate"
	"busbar/fixtures/corpus"
)

// Every mail that debbugs sends becomes its event, or is skipped by name,
// whether it is a fixture or was seen.
func TestMails(t *testing.T) {
	c := corpus.Files(t, []string{"debbugs/*.mail"}, "debbugs-mail/out-*/*.eml")
	byDir := map[string][]string{}
	for _, file := range c.All() {
		dir := filepath.Base(filepath.Dir(file))
		byDir[dir] = append(byDir[dir], file)
	}
	all, seen := map[string]map[string]int{}, map[string]int{}
	for dir, files := range byDir {
		t.Run(dir, func(t *testing.T) {
			counts := map[string]int{}
			all[dir] = counts
			closings := map[string]Closed{}
			for _, file := range files {
				raw, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				m := load(raw)
				o := run(t, m)
				adaptertest.Check(t, Translator(), translate.Item[*mail.Message]{Value: m})
				name := filepath.Base(file)
				if o.Poison != "" && strings.HasPrefix(file, filepath.Dir(c.Own[0])) {
					counts["poison"]++ // is so on purpose: its golden file says why
					continue
				}
				if want := wanted(m); want == "" && (o.Skip == "" || o.Translator != "debbugs") {
					t.Errorf("%s: want a skip by name, got %+v", name, o)
				} else if want != "" && !slices.ContainsFunc(o.Events, func(e event.Event) bool { return e.Kind.Topic == want }) {
					t.Errorf("%s: want %s, got %+v", name, want, o)
				}
				counts[o.Skip+o.Poison]++
				for _, e := range o.Events {
					counts[e.Kind.Topic]++
					readable(t, name, e)
					c, isClose := e.Body.(Closed)
					if isClose && answered(e) {
						continue // an answer to commands says less than a notice
					}
					if first, again := closings[e.Key]; isClose && again {
						sameClosing(t, name, first, c)
					} else if isClose {
						closings[e.Key] = c
					}
				}
			}
			for what, n := range counts {
				t.Logf("%4d %s", n, what)
			}
		})
		if dir != "debbugs" {
			maps.Copy(seen, all[dir])
		}
	}
	corpus.Covered(t, all["debbugs"], seen, nil)
}

// wanted is the topic that a mail's own header fields call for.
func wanted(m *mail.Message) string {
	kind, _, _ := strings.Cut(m.Header.Get("X-Debian-PR-Message"), " ")
	toBug := strings.Contains(strings.Join(m.Header.Values("Received"), "\n"), "(code U")
	switch {
	case kind == "report" && !toBug:
		return "debbugs.bug.create"
	case kind == "report", kind == "followup":
		return "debbugs.bug.comment"
	case kind == "closed", kind == "they-closed":
		return "debbugs.bug.close"
	case kind == "forwarded":
		return "debbugs.bug.forward"
	case kind == "transcript":
		return "debbugs.control.process"
	case kind == "submitter-changed":
		return "debbugs.bug.submitter.update"
	case kind == "error":
		return "debbugs.mail.reject"
	case kind == "list" && !strings.Contains(m.Header.Get("To"), "-help@"):
		return "debbugs.subscription.update"
	}
	return ""
}

func run(t *testing.T, m *mail.Message) translate.Outcome {
	t.Helper()
	o, err := translate.Run([]translate.Translator[*mail.Message]{Translator()}, translate.Item[*mail.Message]{Value: m})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

var mojibake = regexp.MustCompile("\ufffd|Ã|=C3=|(?i:=\\?utf-8\\?)")

// readable finds wrongly decoded text. One reporter's bytes truly are junk.
func readable(t *testing.T, name string, e event.Event) {
	t.Helper()
	b, err := json.Marshal(e.Body)
	if err != nil {
		t.Fatal(err)
	}
	if bad := mojibake.FindIndex(b); bad != nil && !strings.Contains(name, "8bit-junk") {
		t.Errorf("%s: %s has wrongly decoded text: …%s…", name, e.Kind.Topic, b[max(0, bad[0]-40):min(len(b), bad[1]+40)])
	}
}

// sameClosing checks that the closer's and the submitter's notice say the same.
func sameClosing(t *testing.T, name string, a, b Closed) {
	t.Helper()
	if a.Title != b.Title || a.DoneBy != b.DoneBy || a.Version != b.Version || a.Body != b.Body || a.Time != b.Time {
		t.Errorf("%s: the two notices of one closing differ:\n%+v\n%+v", name, a, b)
	}
}
