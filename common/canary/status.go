package canary

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"busbar/common/condition"
	"busbar/common/event"
	"busbar/common/show"
)

// A Status is how a channel's canaries are.
type Status struct {
	Channel    string     `json:"channel"`
	IntervalMS int64      `json:"interval_ms"`
	Sent       *time.Time `json:"sent"` // the newest; null: none since the start
	Last       *time.Time `json:"last"` // when one came out last; null: never
	TookMS     int64      `json:"took_ms"`
	Overdue    bool       `json:"overdue"`
	Reason     string     `json:"reason,omitempty"` // what is known of why none comes
}

// Status is how they are now.
func (k *Keeper) Status() Status {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := Status{Channel: k.o.Channel, IntervalMS: k.o.Route.Interval.Milliseconds(), Overdue: !k.overdue.IsZero(), Reason: k.reason()}
	if !k.sentAt.IsZero() {
		s.Sent = utc(k.sentAt)
	}
	if k.last.Number != 0 {
		s.Last, s.TookMS = utc(unixMilli(k.last.Seen)), max(0, k.last.Seen-k.last.Sent)
	}
	return s
}

func utc(t time.Time) *time.Time {
	t = t.UTC().Truncate(time.Millisecond)
	return &t
}

// String is a line for people.
func (s Status) String() string {
	text := "none has come through " + s.Channel
	if s.Last != nil {
		text = fmt.Sprintf("one came through %s at %s, in %s", s.Channel, event.Stamp(*s.Last), time.Duration(s.TookMS)*time.Millisecond)
	}
	if s.Overdue {
		text += "; OVERDUE"
	}
	if s.Reason != "" {
		text += "; " + s.Reason
	}
	return text
}

// Conditions is the condition that the channel is broken, or none.
func (k *Keeper) Conditions() []condition.Condition {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.overdue.IsZero() {
		return nil
	}
	text := "no canary has come through"
	if k.last.Number != 0 {
		text += " since " + event.Stamp(unixMilli(k.last.Seen))
	}
	text += fmt.Sprintf("; one is sent every %s", k.o.Route.Interval)
	if reason := k.reason(); reason != "" {
		text += "; " + reason
	}
	return []condition.Condition{{Name: "canary " + k.o.Channel, Level: condition.Fail, Since: k.overdue, Text: text, Hint: k.o.Route.Hint}}
}

// Collector measures the channel, for Prometheus.
func (k *Keeper) Collector() prometheus.Collector {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("busbar_canary_"+name, help, nil, prometheus.Labels{"publisher": k.o.Publisher, "channel": show.OneLine(k.o.Channel)})
	}
	return &collector{
		keeper:  k,
		last:    desc("last_timestamp_seconds", "When a canary came through last; 0: never."),
		took:    desc("seconds", "How long the last one took."),
		overdue: desc("overdue", "1 while none has come through for two intervals."),
		sent:    desc("sent_total", "Canaries sent since the start."),
	}
}

type collector struct {
	keeper                    *Keeper
	last, took, overdue, sent *prometheus.Desc
}

// Describe names every metric.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.last, c.took, c.overdue, c.sent} {
		ch <- d
	}
}

// Collect asks the keeper.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	s := c.keeper.Status()
	c.keeper.mu.Lock()
	count := c.keeper.count
	c.keeper.mu.Unlock()
	gauge := func(d *prometheus.Desc, v float64) { ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v) }
	last, overdue := 0.0, 0.0
	if s.Last != nil {
		last = float64(s.Last.UnixMilli()) / 1000
	}
	if s.Overdue {
		overdue = 1
	}
	gauge(c.last, last)
	gauge(c.took, float64(s.TookMS)/1000)
	gauge(c.overdue, overdue)
	ch <- prometheus.MustNewConstMetric(c.sent, prometheus.CounterValue, float64(count))
}
