package web

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"busbar/common/archive"
	"busbar/common/show"
)

// embedded is the policy of pages that others may show in frames of theirs: nothing
// runs in them, and nothing can be sent from them.
const embedded = "default-src 'none'; style-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors *"

// A widget is how a package is, for a frame in another's page.
type widget struct {
	Package  string
	Home     string // address of all about it
	Uploads  []widgetLine
	Bugs     string // how many are open
	Serious  string // how many of them are release-critical; empty: none
	Builds   []widgetLine
	Removals []widgetLine
	Empty    bool // nothing is known
}

type widgetLine struct {
	Name, Text string
	Bad        bool
	Time       time.Time
}

const (
	widgetMost  = 12   // lines of each sort
	widgetCount = 1000 // bugs that are counted
)

// broken are the states of builds that a widget names.
var broken = []string{"Failed", "Build-Attempted", "BD-Uninstallable", "Dep-Wait"}

// widget shows a package in a frame, without scripts.
func (s *site) widget(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if name == "" || strings.ContainsAny(name, `"/ `) {
		s.fault(w, r, errNone)
		return
	}
	page := widget{Package: show.Line(name), Home: origin(r) + "/state?" + url.Values{"package": {name}}.Encode()}
	states := func(kind string, members map[string]string, take func(archive.State, map[string]any)) error {
		list, _, err := s.o.Archive.States(r.Context(), archive.StateQuery{Kind: kind, Package: name, Members: members, Limit: widgetCount})
		for _, x := range list {
			var value map[string]any
			if json.Unmarshal([]byte(x.Value), &value) == nil {
				take(x, value)
			}
		}
		return err
	}
	bugs, serious := 0, 0
	text := func(v any) string { t, _ := v.(string); return cut(show.Line(t), 80) }
	err := states("upload", nil, func(x archive.State, v map[string]any) {
		if suite, rest, _ := strings.Cut(x.Key, "/"); !strings.Contains(rest, "/") { // a source
			page.Uploads = append(page.Uploads, widgetLine{Name: show.Line(suite), Text: text(v["version"]), Time: x.Time})
		}
	})
	if err == nil {
		err = states("bug", map[string]string{"status": "open"}, func(_ archive.State, v map[string]any) {
			bugs++
			if slices.Contains([]string{"critical", "grave", "serious"}, text(v["severity"])) {
				serious++
			}
		})
	}
	if err == nil {
		err = states("build", nil, func(x archive.State, v map[string]any) {
			if slices.Contains(broken, text(v["state"])) {
				page.Builds = append(page.Builds, widgetLine{Name: text(v["suite"]) + " " + text(v["architecture"]), Text: text(v["state"]), Bad: true, Time: x.Time})
			}
		})
	}
	if err == nil {
		err = states("removal", nil, func(x archive.State, v map[string]any) {
			day, _, _ := strings.Cut(text(v["removal_date"]), "T")
			page.Removals = append(page.Removals, widgetLine{Name: text(v["suite"]), Text: day, Bad: true, Time: x.Time})
		})
	}
	if err != nil {
		s.fault(w, r, err)
		return
	}
	for _, list := range []*[]widgetLine{&page.Uploads, &page.Builds, &page.Removals} {
		*list = (*list)[:min(len(*list), widgetMost)]
	}
	page.Bugs, page.Empty = count(bugs), bugs+len(page.Uploads)+len(page.Builds)+len(page.Removals) == 0
	if serious > 0 {
		page.Serious = count(serious)
	}
	var b bytes.Buffer
	if err := s.templates["widget"].Execute(&b, page); err != nil {
		s.fault(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", embedded)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "public, max-age=300")
	_, _ = w.Write(b.Bytes()) // who left is not to be told
}

// count says how many bugs there are, as far as they were counted.
func count(n int) string {
	if n == widgetCount {
		return grouped(int64(n)) + " or more"
	}
	return grouped(int64(n))
}
