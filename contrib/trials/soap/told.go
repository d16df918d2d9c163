package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"busbar/common/event"
	"busbar/contrib/trials/trial"
	"busbar/fixtures/bugtracker"
)

// told is what the journal says, in its order.
type told struct {
	ids  map[string]bool
	bugs map[int]*state
	tags map[string]map[int]bool
	base *books
}

// A state is a bug as the events tell it.
type state struct {
	closed, archived, gone bool
	created                bool // by an event, not from the beginning
	text                   map[string]string
	set                    map[string]map[string]bool
	saidFound              bool
}

func (t *told) bug(n int) *state {
	if t.bugs[n] == nil {
		s := &state{text: map[string]string{}, set: map[string]map[string]bool{}}
		if st, ok := t.base.bugs[n]; ok {
			s.begin(st)
		}
		t.bugs[n] = s
	}
	return t.bugs[n]
}

func (s *state) begin(st bugtracker.Status) {
	s.closed, s.archived = st.Done != "", st.Archived
	s.text = map[string]string{"severity": st.Severity, "title": st.Title, "forwarded": st.Forwarded, "owner": email(st.Owner)}
	s.set = map[string]map[string]bool{
		"tag": setOf(st.Tags), "found": setOf(st.Found), "fixed": setOf(st.Fixed), "affect": setOf(st.Affects), "package": setOf(st.Packages), "block": setOf(numbers(st.BlockedBy)),
	}
}

func (b *books) read(ctx context.Context, path string, l *ledger) (*told, error) {
	t := &told{ids: map[string]bool{}, bugs: map[int]*state{}, tags: map[string]map[int]bool{}, base: b}
	for tag, bugs := range b.tags {
		t.tags[tag] = maps.Clone(bugs)
	}
	return t, trial.Messages(ctx, path, func(id string, e event.Envelope) {
		l.events++
		if e.Recovered {
			l.recovered++
		}
		t.ids[id] = true
		t.note(e, l)
	})
}

// note follows one event.
func (t *told) note(e event.Envelope, l *ledger) {
	_, kind, _ := strings.Cut(e.Topic, ".debbugs.")
	body, _ := e.Msg.(map[string]any)
	if kind == "usertag.update" {
		t.usertag(body, l)
		return
	}
	n := int(event.Integer(body["bug"]))
	s := t.bug(n)
	idle := false
	switch kind {
	case "bug.create":
		if s.created || t.base.bugs[n].Bug != 0 {
			break // the report of a bug that was there
		}
		s.created = true // mails in one spool may come in any order: what changed since stands
		for _, what := range []string{"severity", "title"} {
			if _, later := s.text[what]; !later {
				s.text[what] = text(body[what])
			}
		}
		if s.text["severity"] == "" {
			s.text["severity"] = "normal"
		}
		for what, list := range map[string]any{"tag": body["tags"], "package": body["packages"]} {
			if s.set[what] == nil {
				s.set[what] = setOf(texts(list))
			}
		}
		s.text["version"] = text(body["version"])
	case "bug.close":
		s.closed = true
	case "bug.reopen":
		idle, s.closed = !s.closed, false
	case "bug.archive":
		idle, s.archived = s.archived, true
	case "bug.unarchive":
		s.archived = false // between two looks it may have been archived and come back, which is one fact
	case "bug.delete":
		idle, s.gone = s.gone, true
	case "bug.severity.update":
		idle = s.put("severity", text(body["severity"]))
	case "bug.title.update":
		idle = s.put("title", text(body["title"]))
	case "bug.forward":
		if text(body["message_id"]) == "" || text(body["to"]) != "" {
			s.text["forwarded"] = text(body["to"])
		}
	case "bug.unforward":
		idle = s.put("forwarded", "")
	case "bug.owner.update":
		p, _ := body["owner"].(map[string]any)
		idle = s.put("owner", text(p["email"]))
	case "bug.package.update":
		s.set["package"] = setOf(texts(body["to"]))
	case "bug.tag.update", "bug.found.update", "bug.fixed.update", "bug.affect.update", "bug.block.update":
		what := strings.TrimSuffix(strings.TrimPrefix(kind, "bug."), ".update")
		s.saidFound = s.saidFound || what == "found"
		added, removed := texts(body["added"]), texts(body["removed"])
		if len(added)+len(removed) == 0 && len(texts(body["blocking_added"]))+len(texts(body["blocking_removed"])) > 0 {
			break // the other end of it
		}
		idle = s.change(what, added, removed)
	}
	if idle {
		l.idle++
		l.fault("bug %d: %s tells nothing new: %v", n, kind, body)
	}
}

