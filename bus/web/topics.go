package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"busbar/common/archive"
	"busbar/common/event"
)

// A topicLine is a kind of event, as the list of topics shows it.
type topicLine struct {
	Topic   string `json:"topic"`             // from the service on
	Meaning string `json:"meaning,omitempty"` // empty: no kind that is known here
	Week    int64  `json:"week"`              // messages of the last seven days
	Newest  *line  `json:"newest,omitempty"`  // nil: none
}

// A service is all kinds of one.
type service struct {
	Name   string
	Topics []topicLine
}

const (
	maxTopics = 1000
	week      = 7 * 24 * time.Hour
)

// topics shows what kinds of events there are, with the newest of each.
func (s *site) topics(w http.ResponseWriter, r *http.Request) {
	list, err := s.topicLines(r.Context())
	if err != nil {
		s.fault(w, r, err)
		return
	}
	if form, _ := formOf(r); form == jsonForm {
		answer(w, http.StatusOK, map[string]any{"topics": list})
		return
	}
	var services []service
	for _, t := range list {
		name, _, _ := strings.Cut(t.Topic, ".")
		if len(services) == 0 || services[len(services)-1].Name != name {
			services = append(services, service{Name: name})
		}
		last := &services[len(services)-1]
		last.Topics = append(last.Topics, t)
	}
	s.show(w, r, http.StatusOK, "topics", frame{Title: "Topics", Page: services})
}

// topicLines are the kinds that are known here, and those that came.
func (s *site) topicLines(ctx context.Context) ([]topicLine, error) {
	now := s.o.Now()
	totals, err := s.o.Archive.Totals(ctx, archive.Topic, now.Add(-week), now, maxTopics)
	if err != nil {
		return nil, err
	}
	byTopic := map[string]*topicLine{}
	for _, k := range s.kinds {
		byTopic[k.Topic] = &topicLine{Topic: k.Topic, Meaning: k.Meaning}
	}
	for _, t := range totals {
		bare := event.BareTopic(s.o.Prefix, t.Value)
		if byTopic[bare] == nil {
			byTopic[bare] = &topicLine{Topic: bare}
		}
		one := byTopic[bare]
		one.Week += t.Count
		page, err := s.o.Archive.Find(ctx, archive.Query{
			Conditions: []archive.Condition{{Kind: archive.Topic, Values: []string{t.Value}}}, Prefix: s.o.Prefix, NewestFirst: true, Limit: 1,
		})
		if err != nil {
			return nil, err
		}
		if lines := s.lines(page.Messages); len(lines) > 0 && (one.Newest == nil || lines[0].Time.After(one.Newest.Time)) {
			one.Newest = &lines[0]
		}
	}
	var list []topicLine
	for _, t := range byTopic {
		list = append(list, *t)
	}
	slices.SortFunc(list, func(a, b topicLine) int { return cmp.Compare(a.Topic, b.Topic) })
	return list, nil
}
