package web

import (
	"net/http"
	"strings"

	"busbar/bus/trace"
	"busbar/common/archive"
	"busbar/common/event"
	"busbar/common/show"
)

// A tracePage is a package's life.
type tracePage struct {
	Package string
	Steps   []step
	Cut     bool // older messages are left out, or looking took too long
	More    int  // how many of the newest can be shown instead; 0: these are as many
}

// A step is one of it.
type step struct {
	N       int    `json:"step"` // from 1
	Line    line   `json:"message"`
	NewDay  bool   `json:"-"`
	Because int    `json:"because,omitempty"` // the step that it followed from; 0: nothing proves any
	Cause   string `json:"-"`
	Why     string `json:"why,omitempty"`
}

// How many of the newest messages are looked at, of each question: for a page, and where
// more are asked for (?all).
const (
	tracePart = 200
	traceMost = 1000
)

// trace shows what happened to a package, in order, and what followed from what.
func (s *site) trace(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if name == "" || strings.ContainsAny(name, `"`+" ") {
		s.fault(w, r, errNone)
		return
	}
	form, _ := formOf(r)
	p, most := tracePage{Package: show.Line(name)}, traceMost
	if form != jsonForm && !r.URL.Query().Has("all") {
		most = tracePart
	}
	var list []event.Envelope
	at := map[string]archive.Message{}
	for _, question := range trace.Questions(name) {
		q, err := archive.ParseQuery(question)
		if err != nil {
			s.fault(w, r, err)
			return
		}
		q.Prefix, q.NewestFirst, q.Limit = s.o.Prefix, true, most
		page, err := s.o.Archive.Find(r.Context(), q)
		if err != nil {
			s.fault(w, r, err)
			return
		}
		p.Cut = p.Cut || page.Cut || page.Next != 0
		for _, m := range page.Messages {
			if _, e, err := event.ParseMessage(m.Wire); err == nil {
				list, at[e.MsgID] = append(list, e), m
			}
		}
	}
	steps := trace.Of(name, list)
	for i, x := range steps {
		one := step{N: i + 1, Line: s.line(at[x.MsgID], x.Envelope), Because: x.Because + 1, Why: x.Why}
		one.Line.Time = x.At
		one.NewDay = i == 0 || steps[i-1].At.Format("2006-01-02") != x.At.Format("2006-01-02")
		if x.Because >= 0 {
			one.Cause = p.Steps[x.Because].Line.Title
		}
		p.Steps = append(p.Steps, one)
	}
	if p.Cut && most < traceMost {
		p.More = traceMost
	}
	if form == jsonForm {
		answer(w, http.StatusOK, map[string]any{"package": name, "steps": p.Steps, "cut": p.Cut})
		return
	}
	s.show(w, r, http.StatusOK, "trace", frame{Title: "The life of " + name, Page: p})
}
