package hub

import (
	"errors"
	"maps"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// relayCounts are since the start.
type relayCounts struct {
	messages map[string]int64 // by what came of them
	cut      map[string]int64 // peers, by reason
}

func newRelayCounts() relayCounts {
	return relayCounts{map[string]int64{}, map[string]int64{}}
}

// A relayReport is what the hub's status says of its relay.
type relayReport struct {
	Endpoints []string         `json:"endpoints"`
	Peers     int              `json:"peers"`    // connected now
	Messages  map[string]int64 `json:"messages"` // since the start: "taken", new or not, or why not
	Cut       map[string]int64 `json:"cut"`      // peers that were cut, by reason
}

func (r *relay) report() *relayReport {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return &relayReport{append([]string{}, r.bound...), len(r.peers), maps.Clone(r.counts.messages), maps.Clone(r.counts.cut)}
}

func (r *relay) count(what string, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.messages[what] += int64(n)
}

// sayRefused is how often refusals are logged.
const sayRefused = 10 * time.Second

// refuse counts a message that is not taken, and logs it now and then.
func (r *relay) refuse(p *sender, err error) {
	kind := "refused"
	switch {
	case errors.Is(err, errForm):
		kind = "form"
	case errors.Is(err, errStale):
		kind = "stale"
	}
	r.count(kind, 1)
	r.mu.Lock()
	now := time.Now()
	say := now.Sub(r.said) >= sayRefused
	if say {
		r.said = now
	}
	r.mu.Unlock()
	if say {
		r.log.Warn("the relay refused a message", "peer", p.x.Remote(), "error", err)
	}
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

var (
	relayedOf   = prometheus.NewDesc("busbar_hub_relayed_total", "Messages that came to the relay, by what came of them: taken, or why not.", []string{"answer"}, nil)
	relayPeerOf = prometheus.NewDesc("busbar_hub_relay_peers", "Who is connected to the relay now.", nil, nil)
	relayCutOf  = prometheus.NewDesc("busbar_hub_relay_cut_total", "Peers of the relay that were cut, by reason.", []string{"reason"}, nil)
)

// Describe names every metric.
func (r *relay) Describe(to chan<- *prometheus.Desc) {
	to <- relayedOf
	to <- relayPeerOf
	to <- relayCutOf
}

// Collect gives the values.
func (r *relay) Collect(to chan<- prometheus.Metric) {
	now := r.report()
	to <- prometheus.MustNewConstMetric(relayPeerOf, prometheus.GaugeValue, float64(now.Peers))
	for kind, n := range now.Messages {
		to <- prometheus.MustNewConstMetric(relayedOf, prometheus.CounterValue, float64(n), kind)
	}
	for why, n := range now.Cut {
		to <- prometheus.MustNewConstMetric(relayCutOf, prometheus.CounterValue, float64(n), why)
	}
}
