package program

import (
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// A Metric is a number of a report. One whose name ends in _total only ever grows.
type Metric struct {
	Name, Help string
	Value      float64
	// Label, if set, is a label of its own, whose value is Text; nothing is told
	// while Text is empty.
	Label, Text string
}

// Yes is 1 for true.
func Yes(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// Timestamp is a time in seconds since 1970; 0: never.
func Timestamp(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}

// Measures tells Prometheus what now says, whenever it asks: under names that begin with
// prefix, with the labels. All labels of one name must be the same.
func Measures(prefix string, labels map[string]string, now func() []Metric) prometheus.Collector {
	return measures{prefix, labels, now}
}

type measures struct {
	prefix string
	labels map[string]string
	now    func() []Metric
}

func (c measures) desc(m Metric) *prometheus.Desc {
	var labels []string
	if m.Label != "" {
		labels = []string{m.Label}
	}
	return prometheus.NewDesc(c.prefix+m.Name, m.Help, labels, c.labels)
}

// Describe names every metric.
func (c measures) Describe(ch chan<- *prometheus.Desc) {
	for _, m := range c.now() {
		ch <- c.desc(m)
	}
}

// Collect asks what is measured.
func (c measures) Collect(ch chan<- prometheus.Metric) {
	for _, m := range c.now() {
		kind := prometheus.GaugeValue
		if strings.HasSuffix(m.Name, "_total") {
			kind = prometheus.CounterValue
		}
		switch {
		case m.Label == "":
			ch <- prometheus.MustNewConstMetric(c.desc(m), kind, m.Value)
		case m.Text != "":
			ch <- prometheus.MustNewConstMetric(c.desc(m), kind, m.Value, m.Text)
		}
	}
}
