package hub

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"busbar/common/archive"
	"busbar/common/node"
)

// A report is /status.json.
type report struct {
	Version string       `json:"version"`
	Time    time.Time    `json:"time"`
	Healthy bool         `json:"healthy"`
	Intake  intakeStatus `json:"intake"`
	Archive struct {
		Epoch  string `json:"epoch"`
		Base   int64  `json:"base"`   // the newest arrival that retention dropped
		Newest int64  `json:"newest"` // the newest arrival
	} `json:"archive"`
	Publishers []publisherReport `json:"publishers"`
	Gaps       []gapReport       `json:"gaps"` // the newest
	Canaries   []canaryReport    `json:"canaries"`
	Listeners  int               `json:"listeners"`
	Push       *pushReport       `json:"push,omitempty"`  // nil: nobody may
	Out        *outReport        `json:"out,omitempty"`   // by ZeroMQ; nil: nothing is said so
	Relay      *relayReport      `json:"relay,omitempty"` // nil: nobody may
}

type publisherReport struct {
	Publisher string     `json:"publisher"`
	Epoch     string     `json:"epoch"`
	Head      int64      `json:"head"`             // the highest number in the archive
	Base      int64      `json:"base"`             // the highest that retention dropped
	Newest    int64      `json:"newest,omitempty"` // the newest that it says it sent
	Lag       int64      `json:"lag"`              // what of this is not here
	Last      *time.Time `json:"last"`             // when something came last, since the start
}

type gapReport struct {
	Publisher string    `json:"publisher"`
	Epoch     string    `json:"epoch"`
	First     int64     `json:"first"`
	Last      int64     `json:"last"`
	Reason    string    `json:"reason"`
	Time      time.Time `json:"time"`
}

const (
	gapsShown       = 100
	publishersShown = 1000
)

func (s *server) report(ctx context.Context) (report, error) {
	r := report{Version: node.Version(), Time: s.o.Now().UTC(), Intake: s.o.Intake(), Listeners: s.streams.count(), Publishers: []publisherReport{}, Gaps: []gapReport{}}
	r.Healthy = r.Intake.failure() == nil
	if r.Canaries = []canaryReport{}; s.o.Canaries != nil {
		r.Canaries = s.o.Canaries.report()
	}
	r.Archive.Epoch = s.archive.Epoch()
	r.Out, r.Relay = s.o.Out.report(), s.o.Relay.report()
	if s.o.Push != nil {
		r.Push = s.o.Push.counts.report()
	}
	var err error
	if r.Archive.Base, r.Archive.Newest, err = s.archive.Range(ctx); err != nil {
		return r, err
	}
	list, err := s.archive.Sequences(ctx)
	if err != nil {
		return r, err
	}
	for _, q := range list[max(0, len(list)-publishersShown):] {
		r.Publishers = append(r.Publishers, s.publisher(q, r.Intake))
	}
	gaps, err := s.archive.LastGaps(ctx, gapsShown)
	for _, g := range gaps {
		r.Gaps = append(r.Gaps, gapReport{g.Publisher, g.Epoch, g.First, g.Last, g.Reason, g.Time})
	}
	return r, err
}

func (s *server) publisher(q archive.Sequence, in intakeStatus) publisherReport {
	p := publisherReport{Publisher: q.Publisher, Epoch: q.Epoch, Head: q.Head, Base: q.Base}
	if t, ok := s.feed.lastOf(q.Publisher); ok {
		p.Last = &t
	}
	for _, st := range in.Streams {
		if st.Publisher == q.Publisher && st.Epoch == q.Epoch {
			p.Newest = max(p.Newest, st.Newest)
			p.Lag = max(0, p.Newest-q.Head)
		}
	}
	return p
}

func (s *server) status(w http.ResponseWriter, r *http.Request) {
	report, err := s.report(r.Context())
	if err != nil {
		refuse(w, http.StatusInternalServerError, err.Error())
		return
	}
	answer(w, http.StatusOK, report)
}

// healthz is 200 while messages come in and the archive can be read.
func (s *server) healthz(w http.ResponseWriter, r *http.Request) {
	if err := s.o.Intake().failure(); err != nil {
		refuse(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	if _, _, err := s.archive.Range(r.Context()); err != nil {
		refuse(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	answer(w, http.StatusOK, map[string]string{"status": "ok"})
}

func (s *server) metrics(w http.ResponseWriter, r *http.Request) {
	promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{}).ServeHTTP(w, r)
}

// measure makes the metrics.
func (s *server) measure() {
	s.registry = prometheus.NewRegistry()
	s.requests = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "busbar_hub_requests_total", Help: "Requests by path."}, []string{"path"})
	for _, c := range s.o.Collectors {
		s.registry.MustRegister(c)
	}
	s.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), s.requests, &archiveMetrics{s})
	gauge := func(name, help string, value func() float64) {
		s.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
	}
	counter := func(name, help string, value func() float64) {
		s.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, value))
	}
	gauge("busbar_hub_listeners", "Clients of /events now.", func() float64 { return float64(s.streams.count()) })
	counter("busbar_hub_events_sent_total", "Events handed to clients of /events.", func() float64 { return float64(s.feed.sent.Load()) })
	counter("busbar_hub_listeners_cut_total", "Clients of /events that were too far behind and were cut.", func() float64 { return float64(s.feed.cut.Load()) })
}

// archiveMetrics asks the archive each time.
type archiveMetrics struct{ s *server }

var (
	newestArrival = prometheus.NewDesc("busbar_archive_newest", "The newest arrival number.", nil, nil)
	headOf        = prometheus.NewDesc("busbar_archive_head", "The highest number of a publisher's sequence in the archive.", []string{"publisher", "epoch"}, nil)
	fileBytes     = prometheus.NewDesc("busbar_archive_file_bytes", "How long the archive's file is.", nil, nil)
	logBytes      = prometheus.NewDesc("busbar_archive_log_bytes", "How long the archive's write-ahead log is: it begins again at 256 MiB, unless another program reads without an end.", nil, nil)
	lagOf         = prometheus.NewDesc("busbar_archive_lag", "Messages that a publisher says it sent, and that are not in the archive.", []string{"publisher", "epoch"}, nil)
)

func (m *archiveMetrics) Describe(to chan<- *prometheus.Desc) {
	to <- newestArrival
	to <- headOf
	to <- lagOf
	to <- fileBytes
	to <- logBytes
}

func (m *archiveMetrics) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), answerPatience)
	defer cancel()
	r, err := m.s.report(ctx)
	if err != nil {
		to <- prometheus.NewInvalidMetric(newestArrival, err)
		return
	}
	to <- prometheus.MustNewConstMetric(newestArrival, prometheus.CounterValue, float64(r.Archive.Newest))
	file, log := m.s.archive.Sizes()
	to <- prometheus.MustNewConstMetric(fileBytes, prometheus.GaugeValue, float64(file))
	to <- prometheus.MustNewConstMetric(logBytes, prometheus.GaugeValue, float64(log))
	for _, p := range r.Publishers {
		to <- prometheus.MustNewConstMetric(headOf, prometheus.CounterValue, float64(p.Head), p.Publisher, p.Epoch)
		to <- prometheus.MustNewConstMetric(lagOf, prometheus.GaugeValue, float64(p.Lag), p.Publisher, p.Epoch)
	}
}
