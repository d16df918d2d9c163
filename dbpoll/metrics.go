package main

import "github.com/prometheus/client_golang/prometheus"

// A collector tells Prometheus of the sources.
type collector struct{ sources []*source }

// measured is every metric of a source.
func measured() []measure {
	return []measure{
		{"polls_total", "Good polls since the start.", prometheus.CounterValue, func(r report) float64 { return float64(r.Polls) }},
		{"changes_total", "Changes found since the start.", prometheus.CounterValue, func(r report) float64 { return float64(r.Changes) }},
		{"comparisons_saved_total", "Comparisons that the server's counters made unnecessary.", prometheus.CounterValue, func(r report) float64 { return float64(r.Skipped) }},
		{"seconds", "What the last good poll took, in the database.", prometheus.GaugeValue, func(r report) float64 { return r.Seconds }},
		{"rows", "Rows that the last comparison covered.", prometheus.GaugeValue, func(r report) float64 { return float64(r.Rows) }},
		{"last_timestamp_seconds", "When the last good poll ended; 0 before the first.", prometheus.GaugeValue, func(r report) float64 {
			if r.Last.IsZero() {
				return 0
			}
			return float64(r.Last.UnixMilli()) / 1000
		}},
		{"pause_seconds", "The pause before the next poll; it grows where polls are slow.", prometheus.GaugeValue, func(r report) float64 { return r.Pause }},
		{"trouble", "1 while the database cannot be read.", prometheus.GaugeValue, func(r report) float64 {
			if r.Error != "" {
				return 1
			}
			return 0
		}},
	}
}

type measure struct {
	name, help string
	kind       prometheus.ValueType
	of         func(report) float64
}

func (m measure) desc() *prometheus.Desc {
	return prometheus.NewDesc("busbar_poll_"+m.name, m.help, []string{"source"}, nil)
}

func levelDesc() *prometheus.Desc {
	return prometheus.NewDesc("busbar_poll_access", "Always 1; the label tells what the account may read.", []string{"source", "level"}, nil)
}

// Describe names every metric.
func (c collector) Describe(ch chan<- *prometheus.Desc) {
	for _, m := range measured() {
		ch <- m.desc()
	}
	ch <- levelDesc()
}

// Collect asks every source.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	for _, s := range c.sources {
		r := s.report()
		for _, m := range measured() {
			ch <- prometheus.MustNewConstMetric(m.desc(), m.kind, m.of(r), s.name)
		}
		if r.Level != "" {
			ch <- prometheus.MustNewConstMetric(levelDesc(), prometheus.GaugeValue, 1, s.name, r.Level)
		}
	}
}
