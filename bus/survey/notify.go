package survey

import (
	"context"

	"busbar/common/program"
)

// A Notify is what a `bus notify` says of itself.
type Notify struct {
	Daemon
	People       int   `json:"people"`
	Rules        int   `json:"rules"`
	Events       int64 `json:"events"` // looked at since its start
	Destinations map[string]struct {
		Waiting int64            `json:"waiting"`
		Dead    int64            `json:"dead"`
		Counts  map[string]int64 `json:"counts"`
	} `json:"destinations"`
}

// NotifiesOf are those that the flags name, else the one of this machine, where a
// destination is configured. Its address is empty where it listens nowhere.
func NotifiesOf(flags []string, configured bool, listen string) []string {
	return placesOf(flags, configured, listen)
}

// AskNotify asks a `bus notify` once.
func AskNotify(ctx context.Context, at string) Notify {
	var n Notify
	if at != "" {
		if err := ask(ctx, at, "a bus notify, such as http://127.0.0.1:9483", &n); err != nil {
			n = Notify{Daemon: Daemon{Error: err.Error()}}
		}
	}
	n.URL = at
	return n
}

// Name is where it is, for people.
func (n Notify) Name() string { return n.name("bus notify") }

// Findings are what is wrong with it, and what it says is.
func (n Notify) Findings() []program.Finding {
	return n.findings("bus notify", "notify", "127.0.0.1:9483")
}

// Totals are notes of all destinations: that wait, that were sent since the outbox was
// made, and that could not be sent and are kept.
func (n Notify) Totals() (waiting, sent, dead int64) {
	for _, d := range n.Destinations {
		waiting, sent, dead = waiting+d.Waiting, sent+d.Counts["sent"], dead+d.Dead
	}
	return waiting, sent, dead
}
