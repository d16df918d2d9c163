package debbugs

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"busbar/common/event"
	"busbar/common/state"
)

// stateAfter gives the states that messages leave, TOPIC BODY each, a second behind each other.
func stateAfter(t *testing.T, said ...string) map[string]*state.Thing {
	t.Helper()
	table, err := state.NewTable(Present())
	if err != nil {
		t.Fatal(err)
	}
	things := map[string]*state.Thing{}
	for i, s := range said {
		topic, body, _ := strings.Cut(s, " ")
		tree, err := event.Parse([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		e := event.Envelope{Topic: "org.debian.dev.debbugs.bug." + topic, Timestamp: int64(100 + i), Publisher: "p", Seq: int64(i + 1), Msg: tree}
		for _, u := range table.Updates(e) {
			if things[u.Key] == nil {
				things[u.Key] = &state.Thing{}
			}
			things[u.Key].Apply(u, state.StampOf(e, int64(i), 0))
		}
	}
	return things
}

// TestPresent tells stories, looks at what a bug is in the end, and compares that with
// what the tracker says.
func TestPresent(t *testing.T) {
	const create = `create {"bug":7,"package":"teapot","packages":["teapot"],"title":"drips","severity":"minor","tags":["patch"],"person":{"name":"Nora","email":"nora@example.org"},"url":"u"}`
	is := Status{Bug: 7, Packages: []string{"teapot"}, Title: "drips", Severity: "minor", Tags: []string{"patch"}, Submitter: "nora@example.org (Nora)"}
	for name, c := range map[string]struct {
		said string
		bug  string
		now  func(*Status)
		want string // parts of the value
		diff string // members that differ
	}{
		"reported":                   {"", "7", func(*Status) {}, `"severity":"minor","status":"open","submitter":"Nora <nora@example.org>","tags":["patch"],"title":"drips"`, ""},
		"closed":                     {`close {"bug":7,"tags":[],"done_by":{"name":"Ann","email":"ann@example.org"}}`, "7", func(s *Status) { s.Done, s.Tags = "ANN@example.org", nil }, `"done":"Ann <ann@example.org>"`, ""},
		"and the tracker is open":    {`close {"bug":7,"done_by":{"name":"Ann","email":"ann@example.org"}}`, "7", func(*Status) {}, `"status":"done"`, "done status"},
		"reopened by a version":      {"close {\"bug\":7}\nfound.update {\"bug\":7,\"added\":[\"teapot/2\"],\"removed\":[],\"reopened\":true}", "7", func(s *Status) { s.Found = []string{"teapot/2", "1"} }, `"found":["2"],`, ""},
		"a version that is not":      {`found.update {"bug":7,"added":["2"],"removed":["1"]}`, "7", func(s *Status) { s.Found = []string{"teapot/1", "teapot/2"} }, `"partial":{"found":["1"]}`, "found"},
		"tags come and go":           {"tag.update {\"bug\":7,\"added\":[\"l10n\",\"help\"],\"removed\":[\"patch\"]}\ntag.update {\"bug\":7,\"added\":[],\"removed\":[\"help\"]}", "7", func(s *Status) { s.Tags = []string{"l10n"} }, `"tags":["l10n"]`, ""},
		"tags are others":            {"", "7", func(s *Status) { s.Tags = []string{"patch", "help"} }, "", "tags"},
		"what a comment is about":    {`comment {"bug":7,"title":"Re: no title","tags":["moreinfo"],"package":"kettle","packages":["kettle"]}`, "7", func(s *Status) { s.Tags, s.Packages = []string{"moreinfo"}, []string{"kettle"} }, `"title":"drips"`, ""},
		"archived":                   {`archive {"bug":7,"automatic":true}`, "7", func(s *Status) { s.Archived = true }, `"archived":true`, ""},
		"unarchived":                 {"archive {\"bug\":7}\nunarchive {\"bug\":7}", "7", func(s *Status) { s.Archived = true }, `"archived":false`, "archived"},
		"forwarded to the tracker":   {`forward {"bug":7,"to":""}`, "7", func(s *Status) { s.Forwarded = "x" }, "", ""},
		"forwarded":                  {"forward {\"bug\":7,\"to\":\"https://example.org/1\"}\nowner.update {\"bug\":7,\"owner\":{\"name\":\"\",\"email\":\"ann@example.org\"}}", "7", func(s *Status) { s.Forwarded, s.Owner = "https://example.org/1", "Ann <ann@example.org>" }, `"owner":"ann@example.org"`, ""},
		"no more":                    {"forward {\"bug\":7,\"to\":\"x\"}\nunforward {\"bug\":7}\nowner.update {\"bug\":7,\"previous\":{}}", "7", func(*Status) {}, `"forwarded":"",`, ""},
		"a summary that is not told": {`summary.update {"bug":7,"text":"","removed":false}`, "7", func(s *Status) { s.Summary = "x" }, "", ""},
		"a summary":                  {"summary.update {\"bug\":7,\"text\":\"a\\nb\"}\noutlook.update {\"bug\":7,\"text\":\"\",\"removed\":true}", "7", func(s *Status) { s.Summary = "a\nb\n" }, `"outlook":"",`, ""},
		"blocked":                    {`block.update {"bug":7,"added":[8,9],"removed":[],"blocking_added":[],"blocking_removed":[5]}`, "7", func(s *Status) { s.BlockedBy = []int{8, 9} }, `"blocked_by":[8,9],"blocks":[]`, ""},
		"merged":                     {"merge {\"bug\":7,\"bugs\":[8,9]}\nunmerge {\"bug\":7,\"bugs\":[9]}", "7", func(s *Status) { s.Merged = []int{8} }, `"merged":[8]`, ""},
		"reassigned":                 {`package.update {"bug":7,"package":"kettle","from":["teapot"],"to":["src:kettle","lib"]}`, "7", func(s *Status) { s.Packages = []string{"lib", "src:kettle"} }, `"package":"kettle","packages":["src:kettle","lib"]`, ""},
		"another title and severity": {"title.update {\"bug\":7,\"title\":\"t\"}\nseverity.update {\"bug\":7,\"severity\":\"grave\"}", "7", func(s *Status) { s.Title = "other" }, `"title":"t"`, "severity title"},
		"deleted, and there":         {`delete {"bug":7}`, "7", func(*Status) {}, `"gone":true`, "gone"},
	} {
		things := stateAfter(t, append([]string{create}, strings.FieldsFunc(c.said, func(r rune) bool { return r == '\n' })...)...)
		value := things[c.bug].Value()
		now := is
		c.now(&now)
		list, err := Differs([]byte(value), &now)
		var members []string
		for _, d := range list {
			members = append(members, d.Member)
		}
		if diff := strings.Join(slices.Sorted(slices.Values(members)), " "); err != nil || !strings.Contains(value, c.want) || diff != c.diff || !json.Valid([]byte(value)) {
			t.Errorf("%s: it is %s, want %s; %q differ (%v), want %q: %v", name, value, c.want, diff, err, c.diff, list)
		}
	}
	if blocked := stateAfter(t, `block.update {"bug":7,"added":[8],"removed":[9],"blocking_added":[],"blocking_removed":[]}`); !strings.Contains(blocked["8"].Value(), `"blocks":[7]`) || !strings.Contains(blocked["9"].Value(), `"partial":{"blocks":[7]}`) {
		t.Errorf("the other end is %s", blocked["8"].Value())
	}
	if list, err := Differs([]byte(`{"gone":true}`), nil); err != nil || len(list) > 0 {
		t.Errorf("a bug that is gone on both sides differs: %v, %v", list, err)
	}
}

// FuzzPresent: whatever a body is, it says something about a few bugs, or nothing.
func FuzzPresent(f *testing.F) {
	f.Add("block.update", `{"bug":7,"added":[8,"x",null],"removed":{}}`)
	f.Add("create", `{"bug":7,"tags":7,"packages":"x","person":[]}`)
	f.Add("summary.update", `{"bug":70000000000000000000000,"text":{}}`)
	f.Fuzz(func(t *testing.T, topic, body string) {
		tree, err := event.Parse([]byte(body))
		if m, ok := tree.(map[string]any); err == nil && ok {
			thing := &state.Thing{}
			for _, c := range presentOf("debbugs.bug."+topic, m) {
				thing.Apply(state.Update{Topic: topic, Change: c}, state.Stamp{Time: 1})
			}
			if v := thing.Value(); !json.Valid([]byte(v)) {
				t.Fatalf("%s %s becomes %s", topic, body, v)
			}
		}
	})
}
