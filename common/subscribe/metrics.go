package subscribe

import "github.com/prometheus/client_golang/prometheus"

// Collector tells Prometheus how the subscriber is, whenever it asks.
func (s *Subscriber) Collector() prometheus.Collector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("busbar_subscriber_"+name, help, labels, nil)
	}
	of := []string{"publisher", "epoch", "signer"}
	return &collector{
		s:          s,
		position:   desc("position", "All messages up to this number are acknowledged.", of...),
		newest:     desc("newest", "Number of the newest message that is known.", of...),
		deaf:       desc("deaf", "1 while the position stands still and the publisher goes on.", of...),
		silent:     desc("silent", "1 while the publisher's heartbeats are overdue.", of...),
		repairing:  desc("repairing", "1 while messages that were missed are asked for.", of...),
		queued:     desc("queued", "Messages that wait to be handed out."),
		inFlight:   desc("in_flight", "Messages that are handed out and not acknowledged."),
		duplicates: desc("duplicates_total", "Messages left out because their ids were known."),
		refused:    desc("refused_total", "Messages that were not believed."),
		gaps:       desc("gaps_total", "Gaps that could not be repaired, by reason.", "reason"),
		failing:    desc("position_trouble", "1 while the position cannot be written."),
	}
}

type collector struct {
	s *Subscriber

	position, newest, deaf, silent, repairing            *prometheus.Desc
	queued, inFlight, duplicates, refused, gaps, failing *prometheus.Desc
}

// Describe names every metric.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.position, c.newest, c.deaf, c.silent, c.repairing, c.queued, c.inFlight, c.duplicates, c.refused, c.gaps, c.failing} {
		ch <- d
	}
}

// Collect reads the status on each call.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	counter := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	st := c.s.Status()
	for _, one := range st.Streams {
		of := []string{one.Publisher, one.Epoch, one.Signer}
		gauge(c.position, float64(one.Position), of...)
		gauge(c.newest, float64(one.Newest), of...)
		gauge(c.deaf, truth(!one.Deaf.IsZero()), of...)
		gauge(c.silent, truth(!one.Silent.IsZero()), of...)
		gauge(c.repairing, truth(one.Repairing), of...)
	}
	gauge(c.queued, float64(st.Queued))
	gauge(c.inFlight, float64(st.InFlight))
	counter(c.duplicates, float64(st.Duplicates))
	counter(c.refused, float64(st.Refused))
	for reason, n := range st.Gaps {
		counter(c.gaps, float64(n), string(reason))
	}
	gauge(c.failing, truth(st.Error != ""))
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
