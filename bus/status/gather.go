package status

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"busbar/bus/survey"
	"busbar/common/discovery"
	"busbar/common/program"
)

// A state is the whole bus at one moment.
type state struct {
	Time       time.Time          `json:"time"`
	Topics     string             `json:"topics"` // their beginning
	Publishers []publisher        `json:"publishers"`
	Hubs       []survey.Hub       `json:"hubs"`
	Forwards   []survey.Forward   `json:"forwards"`
	Notifies   []survey.Notify    `json:"notifies"`
	Journals   []survey.Journal   `json:"journals"`
	Sources    []discovery.Status `json:"sources"`
	Endpoints  []survey.Endpoint  `json:"endpoints"`
	// Findings are all that is wrong, each with what to do.
	Findings []program.Finding `json:"findings"`
}

// A publisher is one that speaks, wherever it does; or an endpoint where one should.
type publisher struct {
	Name      string   `json:"name"`
	Level     string   `json:"level"` // ok, warn, fail
	Away      string   `json:"away,omitempty"`
	Endpoints []string `json:"endpoints"`
	survey.Speaker
	Lag *int64 `json:"lag,omitempty"` // messages that the slowest hub does not have; nil: no hub knows it
}

// A gatherer asks everybody.
type gatherer struct {
	topics   string
	observer *survey.Observer // nil: nobody is followed
	hubs     []survey.Place
	forwards []string // where each bus forward says how it is
	notifies []string // and each bus notify
	journals func() []string
}

// state asks hubs, forwarders, notifiers and journals at the same time, each for a few seconds at most.
func (g *gatherer) state(ctx context.Context) state {
	s := state{
		Topics: g.topics, Publishers: []publisher{}, Hubs: make([]survey.Hub, len(g.hubs)), Forwards: make([]survey.Forward, len(g.forwards)), Notifies: make([]survey.Notify, len(g.notifies)), Journals: []survey.Journal{},
		Sources: []discovery.Status{}, Endpoints: []survey.Endpoint{}, Findings: []program.Finding{},
	}
	var wg sync.WaitGroup
	for i, h := range g.hubs {
		wg.Go(func() { s.Hubs[i] = h.Ask(ctx) })
	}
	for i, at := range g.forwards {
		wg.Go(func() { s.Forwards[i] = survey.AskForward(ctx, at) })
	}
	for i, at := range g.notifies {
		wg.Go(func() { s.Notifies[i] = survey.AskNotify(ctx, at) })
	}
	wg.Go(func() { s.Journals = survey.ReadJournals(ctx, g.journals()) })
	wg.Wait()
	s.Hubs = slices.DeleteFunc(s.Hubs, func(h survey.Hub) bool { return h.Absent })
	s.Time = time.Now().UTC()
	if g.observer != nil {
		r := g.observer.Report()
		s.Time, s.Sources, s.Endpoints = r.Time, r.Sources, r.Endpoints
		s.Findings = append(s.Findings, r.All()...)
		s.publishers(r)
	}
	for _, h := range s.Hubs {
		s.Findings = append(s.Findings, h.Findings(s.Time)...)
	}
	for _, f := range s.Forwards {
		s.Findings = append(s.Findings, f.Findings()...)
	}
	for _, n := range s.Notifies {
		s.Findings = append(s.Findings, n.Findings()...)
	}
	for _, j := range s.Journals {
		s.Findings = append(s.Findings, j.Findings()...)
	}
	worstFirst(s.Findings)
	return s
}

func worstFirst(list []program.Finding) {
	slices.SortStableFunc(list, func(a, b program.Finding) int { return cmp.Compare(a.Level, b.Level) }) // "fail" < "warn"
}

// publishers joins what each publisher says at several endpoints.
func (s *state) publishers(r survey.Report) {
	places := map[[2]string]int{}
	for _, e := range r.Endpoints {
		if len(e.Speakers) == 0 {
			p := publisher{Name: cmp.Or(e.Name, e.Address), Level: levelOf(e.Findings), Endpoints: []string{e.Address}}
			switch {
			case !e.Asked:
				p.Away = "asking"
			case e.Error != "":
				p.Away = "away"
			case e.Refused > 0:
				p.Away = "refused"
			default:
				p.Away = "quiet"
			}
			s.Publishers = append(s.Publishers, p)
		}
		for _, speaker := range e.Speakers {
			key := [2]string{speaker.Publisher, speaker.Certificate}
			i, known := places[key]
			if !known {
				i = len(s.Publishers)
				places[key] = i
				s.Publishers = append(s.Publishers, publisher{Name: cmp.Or(speaker.Publisher, e.Name, speaker.Certificate, e.Address), Level: "ok", Speaker: speaker})
			}
			s.Publishers[i].join(e, speaker)
		}
	}
	for i := range s.Publishers {
		p := &s.Publishers[i]
		for _, h := range s.Hubs {
			if head, ok := h.Head(p.Publisher, p.Epoch); ok {
				lag := max(0, p.Newest-head)
				if p.Lag == nil || lag > *p.Lag {
					p.Lag = &lag
				}
			}
		}
	}
	slices.SortStableFunc(s.Publishers, func(a, b publisher) int { return cmp.Compare(a.Name, b.Name) })
}

// join adds what a publisher says at one more endpoint: the newest of all counts.
func (p *publisher) join(e survey.Endpoint, s survey.Speaker) {
	p.Endpoints = append(p.Endpoints, e.Address)
	if level := levelOf(e.Findings); level == "fail" || p.Level == "ok" {
		p.Level = level
	}
	if s.Heartbeat.After(p.Heartbeat) {
		p.Heartbeat, p.Interval, p.Epoch = s.Heartbeat, s.Interval, s.Epoch
	}
	if s.Message.After(p.Message) {
		p.Message = s.Message
	}
	p.Newest = max(p.Newest, s.Newest)
	p.Rate = cmp.Or(p.Rate, s.Rate)
}

// levelOf is the worst of some findings.
func levelOf(findings []program.Finding) string {
	level := "ok"
	for _, f := range findings {
		if f.Level == "fail" {
			return f.Level
		}
		if f.Level != "" {
			level = f.Level
		}
	}
	return level
}
