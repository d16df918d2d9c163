package tracker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"busbar/soapbus/soap"
)

// Options say which tracker is asked, and how.
type Options struct {
	URL     string
	Contact string  // how its administrators find whom to write to; in User-Agent
	Rate    float64 // requests a minute, evenly spaced; 0: no pace
	Timeout time.Duration
	// MaxReply is the longest reply, in bytes. [32 MiB]
	MaxReply int64
	Log      *slog.Logger // nil: none
}

// A Client asks one tracker, one question at a time. It may be used by several
// goroutines.
type Client struct {
	soap *soap.Client
	log  *slog.Logger

	mu    sync.Mutex
	stats Stats
}

// New makes a client; it does not ask anything yet.
func New(o Options) (*Client, error) {
	agent := "soapbus (Busbar)"
	if o.Contact != "" {
		agent = fmt.Sprintf("soapbus (Busbar; %s)", o.Contact)
	}
	s, err := soap.NewClient(soap.Options{
		URL: o.URL, UserAgent: agent, Timeout: o.Timeout, Limits: soap.Limits{Bytes: o.MaxReply},
		Pacer: soap.NewPacer(o.Rate),
	})
	if err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Client{soap: s, log: o.Log}, nil
}

// Clock is how far the tracker's clock was from ours at its last reply; nil: that is
// not known.
func (c *Client) Clock() *time.Duration { return c.soap.Clock() }

// Stats count what a client did.
type Stats struct {
	Requests    int64 // over the wire
	Bytes       int64 // of replies, unpacked
	Faults      int64 // answers that say no
	Failures    int64 // questions without an answer that can be read
	LastSuccess time.Time
}

// Stats returns the counts so far.
func (c *Client) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats
	s.Requests, s.Bytes = c.soap.Traffic()
	return s
}

const (
	namespace = "Debbugs/SOAP"
	// In the second version of the interface, binary_to_source tells names alone.
	namespaceV2 = "Debbugs/SOAP/V2"
)

// ask asks, and has read turn the answer's value into what it means. The value
// is an empty node where the response has none.
func (c *Client) ask(ctx context.Context, space, method string, args []any, read func(*soap.Node) error) error {
	began := time.Now()
	response, err := c.soap.Call(ctx, space, method, args...)
	if err == nil {
		if err = read(value(response)); err != nil {
			err = fmt.Errorf("reading the answer to %s: %w", method, err)
		}
	}
	c.count(ctx, err)
	c.log.Debug("asked the tracker", "method", method, "took", time.Since(began).Round(time.Millisecond), "error", err)
	return err
}

func (c *Client) count(ctx context.Context, err error) {
	_, fault := errors.AsType[*soap.Fault](err)
	_, broken := errors.AsType[*BrokenError](err)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case fault:
		c.stats.Faults++
	case err == nil, broken:
		c.stats.LastSuccess = time.Now()
	case ctx.Err() == nil: // not for having been told to stop
		c.stats.Failures++
	}
}

// value is what a response element holds, whatever its name.
func value(response *soap.Node) *soap.Node {
	if len(response.Children) == 0 {
		return &soap.Node{}
	}
	return response.Children[0]
}
