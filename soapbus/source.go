package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"sync"
	"time"

	"busbar/adapters/debbugs"
	"busbar/common/exit"
	"busbar/common/node"
	"busbar/common/program"
	"busbar/common/progress"
	"busbar/common/pump"
	"busbar/soapbus/follow"
	"busbar/soapbus/sweep"
	"busbar/soapbus/tracker"
)

// source names the tracker in the journal.
const source = "soap"

// Sources is the tracker.
func (c *Config) Sources(log *slog.Logger) []*program.Source {
	if err := c.something(); err != nil {
		return []*program.Source{program.Missing("tracker", err)}
	}
	var client *tracker.Client
	var sw *sweep.Sweep
	return []*program.Source{{
		Name: source, Parse: debbugs.ParseChange, Canary: c.route(log, func() *sweep.Sweep { return sw }),
		Prepare: func(log *slog.Logger) (err error) {
			if client, err = c.SOAP.client(log); err != nil {
				return &exit.Error{Code: exit.Config, Err: err}
			}
			return nil
		},
		Open: func(ctx context.Context, o *program.Opening) (pump.Channel, error) {
			ch := c.open(ctx, o, client)
			sw = ch.Sweep
			return ch, nil
		},
		Hosts:  c.SOAP.hosts(),
		Secret: "the tracker's password", Secrets: node.FilesWith(c.SOAP.URL, c.Files),
		Check:   c.check,
		Metrics: "busbar_soap_",
		About:   []any{"tracker", c.SOAP.URL, "watches", c.SOAP.watch().String(), "rate", c.SOAP.Rate},
	}}
}

// hosts is the tracker's.
func (c SOAPConfig) hosts() []string {
	u, err := url.Parse(c.URL.Reveal())
	if err != nil || u.Hostname() == "" {
		return nil
	}
	return []string{u.Hostname()}
}

// client asks the tracker.
func (c SOAPConfig) client(log *slog.Logger) (*tracker.Client, error) {
	return tracker.New(tracker.Options{
		URL: c.URL.Reveal(), Contact: c.Contact, Rate: float64(c.Rate), Timeout: time.Duration(c.Timeout), MaxReply: int64(c.MaxReply), Log: log,
	})
}

func (c *Config) open(ctx context.Context, o *program.Opening, client *tracker.Client) channel {
	so := c.SOAP
	patience := time.Duration(so.Patience)
	if !so.Follow || o.Once || o.Import {
		patience = 0
	}
	var received chan struct{} // nil: the sweep waits for nobody
	known := func() {}
	if patience > 0 {
		received = make(chan struct{})
		known = sync.OnceFunc(func() { close(received) })
	}
	sw := sweep.Open(sweep.Options{
		Tracker: client, Journal: o.Node.Journal, Source: source, Watch: so.watch(), Users: so.Users, First: so.First,
		Interval: time.Duration(so.Interval), Full: time.Duration(so.Full), Recent: time.Duration(so.Recent), Grace: time.Duration(so.Grace), Patience: patience,
		// Ten requests' time, so that a polite rate goes with polite retries.
		Backoff: 10 * time.Minute / time.Duration(so.Rate),
		Once:    o.Once, Import: o.Import, Received: received, Log: o.Log,
	})
	if so.Follow {
		o.Do("the follower", follow.Follower{
			Bus: c.Bus, Sign: c.Sign, File: c.Bus.Journal + ".follow", Say: sw.Say, Received: known,
			Watch: o.Node.Conditions.Watch, Register: o.Node.Register, Log: o.Log,
		}.Run)
	}
	return channel{Sweep: sw, client: client, watches: so.watch().String(), chatty: o.Import || o.Log.Enabled(ctx, slog.LevelDebug)}
}

// A channel is a sweep that can tell of its work.
type channel struct {
	*sweep.Sweep
	client  *tracker.Client
	watches string
	chatty  bool // about every long reading
}

// Report tells of the requests and the rounds.
func (c channel) Report() program.Report {
	t, w := c.client.Stats(), c.Stats()
	return report{
		Watches: c.watches, Requests: t.Requests, Bytes: t.Bytes, Faults: t.Faults, Failures: t.Failures, good: t.LastSuccess,
		Rounds: w.Rounds, Last: w.Last, Seconds: w.Took.Seconds(), Known: w.Known, Recent: w.Hot, Published: w.Published,
		Waiting: w.Waiting, High: w.High, Cursor: w.Cursor, Based: w.Based, Doubt: w.Doubt,
	}
}

// Progress tells how far a long round is: the first one of a large tracker takes hours.
func (c channel) Progress(ended bool) progress.State {
	r := c.Report().(report)
	if ended || r.Based && !c.chatty {
		return progress.State{}
	}
	return progress.State{
		Text: fmt.Sprintf("%d requests; %d bugs known; news of %d; the sweep is at %d of %d", r.Requests, r.Known, r.Published, r.Cursor, r.High),
		Done: int64(r.High - r.Cursor), All: int64(r.High),
	}
}
