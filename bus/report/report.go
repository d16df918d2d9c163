// Package report answers by HTTP how a daemon of bus is: /healthz and /status.json for
// people and `bus status`, /metrics for Prometheus.
//
// Not here: what the daemon tells of itself, and the hub, which serves much more.
package report

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"busbar/common/condition"
	"busbar/common/exit"
	"busbar/common/show"
)

// A Daemon is one that tells how it is.
type Daemon struct {
	Name       string                    // as in `bus NAME`, [NAME] listen and busbar_NAME_condition
	Status     func(context.Context) any // /status.json
	Conditions *condition.Set            // /healthz, and the metric
	Collectors []prometheus.Collector
	Log        *slog.Logger
}

// Patience bounds what an answer may take.
const Patience = 10 * time.Second

// Mux answers; other pages may be added to it.
func (d Daemon) Mux() *http.ServeMux {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), conditions{
		prometheus.NewDesc("busbar_"+d.Name+"_condition", "1 for each thing that is not as it should be.", []string{"condition", "level"}, nil), d.Conditions,
	})
	registry.MustRegister(d.Collectors...)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError, Timeout: Patience, MaxRequestsInFlight: 4}))
	mux.HandleFunc("GET /status.json", func(rw http.ResponseWriter, req *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(rw).Encode(d.Status(req.Context())) // who asks notices what is cut
	})
	mux.HandleFunc("GET /healthz", func(rw http.ResponseWriter, _ *http.Request) {
		list := d.Conditions.All()
		if condition.Failed(list) {
			rw.WriteHeader(http.StatusServiceUnavailable)
		} else {
			show.Fprintln(rw, "ok")
		}
		for _, c := range list {
			show.Fprintln(rw, string(c.Level)+": "+show.OneLine(c.String()))
		}
	})
	return mux
}

// Listen answers at address until ctx ends.
func (d Daemon) Listen(ctx context.Context, address string, h http.Handler) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return &exit.Error{Code: exit.TempFail, Err: fmt.Errorf("listening at [%s] listen: %w", d.Name, err)}
	}
	d.Log.Info("serving status and metrics", "address", l.Addr().String())
	server := &http.Server{Handler: h, ReadHeaderTimeout: Patience, ReadTimeout: Patience, WriteTimeout: 2 * Patience, MaxHeaderBytes: 16 << 10}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) || ctx.Err() == nil {
		return err
	}
	return ctx.Err()
}

// conditions tell Prometheus what is not as it should be.
type conditions struct {
	desc *prometheus.Desc
	set  *condition.Set
}

// Describe names the metric.
func (c conditions) Describe(to chan<- *prometheus.Desc) { to <- c.desc }

// Collect looks at the conditions on each call.
func (c conditions) Collect(to chan<- prometheus.Metric) {
	shown := map[string]bool{}
	for _, one := range c.set.All() {
		if name := show.OneLine(one.Name); !shown[name] {
			shown[name] = true
			to <- prometheus.MustNewConstMetric(c.desc, prometheus.GaugeValue, 1, name, string(one.Level))
		}
	}
}
