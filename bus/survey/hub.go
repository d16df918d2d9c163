package survey

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"syscall"
	"time"

	"busbar/common/condition"
	"busbar/common/program"
)

// A Hub is what one says of itself at /status.json.
type Hub struct {
	URL   string `json:"url"`
	Error string `json:"error,omitempty"` // why it cannot be asked
	hubStatus
	Skew   float64   `json:"skew"` // how far its clock is ahead of ours, in seconds
	Asked  time.Time `json:"-"`
	Absent bool      `json:"-"` // nobody asked for it, and none is there
}

// hubStatus is the part of /status.json that is shown.
type hubStatus struct {
	Version string    `json:"version,omitempty"`
	Time    time.Time `json:"time,omitzero"`
	Healthy bool      `json:"healthy"`
	Intake  struct {
		Conditions []condition.Condition `json:"conditions"`
	} `json:"intake"`
	Archive struct {
		Newest int64 `json:"newest"`
	} `json:"archive"`
	Publishers []struct {
		Publisher string `json:"publisher"`
		Epoch     string `json:"epoch"`
		Head      int64  `json:"head"`
		Lag       int64  `json:"lag"`
	} `json:"publishers"`
	Gaps []struct {
		Publisher string    `json:"publisher"`
		First     int64     `json:"first"`
		Last      int64     `json:"last"`
		Reason    string    `json:"reason"`
		Time      time.Time `json:"time"`
	} `json:"gaps"`
	Listeners int      `json:"listeners"`
	Canaries  []Canary `json:"canaries,omitempty"`
}

// A Canary is how long ago a marked item came through a channel.
type Canary struct {
	Publisher string     `json:"publisher"`
	Channel   string     `json:"channel"`
	State     string     `json:"state"` // passing or overdue
	Seen      *time.Time `json:"seen"`  // when the newest came out; nil: none did
	TookMS    int64      `json:"took_ms"`
}

// Overdue says that none comes through.
func (c Canary) Overdue() bool { return c.State == "overdue" }

// A Place is where a hub may be.
type Place struct {
	url   string
	maybe bool // it is no fault if none is there
}

// Address is where it is.
func (a Place) Address() string { return a.url }

// HubsOf are the hubs that the flags name, else the one that [hub] listen would be.
func HubsOf(flags []string, listen string) []Place {
	var list []Place
	for _, u := range flags {
		list = append(list, Place{url: strings.TrimSuffix(u, "/")})
	}
	if len(list) == 0 {
		if u := urlOf(listen); u != "" {
			list = append(list, Place{u, true})
		}
	}
	return list
}

// Ask asks a hub once.
func (a Place) Ask(ctx context.Context) Hub {
	ctx, cancel := context.WithTimeout(ctx, statusPatience)
	defer cancel()
	h := Hub{URL: a.url}
	before := time.Now()
	err := h.read(ctx)
	h.Asked = time.Now().UTC()
	switch { // it said its time between the two
	case h.Time.IsZero():
	case h.Time.Before(before):
		h.Skew = math.Round(h.Time.Sub(before).Seconds())
	case h.Time.After(h.Asked):
		h.Skew = math.Round(h.Time.Sub(h.Asked).Seconds())
	}
	h.Absent = a.maybe && errors.Is(err, syscall.ECONNREFUSED)
	if err != nil {
		h.Error = err.Error()
	}
	return h
}

func (h *Hub) read(ctx context.Context) error {
	text, err := statusOf(ctx, h.URL, "a hub, such as http://127.0.0.1:9480")
	if err != nil {
		return err
	}
	return h.Parse(text)
}

// Parse reads /status.json.
func (h *Hub) Parse(text []byte) error {
	var s hubStatus
	if err := json.Unmarshal(text, &s); err != nil {
		return fmt.Errorf("reading its answer: %w", err)
	}
	h.hubStatus = s
	return nil
}

// Head is the highest number of a sequence in the hub's archive.
func (h Hub) Head(publisher, epoch string) (int64, bool) {
	for _, p := range h.Publishers {
		if publisher != "" && p.Publisher == publisher && p.Epoch == epoch {
			return p.Head, true
		}
	}
	return 0, false
}

// Lag is how many messages it lacks of those that publishers say they sent.
func (h Hub) Lag() (n int64) {
	for _, p := range h.Publishers {
		n += p.Lag
	}
	return n
}

// recent is for how long a gap is spoken of.
const recent = 24 * time.Hour

// Findings are what is wrong with the hub, and what it says is.
func (h Hub) Findings(now time.Time) []program.Finding {
	if h.Error != "" {
		return []program.Finding{program.Away(h.URL, fmt.Errorf("the hub cannot be asked: %s (look whether bus hub runs, and where [hub] listen is)", h.Error))}
	}
	var list []program.Finding
	for _, c := range h.Intake.Conditions {
		list = append(list, OfCondition(h.URL, c))
	}
	if !h.Healthy && !condition.Failed(h.Intake.Conditions) {
		list = append(list, program.Away(h.URL, errors.New("the hub says that it is not well (see its log)")))
	}
	if math.Abs(h.Skew) >= SkewWarn {
		list = append(list, program.Finding{What: h.URL, Level: "warn", Detail: "the hub's clock is " + ahead(h.Skew) + " ours (let NTP keep both)"})
	}
	lately := 0
	for _, g := range h.Gaps {
		if now.Sub(g.Time) < recent {
			if lately++; lately == 1 {
				list = append(list, program.Finding{What: h.URL, Level: "warn", Detail: fmt.Sprintf("messages %d to %d of %s are missing for good: %s", g.First, g.Last, g.Publisher, g.Reason)})
			}
		}
	}
	if lately > 1 {
		list[len(list)-1].Detail += fmt.Sprintf("; %d more gaps in a day", lately-1)
	}
	for _, c := range h.Canaries {
		if c.Overdue() {
			list = append(list, program.Away(h.URL, fmt.Errorf("no canary comes through %s of %s: %s (the channel is broken, though nothing else may say so)", c.Channel, c.Publisher, c.why(now))))
		}
	}
	return list
}

func (c Canary) why(now time.Time) string {
	if c.Seen == nil {
		return "none ever did"
	}
	return "the newest did " + now.Sub(*c.Seen).Round(time.Second).String() + " ago"
}

// OfCondition makes a finding of what a program says of itself.
func OfCondition(what string, c condition.Condition) program.Finding {
	text := c.String()
	if c.Level == condition.Fail {
		return program.Away(what, errors.New(text))
	}
	// Another level is of a newer program, or of none of ours.
	return program.Finding{What: what, Level: string(condition.Warn), Detail: text}
}
