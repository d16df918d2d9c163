package survey

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"busbar/common/discovery"
	"busbar/common/program"
)

var noon = time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC)

// at is an endpoint at which all is well, and who speaks there.
func at(port int, name string, speakers ...Speaker) Endpoint {
	return Endpoint{Address: fmt.Sprint("tcp://127.0.0.1:", port), Name: name, Asked: true, Connected: true, Version: "3.1", Socket: "PUB", Answers: "ROUTER", Speakers: speakers}
}

// speaks is a speaker with whom all is well.
func speaks(publisher, certificate string) Speaker {
	return Speaker{Publisher: publisher, Epoch: "1", Certificate: certificate, Verified: true, Until: noon.AddDate(1, 0, 0), Heartbeat: noon.Add(-time.Second), Interval: 30}
}

// but is a speaker, changed.
func but(s Speaker, change func(*Speaker)) Speaker {
	change(&s)
	return s
}

// TestJudge: what is wrong is said, by level and in words, and nothing else.
func TestJudge(t *testing.T) {
	mail, bugs := speaks("mail2bus.lists", "mail2bus-lists.example.org"), speaks("soapbus.bugs", "soapbus-bugs.example.org")
	for name, c := range map[string]struct {
		endpoints []Endpoint
		sources   []discovery.Status
		want      []string // "level: a part of the detail", one for each finding
	}{
		"all is well":                 {endpoints: []Endpoint{at(1, "mail2bus.lists", mail), at(2, "", bugs)}},
		"a hub says it again":         {endpoints: []Endpoint{at(1, "", mail), at(2, "hub.here", mail, bugs)}},
		"a hub says one again, later": {endpoints: []Endpoint{at(1, "", mail), at(2, "hub.here", but(mail, func(s *Speaker) { s.Skew = -100 }))}},
		"nobody is there":             {want: []string{"fail: nobody is found"}},
		"a domain has no names":       {endpoints: []Endpoint{at(1, "example.org", mail)}, sources: []discovery.Status{{Source: "srv:example.org", State: discovery.Found}}},
		"one is away": {
			endpoints: []Endpoint{{Address: "tcp://a:1", Asked: true, Error: "connecting to tcp://a:1: refused"}},
			want:      []string{"fail: nobody answers: refused"},
		},
		"one is of another time": {
			endpoints: []Endpoint{{Address: "tcp://a:1", Asked: true, Version: "2.0", Error: "no greeting"}},
			want:      []string{"fail: it speaks ZMTP 2.0"},
		},
		"one was not asked": {endpoints: []Endpoint{{Address: "tcp://a:1"}}, want: []string{"fail: it was not asked within the time"}},
		"two names, one owner by the list": {
			endpoints: []Endpoint{at(1, "a.b", speaks("a.b", "x")), at(2, "", speaks("a.b", "y"))},
			want:      []string{"fail: y says the name a.b, which belongs to x at tcp://127.0.0.1:1"},
		},
		"two names, and nobody knows whose": {
			endpoints: []Endpoint{at(1, "", speaks("a.b", "x")), at(2, "", speaks("a.b", "y"))},
			want:      []string{"fail: two certificates use the name a.b: x here, and y at tcp://127.0.0.1:2", "fail: two certificates use the name a.b: y here, and x at tcp://127.0.0.1:1"},
		},
		"both in the list, one is called so": {
			endpoints: []Endpoint{at(1, "a.b", speaks("a.b", "x")), at(2, "a.b", speaks("a.b", "a-b.example.org"))},
			want:      []string{"fail: x says the name a.b, which belongs to a-b.example.org"},
		},
		"a name of the past": {
			endpoints: []Endpoint{at(1, "", speaks("a.b", "x")), at(2, "", but(speaks("a.b", "y"), func(s *Speaker) { s.Heartbeat = noon.Add(-62 * time.Second) }))},
			want:      []string{"fail: a.b is silent: its newest heartbeat is 1m2s old, and they come every 30s"},
		},
		"two with one certificate": {
			endpoints: []Endpoint{at(1, "", speaks("a.b", "x")), at(2, "", speaks("c.d", "x"))},
			want:      []string{"warn: a.b and c.d sign with the one certificate x", "warn: c.d and a.b sign with the one certificate x"},
		},
		"one with another's": {
			endpoints: []Endpoint{at(1, "", mail), at(2, "", speaks("c.d", "mail2bus-lists.example.org"))},
			want:      []string{"fail: c.d signs with the certificate mail2bus-lists.example.org of mail2bus.lists"},
		},
		"two in two sequences": {
			endpoints: []Endpoint{at(1, "", mail), at(2, "", but(mail, func(s *Speaker) { s.Epoch = "2" }))},
			want:      []string{"fail: two publishers are called mail2bus.lists", "fail: two publishers are called mail2bus.lists"},
		},
		"at another's address": {
			endpoints: []Endpoint{at(1, "soapbus.bugs", mail), at(2, "", bugs)},
			want:      []string{"fail: mail2bus.lists answers at an address that discovery gives to soapbus.bugs, who speaks at tcp://127.0.0.1:2"},
		},
		"a clock is wrong": {
			endpoints: []Endpoint{at(1, "", but(mail, func(s *Speaker) { s.Skew = -7 })), at(2, "", bugs)},
			want:      []string{"warn: the clock of mail2bus.lists is 7s behind ours"},
		},
		"a clock is a day ahead": {
			endpoints: []Endpoint{at(1, "", but(mail, func(s *Speaker) { s.Skew = 86400 })), at(2, "", bugs)},
			want:      []string{"fail: the clock of mail2bus.lists is 24h0m0s ahead of ours, or what it says is old"},
		},
		"our clock is wrong": {
			endpoints: []Endpoint{at(1, "", but(mail, func(s *Speaker) { s.Skew = 60 })), at(2, "", but(bugs, func(s *Speaker) { s.Skew = 62 }))},
			want:      []string{"warn: the clocks of all 2 publishers are about 1m2s ahead of ours"},
		},
		"a certificate ends": {
			endpoints: []Endpoint{at(1, "", but(mail, func(s *Speaker) { s.Until = noon.AddDate(0, 0, 29) }))},
			want:      []string{"warn: the certificate of mail2bus-lists.example.org ends on 2026-03-02"},
		},
		"no replay": {
			endpoints: []Endpoint{func() Endpoint {
				e := at(1, "", mail)
				e.Answers, e.ReplayError = "", "no"
				return e
			}()},
			want: []string{"warn: mail2bus.lists answers no replay, so what a subscriber misses cannot be had again: no"},
		},
		"lists": {
			endpoints: []Endpoint{at(1, "", mail)},
			sources:   []discovery.Status{{Source: "file:a", State: discovery.Unreadable, Error: "nonsense"}, {Source: "dir:b", State: discovery.Absent}, {Source: "dir:c", State: discovery.Empty}},
			want:      []string{"fail: it cannot be read", "warn: it is not there", "warn: it names nobody"},
		},
	} {
		r := Report{Time: noon, Endpoints: c.endpoints, Sources: c.sources}
		if r.Sources == nil {
			r.Sources = []discovery.Status{{Source: "tcp://x:1", State: discovery.Found}}
		}
		r.judge(judging{beat: 30 * time.Second, waited: 35 * time.Second, verified: true})
		if got := said(r.All()); !same(got, c.want) {
			t.Errorf("%s:\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
	}
}

func said(findings []program.Finding) []string {
	var list []string
	for _, f := range findings {
		list = append(list, f.Level+": "+f.Detail)
	}
	return list
}

func same(got, want []string) bool {
	return slices.EqualFunc(got, want, strings.HasPrefix)
}
