package forward

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"busbar/bus/forward/nats"
	reporting "busbar/bus/report"
	"busbar/common/condition"
	"busbar/common/node"
	"busbar/common/subscribe"
)

// A report is /status.json.
type report struct {
	Version    string                `json:"version"`
	Time       time.Time             `json:"time"`
	Healthy    bool                  `json:"healthy"`
	Conditions []condition.Condition `json:"conditions"`
	Intake     subscribe.Status      `json:"intake"`
	Stream     nats.State            `json:"stream"`
	Forwarded  int64                 `json:"forwarded"` // since the start
	Failures   int64                 `json:"failures"`  // since the start, of the connection
	Waiting    int                   `json:"waiting"`   // taken from the bus, and not stored as forwarded
	Passed     int64                 `json:"passed"`    // not wanted, since the start
	Gaps       int64                 `json:"gaps"`      // messages are missing for good: how often, since the start
	Missed     int                   `json:"missed"`    // refused by the stream, and kept
}

func (w *worker) report() report {
	st, d := w.store.status(), w.drain.Status()
	missed, _ := w.missed()
	list := append([]condition.Condition{}, w.conditions.All()...)
	return report{
		Version: node.Version(), Time: time.Now().UTC(), Healthy: !condition.Failed(list), Conditions: list,
		Intake: w.subscriber.Status(), Stream: w.sink.State(), Forwarded: d.Acknowledged, Failures: d.Failures,
		Waiting: st.waiting, Passed: st.passed, Gaps: st.gaps, Missed: missed,
	}
}

// daemon is how the worker tells how it is.
func (w *worker) daemon() reporting.Daemon {
	return reporting.Daemon{
		Name: "forward", Conditions: &w.conditions, Log: w.log, Status: func(context.Context) any { return w.report() },
		Collectors: []prometheus.Collector{w.subscriber.Collector(), collector{w}},
	}
}

// listen answers at address until ctx ends.
func (w *worker) listen(ctx context.Context, address string) error {
	d := w.daemon()
	return d.Listen(ctx, address, d.Mux())
}

var (
	forwarded  = prometheus.NewDesc("busbar_forward_forwarded_total", "Messages that the stream acknowledged, since the start.", nil, nil)
	failures   = prometheus.NewDesc("busbar_forward_failures_total", "How often the connection to the servers failed, since the start.", nil, nil)
	unwell     = prometheus.NewDesc("busbar_forward_trouble", "1 while nothing can be forwarded.", nil, nil)
	waitingNow = prometheus.NewDesc("busbar_forward_waiting", "Messages that were taken from the bus and are not stored as forwarded.", nil, nil)
	passedBy   = prometheus.NewDesc("busbar_forward_passed_total", "Messages that the filters do not take, since the start.", nil, nil)
	missedOnes = prometheus.NewDesc("busbar_forward_missed", "Messages that the stream refused, and that are kept.", nil, nil)
	streamLast = prometheus.NewDesc("busbar_forward_stream_last", "The newest number in the stream that is known.", nil, nil)
	restored   = prometheus.NewDesc("busbar_forward_restored_total", "Messages that the stream had lost and got again, since the start.", nil, nil)
)

// A collector tells Prometheus how a worker is, whenever it asks.
type collector struct{ w *worker }

// Describe names every metric.
func (collector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{forwarded, failures, unwell, waitingNow, passedBy, missedOnes, streamLast, restored} {
		to <- d
	}
}

// Collect reads the report on each call.
func (c collector) Collect(to chan<- prometheus.Metric) {
	r := c.w.report()
	tell := func(d *prometheus.Desc, kind prometheus.ValueType, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, kind, v, labels...)
	}
	tell(forwarded, prometheus.CounterValue, float64(r.Forwarded))
	tell(failures, prometheus.CounterValue, float64(r.Failures))
	failing := 0.0
	if c.w.drain.Err() != nil {
		failing = 1
	}
	tell(unwell, prometheus.GaugeValue, failing)
	tell(waitingNow, prometheus.GaugeValue, float64(r.Waiting))
	tell(passedBy, prometheus.CounterValue, float64(r.Passed))
	tell(missedOnes, prometheus.GaugeValue, float64(r.Missed))
	tell(streamLast, prometheus.GaugeValue, float64(r.Stream.Last))
	tell(restored, prometheus.CounterValue, float64(r.Stream.Restored))
}
