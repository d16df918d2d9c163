package node

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"busbar/common/condition"
	"busbar/common/show"
)

const (
	// metricsRetry is how long a taken port is left alone.
	metricsRetry = 5 * time.Second
	// metricsPatience bounds what one request may take.
	metricsPatience = 10 * time.Second
)

// metrics is what Prometheus reads of a node, and what a load balancer asks.
type metrics struct {
	registry *prometheus.Registry

	mu  sync.Mutex
	err error // why nothing is served now
}

func newMetrics(program string, n *Node) *metrics {
	m := &metrics{registry: prometheus.NewRegistry()}
	m.registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		newCollector(program, n),
		ReplayCollector(program, n.bus.Name, n.replayed),
	)
	return m
}

// Register adds what a program measures to /metrics. It fails where two
// collectors describe the same metric.
func (n *Node) Register(c prometheus.Collector) error {
	if err := n.metrics.registry.Register(c); err != nil {
		return fmt.Errorf("adding metrics: %w", err)
	}
	return nil
}

// Watch adds a reason for which the node may be unwell: failing is called each
// time, must be quick, and gives nil while all is well.
func (n *Node) Watch(name string, failing func() error) {
	n.Conditions.Watch(func() []condition.Condition {
		if err := failing(); err != nil {
			return []condition.Condition{{Name: name, Level: condition.Fail, Text: err.Error()}}
		}
		return nil
	})
}

// serve answers at address until ctx ends. A taken port is logged and tried
// again: metrics are no reason for a daemon to end.
func (m *metrics) serve(ctx context.Context, n *Node, address string) {
	for {
		err := m.listen(ctx, n, address)
		if ctx.Err() != nil {
			return
		}
		if was := m.setErr(err); was == nil {
			n.Log.Warn("metrics are not served; trying again", "address", address, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(metricsRetry):
		}
	}
}

func (m *metrics) listen(ctx context.Context, n *Node, address string) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("serving metrics at [bus] metrics: %w", err)
	}
	m.setErr(nil)
	n.Log.Info("serving metrics", "address", l.Addr().String())
	server := &http.Server{Handler: m.handler(n), ReadHeaderTimeout: metricsPatience, WriteTimeout: 2 * metricsPatience}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	return server.Serve(l)
}

func (m *metrics) setErr(err error) (was error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	was, m.err = m.err, err
	return was
}

// unserved is why nothing is served now, or nil.
func (m *metrics) unserved() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.err
}

func (m *metrics) handler(n *Node) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		// What is known is served, even if the journal cannot be read.
		ErrorHandling: promhttp.ContinueOnError, Timeout: metricsPatience, MaxRequestsInFlight: 4,
	}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		list := n.Conditions.All()
		if condition.Failed(list) {
			w.WriteHeader(http.StatusServiceUnavailable)
		} else {
			io.WriteString(w, "ok\n")
		}
		for _, c := range list {
			if c.Level == condition.Warn {
				io.WriteString(w, "warning: ")
			}
			show.Fprintln(w, show.OneLine(c.String()))
		}
	})
	return mux
}
