package main

import "github.com/prometheus/client_golang/prometheus"

// A collector tells Prometheus of the tracker and the sweep.
type collector struct{ site *site }

type measure struct {
	name, help string
	kind       prometheus.ValueType
	of         func(report) float64
}

func yes(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// measured is every metric.
func measured() []measure {
	counter, gauge := prometheus.CounterValue, prometheus.GaugeValue
	return []measure{
		{"rounds_total", "Rounds since the start.", counter, func(r report) float64 { return float64(r.Rounds) }},
		{"requests_total", "Requests to the tracker since the start.", counter, func(r report) float64 { return float64(r.Requests) }},
		{"reply_bytes_total", "Bytes of its replies since the start.", counter, func(r report) float64 { return float64(r.Bytes) }},
		{"faults_total", "Answers that were SOAP faults, since the start.", counter, func(r report) float64 { return float64(r.Faults) }},
		{"failures_total", "Requests without an answer that could be read, since the start.", counter, func(r report) float64 { return float64(r.Failures) }},
		{"news_total", "Bugs and usertags with news, since the start.", counter, func(r report) float64 { return float64(r.Published) }},
		{"known_bugs", "Bugs that are known.", gauge, func(r report) float64 { return float64(r.Known) }},
		{"recent_bugs", "Bugs that are asked in every round.", gauge, func(r report) float64 { return float64(r.Recent) }},
		{"waiting_bugs", "Bugs with news that are to be published next.", gauge, func(r report) float64 { return float64(r.Waiting) }},
		{"highest_bug", "The highest number that was asked for.", gauge, func(r report) float64 { return float64(r.High) }},
		{"sweep_cursor", "The sweep over all bugs goes on below this number.", gauge, func(r report) float64 { return float64(r.Cursor) }},
		{"based", "1 once the baseline is complete.", gauge, func(r report) float64 { return yes(r.Based) }},
		{"round_seconds", "What the last round took.", gauge, func(r report) float64 { return r.Seconds }},
		{"last_timestamp_seconds", "When the last round ended; 0 before the first.", gauge, func(r report) float64 {
			if r.Last.IsZero() {
				return 0
			}
			return float64(r.Last.UnixMilli()) / 1000
		}},
		{"trouble", "1 while the tracker cannot be asked.", gauge, func(r report) float64 { return yes(r.Error != "") }},
		{"doubt", "1 while a doubtful answer of the tracker waits to be confirmed.", gauge, func(r report) float64 { return yes(r.Doubt != "") }},
	}
}

func (m measure) desc() *prometheus.Desc {
	return prometheus.NewDesc("busbar_soap_"+m.name, m.help, nil, nil)
}

// Describe names every metric.
func (c collector) Describe(ch chan<- *prometheus.Desc) {
	for _, m := range measured() {
		ch <- m.desc()
	}
}

// Collect asks the site.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	r := c.site.report()
	for _, m := range measured() {
		ch <- prometheus.MustNewConstMetric(m.desc(), m.kind, m.of(r))
	}
}
