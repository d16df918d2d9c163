package node

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"busbar/common/condition"
	"busbar/common/replay"
)

// replayRetry is how long a taken port is left alone.
const replayRetry = 5 * time.Second

// listenReplay answers replay at [bus] replay until ctx ends. A taken port is tried
// again: at [bus] publish replay is answered all the same.
func (n *Node) listenReplay(ctx context.Context) {
	Replay(ctx, n.replay, n.bus.Replay, "[bus]", n.Conditions, n.Log)
}

// Replay answers at the endpoints that the key replay of a table has, until ctx ends.
func Replay(ctx context.Context, server *replay.Server, endpoints []string, table string, conditions *condition.Set, log *slog.Logger) {
	failed := false
	for {
		err := server.Listen(ctx, endpoints, func(endpoints []string) {
			failed = false
			conditions.Clear("replay")
			log.Info("answering replay", "endpoints", endpoints)
		})
		if ctx.Err() != nil {
			return
		}
		if !failed {
			log.Warn("replay is not answered at "+table+" replay; trying again", "error", err)
		}
		failed = true
		conditions.Raise(condition.Condition{
			Name: "replay", Level: condition.Warn, Text: fmt.Sprintf("NO replay at %s replay: %v", table, err),
			Hint: "at the endpoints of " + table + " publish it is answered",
		})
		select {
		case <-ctx.Done():
			return
		case <-time.After(replayRetry):
		}
	}
}

// replayed is what was asked for again; nil where nobody can ask.
func (n *Node) replayed() *replay.Stats {
	if len(n.bus.Publish) == 0 && len(n.bus.Replay) == 0 {
		return nil
	}
	s := n.replay.Stats()
	return &s
}

// A replayCollector tells Prometheus what was asked for again since the start.
type replayCollector struct {
	stats                             func() *replay.Stats // nil: nobody can ask
	peers, busy                       *prometheus.Desc
	queries, streams, messages, bytes *prometheus.Desc
	delayed, refused, cut             *prometheus.Desc
}

// ReplayCollector tells what stats says; nil is for where nobody can ask.
func ReplayCollector(program, publisher string, stats func() *replay.Stats) prometheus.Collector {
	own := prometheus.Labels{"program": program, "publisher": publisher}
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("busbar_replay_"+name, help, labels, own)
	}
	return &replayCollector{
		stats:    stats,
		peers:    desc("peers", "Who is connected to ask for messages again."),
		busy:     desc("busy", "Of these, who is being answered."),
		queries:  desc("queries_total", "Requests in fedmsg's form, by what they were answered with.", "answer"),
		streams:  desc("streams_total", "Requests for a stream, by why it ended.", "end"),
		messages: desc("messages_total", "Messages that were sent again."),
		bytes:    desc("bytes_total", "Size of the messages that were sent again."),
		delayed:  desc("delayed_total", "Requests that waited, since their address sent too many."),
		refused:  desc("refused_total", "Connections for which there was no place."),
		cut:      desc("cut_total", "Connections that were ended, by reason.", "reason"),
	}
}

// Describe names every metric, also those that have no value yet.
func (c *replayCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.peers, c.busy, c.queries, c.streams, c.messages, c.bytes, c.delayed, c.refused, c.cut} {
		ch <- d
	}
}

// Collect tells nothing where nobody can ask.
func (c *replayCollector) Collect(ch chan<- prometheus.Metric) {
	s := c.stats()
	if s == nil {
		return
	}
	one := func(d *prometheus.Desc, kind prometheus.ValueType, v int64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, kind, float64(v), labels...)
	}
	one(c.peers, prometheus.GaugeValue, int64(s.Peers))
	one(c.busy, prometheus.GaugeValue, int64(s.Busy))
	for d, v := range map[*prometheus.Desc]int64{c.messages: s.Messages, c.bytes: s.Bytes, c.delayed: s.Delayed, c.refused: s.Refused} {
		one(d, prometheus.CounterValue, v)
	}
	for d, counts := range map[*prometheus.Desc]map[string]int64{c.queries: s.Queries, c.streams: s.Streams, c.cut: s.Cut} {
		for label, v := range counts {
			one(d, prometheus.CounterValue, v, label)
		}
	}
}
