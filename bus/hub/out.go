package hub

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"busbar/bus/config"
	"busbar/common/archive"
	"busbar/common/condition"
	"busbar/common/node"
	"busbar/common/program"
	"busbar/common/replay"
	"busbar/common/wire"
)

// Out is what the hub says by ZeroMQ: all that comes, and again what it keeps.
type out struct {
	outlet *outlet // nil: nothing is published
	server *replay.Server
	asked  bool // somebody can ask for replay
	name   string
}

// speak is the hub's ways out by ZeroMQ, as they are configured, and what runs them.
func speak(cfg config.Config, a *archive.Archive, b *beats, conditions *condition.Set, log *slog.Logger) (*out, []program.Task) {
	w := &out{server: replay.New(retold{a}, log), asked: len(cfg.Hub.Publish)+len(cfg.Hub.Replay) > 0, name: cfg.Bus.Name}
	var tasks []program.Task
	if len(cfg.Hub.Publish) > 0 {
		w.outlet = &outlet{
			archive: a, listen: wire.PubOptions{Endpoints: cfg.Hub.Publish, Log: log, Exchange: w.server.Serve},
			settle: forSubscribers, beats: b, conditions: conditions, log: log,
		}
		tasks = append(tasks, program.Task{Name: "publishing", Run: w.outlet.run})
	}
	if len(cfg.Hub.Replay) > 0 {
		tasks = append(tasks, program.Task{Name: "answering replay", Run: func(ctx context.Context) error {
			node.Replay(ctx, w.server, cfg.Hub.Replay, "[hub]", conditions, log)
			return ctx.Err()
		}})
	}
	return w, tasks
}

// An outReport is what the hub's status says of it.
type outReport struct {
	Endpoints   []string      `json:"endpoints"`   // where is published now
	Published   int64         `json:"published"`   // the arrival up to which all was said
	Subscribers int           `json:"subscribers"` // connected now
	Dropped     int64         `json:"dropped"`     // what they missed, since they were too slow
	Passed      int64         `json:"passed"`      // messages that are too large for a subscriber
	Replay      *replay.Stats `json:"replay,omitempty"`
}

func (w *out) report() *outReport {
	if w == nil || !w.asked {
		return nil
	}
	r := &outReport{Endpoints: []string{}, Replay: w.stats()}
	if w.outlet != nil {
		pub, at, passed := w.outlet.now()
		r.Published, r.Passed = at, passed
		if pub != nil {
			s := pub.Stats()
			r.Endpoints, r.Subscribers, r.Dropped = pub.Endpoints(), s.Subscribers, s.Dropped
		}
	}
	return r
}

func (w *out) stats() *replay.Stats {
	if !w.asked {
		return nil
	}
	s := w.server.Stats()
	return &s
}

func (o *outlet) now() (pub *wire.Pub, at, passed int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.pub, o.at, o.passed
}

// outMetrics are named as those of every publisher.
type outMetrics struct {
	o                                           *outlet
	unsent, subscribers, sent, dropped, failing *prometheus.Desc
}

func (w *out) collectors() []prometheus.Collector {
	if !w.asked {
		return nil
	}
	list := []prometheus.Collector{node.ReplayCollector("hub", w.name, w.stats)}
	if w.outlet == nil {
		return list
	}
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("busbar_publisher_"+name, help, nil, prometheus.Labels{"program": "hub", "publisher": w.name})
	}
	return append(list, &outMetrics{
		w.outlet, desc("unsent", "Messages that subscribers have not been sent."), desc("subscribers", "Subscribers that are connected now."),
		desc("sent_total", "Messages sent since the start."), desc("dropped_total", "Messages that slow subscribers missed since the start."),
		desc("trouble", "1 while nothing can be published, such as for a taken port or a full disk."),
	})
}

// Describe names every metric.
func (m *outMetrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.unsent, m.subscribers, m.sent, m.dropped, m.failing} {
		to <- d
	}
}

// Collect gives the values.
func (m *outMetrics) Collect(to chan<- prometheus.Metric) {
	tell := func(d *prometheus.Desc, kind prometheus.ValueType, v float64) {
		to <- prometheus.MustNewConstMetric(d, kind, v)
	}
	pub, at, _ := m.o.now()
	if pub == nil {
		tell(m.failing, prometheus.GaugeValue, 1)
		return
	}
	tell(m.failing, prometheus.GaugeValue, 0)
	s := pub.Stats()
	tell(m.subscribers, prometheus.GaugeValue, float64(s.Subscribers))
	tell(m.sent, prometheus.CounterValue, float64(s.Published))
	tell(m.dropped, prometheus.CounterValue, float64(s.Dropped))
	ctx, cancel := context.WithTimeout(context.Background(), answerPatience)
	defer cancel()
	_, newest, err := m.o.archive.Range(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(m.unsent, fmt.Errorf("reading where the archive stands: %w", err))
		return
	}
	tell(m.unsent, prometheus.GaugeValue, float64(max(0, newest-at)))
}
