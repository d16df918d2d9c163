package node

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"busbar/common/condition"
	"busbar/common/show"
)

// A collector reads the journal's counters whenever Prometheus asks: they are
// kept on disk, so they outlive restarts.
type collector struct {
	node *Node

	build, messages, bytes, newest, duplicates, poison, skipped, events *prometheus.Desc
	disputed, disputes, replaced, poisonBytes, poisonDropped            *prometheus.Desc
	unsent, subscribers, sent, dropped, failing                         *prometheus.Desc
	sinkCursor, sinkBehind, sinkMissed, sinkDown                        *prometheus.Desc
	condition, healthy, ends, free                                      *prometheus.Desc
}

func newCollector(program string, n *Node) *collector {
	own := prometheus.Labels{"program": program, "publisher": n.bus.Name}
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("busbar_"+name, help, labels, own)
	}
	return &collector{
		node:          n,
		build:         desc("build_info", "Always 1; the label tells the version.", "version"),
		messages:      desc("journal_messages", "Messages that the journal keeps now."),
		bytes:         desc("journal_bytes", "Size of the journal's file and its write-ahead log."),
		newest:        desc("journal_last_seq", "Number of the newest message."),
		duplicates:    desc("journal_duplicates_total", "Events dropped because their facts were known."),
		poison:        desc("journal_poison", "Items that could not be read and wait for a person."),
		disputed:      desc("journal_disputed", "Items kept because they state what is known in other words."),
		disputes:      desc("journal_disputes_total", "Known facts that came in other words, on no better evidence."),
		replaced:      desc("journal_replaced_total", "Known facts that were published again on better evidence."),
		poisonBytes:   desc("journal_poison_bytes", "Size of the items that could not be read or are disputed."),
		poisonDropped: desc("journal_poison_dropped_total", "Items of poison that had to make room for others."),
		skipped:       desc("journal_skipped_total", "Skipped items, by reason.", "reason"),
		events:        desc("journal_events_total", "Messages made, by full topic.", "topic"),
		unsent:        desc("publisher_unsent", "Messages that subscribers have not been sent."),
		subscribers:   desc("publisher_subscribers", "Subscribers that are connected now."),
		sent:          desc("publisher_sent_total", "Messages sent since the start."),
		dropped:       desc("publisher_dropped_total", "Messages that slow subscribers missed since the start."),
		failing:       desc("publisher_trouble", "1 while nothing can be published, such as for a taken port or a full disk."),
		sinkCursor:    desc("sink_cursor", "Number up to which a way out has everything.", "sink"),
		sinkBehind:    desc("sink_behind", "Messages that a way out does not have yet.", "sink"),
		sinkMissed:    desc("sink_missed", "Messages that a way out never got: refused, or dropped by retention.", "sink"),
		sinkDown:      desc("sink_trouble", "1 while a way out cannot be reached.", "sink"),
		healthy:       desc("healthy", "1 while everything that should reaches the bus; as /healthz."),
		condition:     desc("condition", "1 for each thing that is not as it should be.", "condition", "level"),
		ends:          desc("certificate_end_timestamp_seconds", "When the certificate, the authority or the revocation list of [sign] ends.", "what"),
		free:          desc("disk_free_bytes", "What may still be written beside the journal and in the spool.", "directory"),
	}
}

// Describe names every metric, also those that have no value yet.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		c.build, c.messages, c.bytes, c.newest, c.duplicates, c.poison, c.skipped, c.events,
		c.disputed, c.disputes, c.replaced, c.poisonBytes, c.poisonDropped,
		c.unsent, c.subscribers, c.sent, c.dropped, c.failing, c.sinkCursor, c.sinkBehind, c.sinkMissed, c.sinkDown, c.condition, c.healthy, c.ends, c.free,
	} {
		ch <- d
	}
}

// Collect reads everything on each call.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	counter := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	gauge(c.build, 1, Version())
	c.publisher(gauge, counter)
	c.health(gauge)
	ctx, cancel := context.WithTimeout(context.Background(), metricsPatience)
	defer cancel()
	counts, err := c.node.Journal.Reader().Counts(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(c.messages, err)
		return
	}
	gauge(c.messages, float64(counts.Messages))
	gauge(c.bytes, float64(counts.FileBytes))
	gauge(c.newest, float64(counts.LastSeq))
	counter(c.duplicates, float64(counts.Duplicates))
	gauge(c.poison, float64(counts.Poisoned))
	gauge(c.poisonBytes, float64(counts.PoisonBytes))
	gauge(c.disputed, float64(counts.Disputed))
	counter(c.disputes, float64(counts.Disputes))
	counter(c.replaced, float64(counts.Replacements))
	counter(c.poisonDropped, float64(counts.PoisonDropped))
	for reason, n := range counts.Skipped {
		counter(c.skipped, float64(n), reason)
	}
	for topic, n := range counts.Topics {
		counter(c.events, float64(n), topic)
	}
	sinks, err := c.node.Journal.Reader().Sinks(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(c.sinkCursor, err)
		return
	}
	for _, s := range sinks {
		gauge(c.sinkCursor, float64(s.Cursor), s.Name)
		gauge(c.sinkBehind, float64(s.Behind), s.Name)
		gauge(c.sinkMissed, float64(s.Missed), s.Name)
	}
	for _, d := range c.node.sinks {
		down := 0.0
		if d.Err() != nil {
			down = 1
		}
		gauge(c.sinkDown, down, d.Name)
	}
	if len(c.node.bus.Publish) == 0 {
		return // nobody shall be sent anything
	}
	unsent, err := c.node.Unsent(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(c.unsent, err)
		return
	}
	gauge(c.unsent, float64(min(unsent, max(0, counts.LastSeq-c.node.published()))))
}

type teller func(d *prometheus.Desc, v float64, labels ...string)

// publisher tells what is known without the journal.
func (c *collector) publisher(gauge, counter teller) {
	c.node.mu.Lock()
	defer c.node.mu.Unlock()
	if c.node.err != nil || c.node.Journal.Err() != nil {
		gauge(c.failing, 1)
	} else {
		gauge(c.failing, 0)
	}
	if c.node.pub == nil {
		return
	}
	s := c.node.pub.Stats()
	gauge(c.subscribers, float64(s.Subscribers))
	counter(c.sent, float64(s.Published))
	counter(c.dropped, float64(s.Dropped))
}

// health tells every condition, and the measures behind some of them.
func (c *collector) health(gauge teller) {
	list := c.node.Conditions.All()
	healthy := 1.0
	if condition.Failed(list) {
		healthy = 0
	}
	gauge(c.healthy, healthy)
	shown := map[string]bool{}
	for _, one := range list {
		if name := show.OneLine(one.Name); !shown[name] {
			shown[name] = true
			gauge(c.condition, 1, name, string(one.Level))
		}
	}
	o := c.node.looking()
	for _, t := range terms(o.Sign, o.signer) {
		if !t.To.IsZero() {
			gauge(c.ends, float64(t.To.Unix()), t.What)
		}
	}
	for _, dir := range o.dirs() {
		if f, err := o.measure(dir); err == nil {
			gauge(c.free, float64(f.bytes), dir)
		}
	}
}
