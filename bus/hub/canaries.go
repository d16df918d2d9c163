package hub

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"busbar/common/archive"
	"busbar/common/canary"
	"busbar/common/event"
	"busbar/common/program"
	"busbar/common/show"
)

// canaries knows, of each channel of each adapter, when a canary came through last. A
// channel is known from its first canary on.
type canaries struct {
	log    *slog.Logger
	now    func() time.Time
	own    string // this hub, as a publisher
	ignore map[string]bool
	// alarm says an event on the bus; nil: nobody does.
	alarm func(context.Context, canary.Canary) error
	tasks []program.Task // of the hub

	mu    sync.Mutex
	known map[channelName]*channelState
	facts map[string]time.Time // by publisher, when it said something else, since the start
}

type channelName struct{ publisher, channel string }

// A channelState is what is known of a channel's canaries.
type channelState struct {
	adapter  string
	interval time.Duration
	number   int64 // of the newest that came through
	sent     string
	seen     time.Time // by the adapter's clock
	took     time.Duration
	noticed  time.Time // when that was known here, with the clock that is never set
	overdue  time.Time // since when none came for too long; zero: all is well
	missed   int64     // after which number a break was said, whoever said it; -1: none was
	ours     bool      // by this hub, which says its end, too
	over     *canary.Canary
}

const (
	// mostChannels bounds how many are known.
	mostChannels = 10_000
	// recalled is how many canaries in the archive are looked through at the start.
	recalled   = 5000
	canaryLook = time.Second
	late       = 2 // intervals
)

func newCanaries(own string, ignore []string, now func() time.Time, log *slog.Logger) *canaries {
	c := &canaries{log: log, now: now, own: own, ignore: map[string]bool{}, known: map[channelName]*channelState{}, facts: map[string]time.Time{}}
	for _, name := range ignore {
		c.ignore[name] = true
	}
	return c
}

// recall reads what the archive knows, oldest first.
func (c *canaries) recall(ctx context.Context, a *archive.Archive, prefix string) error {
	q := archive.Query{
		Conditions: []archive.Condition{{Kind: archive.Topic, Match: archive.Under, Values: []string{"busbar.canary"}}},
		Prefix:     prefix, NewestFirst: true, Limit: 1000,
	}
	var list []archive.Message
	for len(list) < recalled {
		page, err := a.Find(ctx, q)
		if err != nil {
			return fmt.Errorf("looking for canaries in the archive: %w", err)
		}
		list = append(list, page.Messages...)
		if q.After = page.Next; page.Next == 0 || page.Cut {
			break
		}
	}
	for _, m := range slices.Backward(list) {
		c.note(happened(m))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.facts = map[string]time.Time{}
	for _, s := range c.known {
		s.over = nil // whoever saw the end has said it
	}
	return nil
}

// note takes up a message that came.
func (c *canaries) note(h *happening) {
	if h.gap != nil || h.envelope.Publisher == "" {
		return
	}
	body, ok := canary.Read(h.envelope)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !ok {
		if _, known := c.facts[h.envelope.Publisher]; known || len(c.facts) < mostChannels {
			c.facts[h.envelope.Publisher] = c.now()
		}
		return
	}
	switch b := body.(type) {
	case canary.Passed:
		if s := c.of(h.envelope.Publisher, b.Publisher, b.Channel, b.Adapter, b.IntervalMS); s != nil && b.Number > s.number {
			c.passed(h.envelope.Publisher, s, b)
		}
	case canary.Missed:
		says := h.envelope.Publisher
		ours := says == c.own
		if ours {
			says = b.Publisher
		}
		if s := c.of(says, b.Publisher, b.Channel, b.Adapter, b.IntervalMS); s != nil && b.Number >= s.number {
			s.missed, s.ours = b.Number, s.ours || ours
			if s.overdue.IsZero() {
				s.overdue = c.now()
			}
		}
	}
}

// of is the state of a channel that its own publisher speaks of; else nil.
func (c *canaries) of(says, publisher, channel, adapter string, interval int64) *channelState {
	name := channelName{publisher, channel}
	if says != publisher || interval <= 0 || c.ignore[publisher] || c.ignore[publisher+" "+channel] {
		return nil
	}
	s := c.known[name]
	if s == nil {
		if len(c.known) >= mostChannels {
			return nil
		}
		s = &channelState{missed: -1, noticed: c.now()}
		c.known[name] = s
	}
	s.adapter, s.interval = adapter, time.Duration(min(interval, int64(365*24*time.Hour/time.Millisecond)))*time.Millisecond
	return s
}

// passed takes up a canary that is newer than the last.
func (c *canaries) passed(publisher string, s *channelState, b canary.Passed) {
	last := s.seen
	s.seen, _ = time.Parse(time.RFC3339, b.Seen)
	if s.ours && s.missed == s.number {
		s.over = &canary.Canary{What: canary.Return, Adapter: b.Adapter, Publisher: publisher, Channel: b.Channel, Number: s.number, Last: last, Seen: s.seen, Interval: b.IntervalMS}
	}
	s.number, s.sent, s.took, s.noticed = b.Number, b.Sent, time.Duration(b.TookMS)*time.Millisecond, c.now()
	s.overdue, s.ours = time.Time{}, false
}

// run looks for channels whose canaries stay away, until ctx ends.
func (c *canaries) run(ctx context.Context) error {
	for {
		for _, what := range c.look() {
			if c.alarm == nil {
				continue
			}
			if err := c.alarm(ctx, what); err != nil && ctx.Err() == nil {
				c.log.Warn("what became of canaries cannot be said", "channel", what.Channel, "publisher", what.Publisher, "error", err)
			}
		}
		if !sleep(ctx, canaryLook) {
			return ctx.Err()
		}
	}
}

// look finds what there is to say: breaks that nobody said yet, and the ends of those
// that were said here.
func (c *canaries) look() (say []canary.Canary) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	for name, s := range c.known {
		if s.over != nil {
			say = append(say, *s.over)
			s.over = nil
			c.log.Info("canaries come through again", "publisher", name.publisher, "channel", name.channel)
		}
		if now.Sub(s.noticed) <= late*s.interval {
			continue
		}
		if s.overdue.IsZero() {
			s.overdue = now
		}
		if s.missed != s.number {
			s.missed, s.ours = s.number, true
			c.log.Error("no canary comes through", "publisher", name.publisher, "channel", name.channel, "last", event.Stamp(s.seen),
				"hint", "look at that program: it does not say so itself, so it may be gone, or cut off from here")
			say = append(say, canary.Canary{What: canary.Miss, Adapter: s.adapter, Publisher: name.publisher, Channel: name.channel, Number: s.number,
				Last: s.seen, Noticed: now, Interval: s.interval.Milliseconds(), Reason: "the hub gets none, and the adapter does not say why"})
		}
	}
	return say
}

