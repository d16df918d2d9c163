package hub

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// pushCounts is what was posted since the start.
type pushCounts struct {
	mu      sync.Mutex
	answers map[string]int64
	senders map[string]senderReport
}

// A pushReport is what the hub's status says of pushes.
type pushReport struct {
	Answers map[string]int64 `json:"answers"` // posts by what came of them: "taken", or why not
	Senders []senderReport   `json:"senders"`
}

type senderReport struct {
	Sender   string    `json:"sender"`
	Posts    int64     `json:"posts"`
	Messages int64     `json:"messages"` // also those that were there
	Last     time.Time `json:"last"`
}

const others = "(others)"

func newPushCounts() *pushCounts {
	return &pushCounts{answers: map[string]int64{}, senders: map[string]senderReport{}}
}

func (c *pushCounts) answered(kind string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers[kind]++
}

func (c *pushCounts) took(sender string, messages int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers["taken"]++
	if _, known := c.senders[sender]; !known && len(c.senders) >= maxSenders {
		sender = others
	}
	s := c.senders[sender]
	c.senders[sender] = senderReport{sender, s.Posts + 1, s.Messages + int64(messages), time.Now().UTC()}
}

func (c *pushCounts) report() *pushReport {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := &pushReport{Answers: map[string]int64{}, Senders: []senderReport{}}
	for kind, n := range c.answers {
		r.Answers[kind] = n
	}
	for _, s := range c.senders {
		r.Senders = append(r.Senders, s)
	}
	slices.SortFunc(r.Senders, func(a, b senderReport) int { return cmp.Compare(a.Sender, b.Sender) })
	return r
}

var (
	postsOf    = prometheus.NewDesc("busbar_hub_posts_total", "Posts to /push, by what came of them: taken, or why not.", []string{"answer"}, nil)
	pushedOf   = prometheus.NewDesc("busbar_hub_pushed_messages_total", "Messages that were taken from posts, also those that were there.", []string{"sender"}, nil)
	lastPostOf = prometheus.NewDesc("busbar_hub_last_post_timestamp_seconds", "When a post of a sender was taken last.", []string{"sender"}, nil)
)

// Describe names every metric.
func (c *pushCounts) Describe(to chan<- *prometheus.Desc) {
	to <- postsOf
	to <- pushedOf
	to <- lastPostOf
}

// Collect gives the values.
func (c *pushCounts) Collect(to chan<- prometheus.Metric) {
	r := c.report()
	for kind, n := range r.Answers {
		to <- prometheus.MustNewConstMetric(postsOf, prometheus.CounterValue, float64(n), kind)
	}
	for _, s := range r.Senders {
		to <- prometheus.MustNewConstMetric(pushedOf, prometheus.CounterValue, float64(s.Messages), s.Sender)
		to <- prometheus.MustNewConstMetric(lastPostOf, prometheus.GaugeValue, float64(s.Last.Unix()), s.Sender)
	}
}
