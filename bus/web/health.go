package web

import (
	"net/http"
	"time"

	"busbar/common/condition"
)

// Health is how the bus is, as its hub sees it.
type Health struct {
	Version    string
	Healthy    bool
	Newest     int64 // arrival
	Listeners  int
	Conditions []condition.Condition
	Publishers []Publisher
	Gaps       []Gap
	Canaries   []Canary
}

// A Publisher is one, as a hub sees it.
type Publisher struct {
	Name, Epoch string
	Head        int64      // the highest number here
	Lag         int64      // what it says it sent, and is not here
	Last        *time.Time // when something came last, since the hub's start
}

// A Gap is numbers that never came.
type Gap struct {
	Publisher   string
	First, Last int64
	Reason      string
	Time        time.Time
}

// A Canary is a channel that marked items are sent through.
type Canary struct {
	Publisher, Channel string
	Passed             *time.Time // when one came through last
	Late               bool
}

// health shows how the bus is.
func (s *site) health(w http.ResponseWriter, r *http.Request) {
	h, err := s.o.Health(r.Context())
	if err != nil {
		s.fault(w, r, err)
		return
	}
	if form, _ := formOf(r); form == jsonForm {
		http.Redirect(w, r, "/status.json", http.StatusSeeOther)
		return
	}
	s.show(w, r, http.StatusOK, "health", frame{Title: "Health", Page: h})
}
