package hub

import (
	"context"

	"busbar/bus/web"
)

// health is the report as the page shows it.
func (s *server) health(ctx context.Context) (web.Health, error) {
	r, err := s.report(ctx)
	h := web.Health{Version: r.Version, Healthy: r.Healthy, Newest: r.Archive.Newest, Listeners: r.Listeners, Conditions: r.Intake.Conditions}
	for _, p := range r.Publishers {
		h.Publishers = append(h.Publishers, web.Publisher{Name: p.Publisher, Epoch: p.Epoch, Head: p.Head, Lag: p.Lag, Last: p.Last})
	}
	for _, g := range r.Gaps {
		h.Gaps = append(h.Gaps, web.Gap{Publisher: g.Publisher, First: g.First, Last: g.Last, Reason: g.Reason, Time: g.Time})
	}
	for _, c := range r.Canaries {
		h.Canaries = append(h.Canaries, web.Canary{Publisher: c.Publisher, Channel: c.Channel, Passed: c.Seen, Late: c.Since != nil})
	}
	return h, err
}