// A canaryReport is a channel in /status.json.
type canaryReport struct {
	Publisher  string     `json:"publisher"`
	Adapter    string     `json:"adapter"`
	Channel    string     `json:"channel"`
	State      string     `json:"state"` // passing or overdue
	Sent       string     `json:"sent"`  // of the last one that came through; empty: none did
	Seen       *time.Time `json:"seen"`  // when it came out; null: none did
	Ago        *int64     `json:"ago_s"` // how long ago that is; null: none did
	TookMS     int64      `json:"took_ms"`
	IntervalMS int64      `json:"interval_ms"`
	Since      *time.Time `json:"since"` // when it was overdue; null: it is not
	Said       *time.Time `json:"said"`  // when its publisher last said anything else, since the start
}

func (c *canaries) report() []canaryReport {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := []canaryReport{}
	for name, s := range c.known {
		r := canaryReport{
			Publisher: name.publisher, Adapter: s.adapter, Channel: name.channel, State: "passing", Sent: s.sent,
			TookMS: s.took.Milliseconds(), IntervalMS: s.interval.Milliseconds(),
		}
		if !s.seen.IsZero() {
			ago := max(0, int64(c.now().Sub(s.seen).Seconds()))
			seen := s.seen
			r.Seen, r.Ago = &seen, &ago
		}
		if !s.overdue.IsZero() {
			since := s.overdue.UTC()
			r.State, r.Since = "overdue", &since
		}
		if t, ok := c.facts[name.publisher]; ok {
			t = t.UTC()
			r.Said = &t
		}
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b canaryReport) int {
		return strings.Compare(a.Publisher+"\x00"+a.Channel, b.Publisher+"\x00"+b.Channel)
	})
	return list
}

var (
	canaryAge     = prometheus.NewDesc("busbar_hub_canary_age_seconds", "How long ago a canary came through a channel.", []string{"publisher", "channel"}, nil)
	canaryTook    = prometheus.NewDesc("busbar_hub_canary_seconds", "How long the last one took.", []string{"publisher", "channel"}, nil)
	canaryOverdue = prometheus.NewDesc("busbar_hub_canary_overdue", "1 while none has come through for two intervals.", []string{"publisher", "channel"}, nil)
)

// Describe names every metric.
func (c *canaries) Describe(to chan<- *prometheus.Desc) {
	to <- canaryAge
	to <- canaryTook
	to <- canaryOverdue
}

// Collect tells of every channel.
func (c *canaries) Collect(to chan<- prometheus.Metric) {
	shown := map[[2]string]bool{} // what a stranger calls itself may look like another
	for _, r := range c.report() {
		labels := []string{show.OneLine(r.Publisher), show.OneLine(r.Channel)}
		if pair := [2]string(labels); shown[pair] {
			continue
		} else {
			shown[pair] = true
		}
		overdue := 0.0
		if r.State == "overdue" {
			overdue = 1
		}
		if r.Ago != nil {
			to <- prometheus.MustNewConstMetric(canaryAge, prometheus.GaugeValue, float64(*r.Ago), labels...)
		}
		to <- prometheus.MustNewConstMetric(canaryTook, prometheus.GaugeValue, float64(r.TookMS)/1000, labels...)
		to <- prometheus.MustNewConstMetric(canaryOverdue, prometheus.GaugeValue, overdue, labels...)
	}
}
