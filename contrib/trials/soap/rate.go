package main

import (
	"fmt"
	"slices"
	"time"

	"busbar/contrib/trials/trial"
	"busbar/fixtures/bugtracker"
)

// A pace is how often the tracker was asked.
type pace struct {
	requests int
	minute   int           // the most in any minute
	nearest  time.Duration // between the beginnings of two
	methods  map[string]int
}

func paceOf(requests []bugtracker.Request) pace {
	p := pace{requests: len(requests), nearest: time.Hour, methods: map[string]int{}}
	slices.SortFunc(requests, func(a, b bugtracker.Request) int { return a.At.Compare(b.At) })
	first := 0
	for i, r := range requests {
		p.methods[r.Method]++
		for r.At.Sub(requests[first].At) >= time.Minute {
			first++
		}
		p.minute = max(p.minute, i-first+1)
		if i > 0 {
			p.nearest = min(p.nearest, r.At.Sub(requests[i-1].At))
		}
	}
	return p
}

func (p pace) String() string {
	return fmt.Sprintf("%d requests, at most %d in any minute (%d get_status, %d get_bug_log)", p.requests, p.minute, p.methods["get_status"], p.methods["get_bug_log"])
}

// within fails where a minute had more requests than the rate and the one that
// the window's edge may add.
func (p pace) within(rate int) error {
	if p.minute > rate+1 {
		return trial.Broken(fmt.Errorf("%d requests in a minute, and the rate is %d", p.minute, rate))
	}
	return nil
}
