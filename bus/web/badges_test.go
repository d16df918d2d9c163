package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"busbar/bus/badges/ledger"
	"busbar/bus/badges/rule"
	"busbar/common/event"
)

const evilBadges = `
optout = ["quiet@example.org"]
[[badge]]
name = "evil"
title = '''<script>alert(1)</script>"'><img src=x>'''
text = '''did <b>harm</b> &amp; "more"'''
criterion = "count"
query = '''topic:evil.thing "<script>"'''
levels = [1, 3, 9]
[[badge]]
name = "plain"
title = "Plain"
text = "did something"
criterion = "count"
query = "topic:evil.thing.do"
[[badge]]
name = "row"
title = "Row"
text = "did it day after day"
criterion = "streak"
unit = "day"
query = "topic:evil.thing.do"
levels = [2]
[[badge]]
name = "never"
title = "Never"
text = "did what nobody does"
criterion = "count"
query = "topic:evil.thing.undo"
`

// give makes the file of badges, as bus badges does.
func (s *testSite) give(rules string, events ...event.Envelope) {
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), "b.toml")
	if err := os.WriteFile(file, []byte(rules), 0o600); err != nil {
		s.t.Fatal(err)
	}
	set, err := rule.Files{Path: file, Prefix: "org.debian"}.Read()
	if err != nil {
		s.t.Fatal(err)
	}
	l, err := ledger.Open(s.t.Context(), s.badges)
	if err != nil {
		s.t.Fatal(err)
	}
	defer l.Close()
	var list []ledger.Read
	for i, e := range events {
		list = append(list, ledger.Read{N: int64(i + 1), Event: rule.NewEvent("org.debian", e)})
	}
	if err := l.Use(s.t.Context(), set, "org.debian", "e"); err != nil {
		s.t.Fatal(err)
	}
	if err := l.Apply(s.t.Context(), list, ledger.Position{N: int64(len(list))}); err != nil {
		s.t.Fatal(err)
	}
}

// did is that somebody did something, some hours before now.
func did(n int, who string) event.Envelope {
	return event.Envelope{
		Topic: "org.debian.dev.evil.thing.do", MsgID: event.FormatID(now, event.UUID("badge", fmt.Sprint(n))), Timestamp: now.Unix() - int64(n)*3600,
		Title: hostile, Msg: map[string]any{"text": hostile, "person": map[string]any{"name": hostile, "email": who}},
	}
}

// TestBadges shows badges whose words and people mean harm, and nobody who opted out.
func TestBadges(t *testing.T) {
	s := newSite(t)
	if code, _, text := s.get("/badges", "text/html"); code != 404 || !strings.Contains(text, "no badges were given yet") {
		t.Errorf("without a file: %d %s", code, text)
	}
	evil := `"<x>"@example.org`
	s.give(evilBadges, did(1, evil), did(2, evil), did(30, evil), did(3, "quiet@example.org"), did(4, "a/b"), did(5, "x@example.org"))
	person := personPath(evil)
	for address, want := range map[string]int{
		"/badges": 200, "/badges/evil": 200, "/badges/plain": 200, "/badges/never": 200, "/badges/none": 404, "/badges/" + url.PathEscape(hostile): 404,
		person: 200, "/badges/person/X@example.org": 200, "/badges/person/a%2Fb": 200, "/badges/person/a/b": 200, "/badges/person/": 404,
		"/badges/person/quiet@example.org": 404, "/badges/person/nobody": 404, "/badges/person/" + url.PathEscape(hostile): 404,
	} {
		code, header, text := s.get(address, "text/html")
		if code != want || !strings.HasPrefix(header.Get("Content-Type"), "text/html") || header.Get("Content-Security-Policy") != policy {
			t.Errorf("%s: %d %v", address, code, header)
		}
		for _, bad := range []string{"<script>alert", "<img src=x", "<b>harm", "\x1b", "\u202e", "quiet@", "style="} {
			if strings.Contains(text, bad) && !strings.Contains(address, "quiet") {
				t.Errorf("%s has %q", address, bad)
			}
		}
		for _, src := range pictures(text) {
			if code, header, _ := s.get(src, ""); code != 200 || header.Get("Content-Type") != "image/svg+xml" {
				t.Errorf("%s: the picture %s: %d %v", address, src, code, header)
			}
		}
	}
	for _, address := range []string{"/badges/drawn/a.svg", "/badges/drawn/a.png?sign=star", "/badges/drawn/a.svg?sign=star&of=x", "/badges/drawn/a.svg?sign=star&of=3&rank=-1&level=2"} {
		if code, _, _ := s.get(address, ""); code != http.StatusNotFound {
			t.Errorf("%s is drawn", address)
		}
	}
	var page struct {
		Badges []badgeLine
		Board  []ledger.Rank
	}
	s.read("/badges?format=json", &page)
	if i := slices.IndexFunc(page.Badges, func(b badgeLine) bool { return b.Name == "evil" }); i < 0 || page.Badges[i].Have != 3 || page.Badges[i].Levels[1].Have != 1 {
		t.Errorf("the badges are %+v", page.Badges)
	}
	if len(page.Board) != 3 || page.Board[0].Place != 1 || page.Board[1].Place != 2 || page.Board[2].Place != 2 {
		t.Errorf("who has as many must share a place: %+v", page.Board)
	}
	var one personPage
	s.read(person+"?format=json", &one)
	if len(one.Awards) != 4 || len(one.Way) != 1 || one.Way[0].Have != 3 || one.Way[0].Need != 9 || len(one.Ahead) != 1 {
		t.Errorf("the person is %+v", one)
	}
}

func (s *testSite) read(address string, to any) {
	s.t.Helper()
	_, _, text := s.get(address, "application/json")
	if err := json.Unmarshal([]byte(text), to); err != nil {
		s.t.Fatalf("%s: %v in %s", address, err, text)
	}
}

// pictures are the addresses of a page's badges.
func pictures(page string) (list []string) {
	for part := range strings.SplitSeq(page, `src="/badges/`) {
		if src, _, ok := strings.Cut(part, `"`); ok && strings.HasPrefix(src, "drawn/") {
			list = append(list, "/badges/"+strings.ReplaceAll(src, "&amp;", "&"))
		}
	}
	return list
}