func (t *told) usertag(body map[string]any, l *ledger) {
	tag := text(body["tag"])
	if t.tags[tag] == nil {
		t.tags[tag] = map[int]bool{}
	}
	for _, b := range texts(body["added"]) {
		n := int(event.Integer(event.Int(b)))
		if t.tags[tag][n] {
			l.idle++
		}
		t.tags[tag][n] = true
	}
	for _, b := range texts(body["removed"]) {
		delete(t.tags[tag], int(event.Integer(event.Int(b))))
	}
}

func (s *state) put(what, value string) (idle bool) {
	idle = s.text[what] == value
	s.text[what] = value
	return idle
}

func (s *state) change(what string, added, removed []string) (idle bool) {
	if s.set[what] == nil {
		s.set[what] = map[string]bool{}
	}
	for _, a := range added {
		idle = idle || s.set[what][a]
		s.set[what][a] = true
	}
	for _, r := range removed {
		idle = idle || !s.set[what][r] && !(what == "found" && s.created)
		delete(s.set[what], r)
	}
	return idle || len(added)+len(removed) == 0
}

// differs says how a bug differs from what was told of it.
func (s *state) differs(st bugtracker.Status) string {
	var want state
	want.begin(st)
	var diffs []string
	if s.closed != want.closed || s.archived != want.archived || s.gone {
		diffs = append(diffs, fmt.Sprintf("closed %v, archived %v, gone %v; is %v, %v", s.closed, s.archived, s.gone, want.closed, want.archived))
	}
	for _, what := range slices.Sorted(maps.Keys(want.text)) {
		if s.text[what] != want.text[what] {
			diffs = append(diffs, fmt.Sprintf("%s told %q, is %q", what, s.text[what], want.text[what]))
		}
	}
	for _, what := range slices.Sorted(maps.Keys(want.set)) {
		if what == "found" && s.created && !s.saidFound && len(st.Found) <= 1 {
			continue // the report names it in another form
		}
		if what == "found" && s.created {
			for v := range want.set[what] {
				if strings.HasSuffix("/"+v, "/"+s.text["version"]) {
					delete(want.set[what], v)
					delete(s.set[what], v)
				}
			}
		}
		if !maps.Equal(s.set[what], want.set[what]) && len(s.set[what])+len(want.set[what]) > 0 {
			diffs = append(diffs, fmt.Sprintf("%s told %v, is %v", what, slices.Sorted(maps.Keys(s.set[what])), slices.Sorted(maps.Keys(want.set[what]))))
		}
	}
	return strings.Join(diffs, ", ")
}

func setOf(list []string) map[string]bool {
	set := map[string]bool{}
	for _, x := range list {
		set[x] = true
	}
	return set
}

func numbers(list []int) (texts []string) {
	for _, n := range list {
		texts = append(texts, fmt.Sprint(n))
	}
	return texts
}

func text(v any) string { s, _ := v.(string); return s }

func texts(v any) (list []string) {
	all, _ := v.([]any)
	for _, x := range all {
		list = append(list, fmt.Sprint(x))
	}
	return list
}

func email(s string) string {
	if i := strings.LastIndexByte(s, '<'); i >= 0 {
		return strings.TrimSuffix(s[i+1:], ">")
	}
	return s
}
