package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"

	"busbar/common/program"
	"busbar/soapbus/tracker"
)

// Service is the first part of all topics.
func (c *Config) Service() string { return "debbugs" }

// check asks the tracker a little.
func (c *Config) check(ctx context.Context, _ *program.Env) []program.Finding {
	findings := c.checkTracker(ctx)
	if c.SOAP.Contact == "" {
		findings = append(findings, program.Finding{What: "contact", Level: "warn", Detail: "[soap] contact is not set: whoever runs the tracker cannot ask you to slow down, and may lock you out"})
	}
	return findings
}

func (c *Config) checkTracker(ctx context.Context) []program.Finding {
	hurried := c.SOAP
	hurried.Rate = 600 // three questions, and a person waits
	client, err := hurried.client(slog.New(slog.DiscardHandler))
	if err != nil {
		return []program.Finding{program.Found("tracker", err, "")}
	}
	began := time.Now()
	newest, err := client.Newest(ctx, 10)
	if err != nil {
		return []program.Finding{program.Away("tracker", err)}
	}
	findings := []program.Finding{program.Found("tracker", nil, fmt.Sprintf("%s answers in %d ms", c.SOAP.URL, time.Since(began).Milliseconds()))}
	if off := client.Clock(); off != nil {
		findings = append(findings, checkClock(*off))
	}
	highest := 0
	for _, b := range newest {
		highest = max(highest, b)
	}
	statuses, err := client.Status(ctx, newest)
	broken, some := errors.AsType[*tracker.BrokenError](err)
	switch {
	case some:
		findings = append(findings, program.Finding{What: "answers", Level: "warn", Detail: broken.Error()})
	case err != nil:
		findings = append(findings, program.Away("answers", err))
	case len(statuses) == 0:
		findings = append(findings, program.Finding{What: "answers", Level: "warn", Detail: fmt.Sprintf("the newest number is %d, but none of the newest %d bugs is known: is this a bug tracker's address?", highest, len(newest))})
	default:
		findings = append(findings, program.Found("answers", nil, fmt.Sprintf("the newest bug is %d; %d of the newest %d are known", highest, len(statuses), len(newest))))
	}
	return append(findings, checkRate(c.SOAP, highest))
}

// checkClock compares clocks: times of bugs are compared with ours where mail is
// waited for.
func checkClock(off time.Duration) program.Finding {
	f := program.Finding{What: "clock", Level: "ok", Detail: fmt.Sprintf("the tracker's differs by %s", off.Round(time.Second))}
	if off.Abs() > time.Minute {
		f.Level, f.Detail = "warn", f.Detail+": set this machine's clock, or [soap] grace to that much more"
	}
	return f
}

// checkRate says what the rate means.
func checkRate(c SOAPConfig, highest int) program.Finding {
	each := time.Minute / time.Duration(c.Rate)
	text := fmt.Sprintf("%d requests a minute, one each %s, watching %s", c.Rate, each.Round(time.Millisecond), c.watch())
	if c.watch().String() != (SOAPConfig{}).watch().String() {
		return program.Finding{What: "rate", Level: "ok", Detail: text}
	}
	requests := math.Ceil(float64(max(0, highest-c.First+1)) / tracker.MaxStatus)
	whole := time.Duration(requests) * each
	text += fmt.Sprintf("; all %d numbers are %.0f requests, so a whole sweep takes %s at least and is spread over %s", highest-c.First+1, requests, whole.Round(time.Second), time.Duration(c.Full))
	f := program.Finding{What: "rate", Level: "ok", Detail: text}
	if whole > time.Duration(c.Full)/2 {
		f.Level, f.Detail = "warn", text+": that leaves little for news: raise [soap] rate or full"
	}
	return f
}
