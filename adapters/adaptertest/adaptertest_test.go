package adaptertest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"busbar/common/event"
	"busbar/common/translate"
)

type tea struct {
	Name string   `json:"name" doc:"the tea"`
	Cups []string `json:"cups" doc:"where it is"`
}

var (
	brew = event.Define("tea.pot.brew", "tea was made", func(b tea) string { return "somebody made tea " + b.Name }, nil)
	mute = event.Define("tea.pot.empty", "tea was drunk", func(tea) string { return "" }, nil)
	odd  = event.Define("tea.pot.link", "a bad link", func(tea) string { return "x" }, func(tea) string { return "javascript:1" })
	shy  = event.Define("tea.pot.hide", "never declared", func(tea) string { return "x" }, nil)
)

// complaints records what the suite finds.
type complaints []string

func (*complaints) Helper()                     {}
func (c *complaints) Errorf(f string, a ...any) { *c = append(*c, fmt.Sprintf(f, a...)) }
func (c *complaints) tell(t *testing.T, w string) {
	t.Helper()
	all := strings.Join(*c, "\n")
	if w == "" && all != "" || !strings.Contains(all, w) {
		t.Errorf("want a complaint with %q, got %q", w, all)
	}
}

func one(k *event.Kind, b any) translate.Outcome {
	return translate.Outcome{Events: []event.Event{{Kind: k, Key: "pot/1", Body: b}}}
}

func TestCheckComplains(t *testing.T) {
	s := suite[string]{tr: translate.Translator[string]{Name: "tea", Kinds: event.Catalog{brew, mute, odd}}}
	good := tea{Name: "oolong", Cups: []string{}}
	late := one(brew, good)
	late.Events[0].Time = time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC)
	twice := one(brew, good)
	twice.Events = append(twice.Events, twice.Events[0])
	both := one(brew, good)
	both.Skip = "not tea"
	for name, c := range map[string]struct {
		o    translate.Outcome
		want string
	}{
		"good":            {one(brew, good), ""},
		"skip":            {translate.Outcome{Skip: "coffee"}, ""},
		"nothing":         {translate.Outcome{}, "not one of"},
		"both":            {both, "not one of"},
		"undeclared":      {one(shy, good), "not among"},
		"no kind":         {one(nil, good), "no kind"},
		"wrong body":      {one(brew, "tea"), "body is a string"},
		"bad UTF-8":       {one(brew, tea{Name: "\xff", Cups: []string{}}), ".Name is not valid UTF-8"},
		"bad UTF-8, list": {one(brew, tea{Cups: []string{"\xff"}}), ".Cups[] is not valid UTF-8"},
		"null list":       {one(brew, tea{}), "null"},
		"too large":       {one(brew, tea{Cups: []string{strings.Repeat("x", maxBytes)}}), "more than"},
		"no sentence":     {one(mute, good), "not a sentence"},
		"bad link":        {one(odd, good), "not a link"},
		"year":            {late, "year 12000"},
		"same id":         {twice, "two events"},
		"long reason":     {translate.Outcome{Poison: strings.Repeat("x", maxReason+1)}, "reason"},
	} {
		t.Run(name, func(t *testing.T) {
			var got complaints
			s.check(&got, c.o)
			got.tell(t, c.want)
		})
	}
}

// TestPublishedComplains: what no journal takes, and what is not read back as it was said.
func TestPublishedComplains(t *testing.T) {
	lost := event.Define("tea.pot.lose", "what is said of it hangs on a part that is not written", func(b hasty) string { return "x" + b.unwritten }, nil)
	spaced := event.Define("tea.pot.link", "a bad link", func(tea) string { return "x" }, func(tea) string { return "https://a b" })
	many := tea{Name: "x", Cups: make([]string, event.MaxElements)}
	for want, e := range map[string]event.Event{
		"":              {Kind: brew, Body: tea{Name: "oolong", Cups: []string{}}},
		"not a title":   {Kind: mute, Body: tea{}},
		"more than":     {Kind: brew, Body: many},
		"read back":     {Kind: lost, Body: hasty{unwritten: "y"}},
		"not published": {Kind: spaced, Body: tea{}},
	} {
		var got complaints
		suite[string]{}.published(&got, translate.Outcome{Events: []event.Event{e}})
		got.tell(t, want)
	}
}

type hasty struct{ unwritten string }

type undocumented struct {
	Plain string `json:"plain"`
	Camel string `json:"camelCase" doc:"a bad name"`
	Good  string `json:"good_name" doc:"fine"`
}

func TestDeclarationComplains(t *testing.T) {
	bare := event.Define("tea.pot.bare", "x", func(undocumented) string { return "x" }, nil)
	long := event.Define("tea.pot", "x", func(tea) string { return "x" }, nil)
	for name, c := range map[string]struct {
		kinds event.Catalog
		want  []string
	}{
		"good":  {event.Catalog{brew}, []string{""}},
		"none":  {nil, []string{"no kinds"}},
		"topic": {event.Catalog{long}, []string{"2 parts"}},
		"twice": {event.Catalog{brew, brew}, []string{"twice"}},
		"mute":  {event.Catalog{mute}, []string{"nothing of an empty body"}},
		"tags":  {event.Catalog{bare}, []string{"Plain has no doc", "Camel has no JSON name"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got complaints
			suite[string]{tr: translate.Translator[string]{Name: "tea", Kinds: c.kinds}}.declared(&got)
			for _, w := range c.want {
				got.tell(t, w)
			}
		})
	}
}

// A whole run over fixtures of a translator that keeps the contract.
func TestRun(t *testing.T) {
	toEvents := func(it translate.Item[string]) ([]event.Event, error) {
		name, isTea := strings.CutPrefix(strings.ToValidUTF8(strings.ReplaceAll(it.Value, "\x00", ""), "?"), "tea: ")
		if !isTea {
			return nil, translate.Skip("not tea")
		}
		name = strings.TrimSpace(name)
		name = strings.ToValidUTF8(name[:min(len(name), 100)], "")
		if name == "" {
			return nil, translate.Poison("tea without a name")
		}
		return []event.Event{{Kind: brew, Key: "tea/" + name, Body: tea{Name: name, Cups: []string{}}}}, nil
	}
	Run(t, translate.Translator[string]{Name: "tea", Translate: toEvents, Kinds: event.Catalog{brew}},
		func(raw []byte) string { return string(raw) }, "testdata")
}
