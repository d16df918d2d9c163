package notify

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"busbar/bus/notify/outbox"
	"busbar/bus/notify/pages"
	reporting "busbar/bus/report"
	"busbar/common/condition"
	"busbar/common/node"
	"busbar/common/show"
	"busbar/common/subscribe"
)

// A report is /status.json.
type report struct {
	Version    string                `json:"version"`
	Time       time.Time             `json:"time"`
	Healthy    bool                  `json:"healthy"`
	Conditions []condition.Condition `json:"conditions"`
	Intake     subscribe.Status      `json:"intake"`
	People     int                   `json:"people"`
	Rules      int                   `json:"rules"`
	stats
	Destinations map[string]*outbox.Tally `json:"destinations"` // "" is what belongs to none
	SignIns      map[string]int64         `json:"sign_ins,omitempty"`
}

func (d *daemon) report(ctx context.Context) report {
	list := append([]condition.Condition{}, d.conditions.All()...)
	r := report{Version: node.Version(), Time: time.Now().UTC(), Healthy: !condition.Failed(list), Conditions: list, Intake: d.subscriber.Status(), Destinations: map[string]*outbox.Tally{}}
	d.engine.mu.Lock()
	r.People, r.Rules, r.stats = len(d.engine.people), d.engine.matcher.Rules(), d.engine.stats
	d.engine.mu.Unlock()
	if tallies, err := d.out.Tallies(ctx); err == nil {
		r.Destinations = tallies
	}
	if d.openid != nil {
		r.SignIns = d.openid.Counts()
	}
	return r
}

// reporting is how it tells how it is.
func (d *daemon) reporting() reporting.Daemon {
	return reporting.Daemon{
		Name: "notify", Conditions: &d.conditions, Log: d.log, Status: func(ctx context.Context) any { return d.report(ctx) },
		Collectors: []prometheus.Collector{d.subscriber.Collector(), collector{d}},
	}
}

// listen answers at address until ctx ends: how the daemon is, links in notes, and
// people's own pages.
func (d *daemon) listen(ctx context.Context, address string) error {
	r := d.reporting()
	mux := r.Mux()
	mux.Handle(stopPath, d.stops)
	if d.pages != nil {
		mux.Handle(pages.Path, d.pages)
	}
	return r.Listen(ctx, address, mux)
}

var (
	eventsSeen    = prometheus.NewDesc("busbar_notify_events_total", "Events that were looked at, since the start.", nil, nil)
	eventsMatched = prometheus.NewDesc("busbar_notify_matched_total", "Events that somebody wanted, since the start.", nil, nil)
	peopleNow     = prometheus.NewDesc("busbar_notify_people", "People who are told, of files and by themselves.", nil, nil)
	rulesNow      = prometheus.NewDesc("busbar_notify_rules", "Their rules that are on.", nil, nil)
	notesWaiting  = prometheus.NewDesc("busbar_notify_waiting", "Notes that wait to be sent.", []string{"destination"}, nil)
	notesDead     = prometheus.NewDesc("busbar_notify_dead", "Notes that could not be sent, and are kept.", []string{"destination"}, nil)
	notesCounted  = prometheus.NewDesc("busbar_notify_notes_total", "What became of notes and events, since the outbox was made: made, sent, failed, retried, unsure (nobody knew whether it arrived), held back, taken back, dropped.", []string{"destination", "what"}, nil)
	signIns       = prometheus.NewDesc("busbar_notify_sign_ins_total", "Sign-ins by OpenID Connect, since the start: begun, done, refused, failed (the provider does not answer as it should).", []string{"what"}, nil)
)

// A collector tells Prometheus how the daemon is, whenever it asks.
type collector struct{ d *daemon }

// Describe names every metric.
func (collector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{eventsSeen, eventsMatched, peopleNow, rulesNow, notesWaiting, notesDead, notesCounted, signIns} {
		to <- d
	}
}

// Collect reads the report on each call.
func (c collector) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), reporting.Patience)
	defer cancel()
	r := c.d.report(ctx)
	tell := func(d *prometheus.Desc, kind prometheus.ValueType, v int64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, kind, float64(v), labels...)
	}
	tell(eventsSeen, prometheus.CounterValue, r.Events)
	tell(eventsMatched, prometheus.CounterValue, r.Matched)
	tell(peopleNow, prometheus.GaugeValue, int64(r.People))
	tell(rulesNow, prometheus.GaugeValue, int64(r.Rules))
	for what, n := range r.SignIns {
		tell(signIns, prometheus.CounterValue, n, what)
	}
	for way, t := range r.Destinations {
		tell(notesWaiting, prometheus.GaugeValue, t.Waiting, way)
		tell(notesDead, prometheus.GaugeValue, t.Dead, way)
		for what, n := range t.Counts {
			tell(notesCounted, prometheus.CounterValue, n, way, what)
		}
	}
}

// line is what systemctl status shows.
func (d *daemon) line() string {
	for _, c := range d.conditions.All() {
		if c.Level == condition.Fail {
			return show.OneLine("ERROR: " + c.String())
		}
	}
	d.engine.mu.Lock()
	s := d.engine.stats
	d.engine.mu.Unlock()
	return show.Sprintf("%d events since the start, %d of them wanted", s.Events, s.Matched)
}
