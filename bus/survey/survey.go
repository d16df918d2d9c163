// Package survey looks at the bus. An [Observer] looks at all publishers until it is
// closed: where discovery finds them, who answers, with which sockets, whose
// certificate, and how old what they said last is; its [Report] says also what is
// wrong, and who claims to be another. A [Hub] is asked what it has, and a [Journal] of
// this machine is read.
//
// What strangers can make it keep is bounded: for each endpoint a number of
// publishers, and a few of the messages that were refused.
//
// Not here: how it is shown (the commands that use it).
package survey

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"busbar/common/discovery"
	"busbar/common/program"
	"busbar/common/sign"
	"busbar/common/wire"
)

// Options say what is looked at. A zero takes the default in brackets.
type Options struct {
	Publishers []string       // as [bus] subscribe and discover have them
	Verifier   *sign.Verifier // nil: certificates are shown, and not checked
	Beat       time.Duration  // how often publishers say their newest number, where none has said [30 s]
	Again      time.Duration  // how often each endpoint is asked again [15 s]
	Log        *slog.Logger   // [silent]

	now func() time.Time // for tests
}

// A Report is what is known at one moment.
type Report struct {
	Time      time.Time          `json:"time"`
	Sources   []discovery.Status `json:"sources"`
	Endpoints []Endpoint         `json:"endpoints"`
	// Findings are what is wrong with the whole; each endpoint has its own.
	Findings []program.Finding `json:"findings"`
}

// An Endpoint is one address, and who speaks there.
type Endpoint struct {
	Address string `json:"address"`
	Name    string `json:"name,omitempty"`   // that discovery gives it
	Replay  string `json:"replay,omitempty"` // another address for replay, as discovery has it
	// Asked is false before it was asked for the first time. Error says why it did not
	// answer as a publisher, ReplayError why it answers no replay.
	Asked       bool      `json:"asked"`
	Version     string    `json:"zmtp,omitempty"`          // of its protocol, such as 3.1
	Socket      string    `json:"socket,omitempty"`        // that a subscriber meets: PUB or XPUB of a publisher
	Answers     string    `json:"replay_socket,omitempty"` // that who asks for replay meets: ROUTER or REP
	Error       string    `json:"error,omitempty"`
	ReplayError string    `json:"replay_error,omitempty"`
	Connected   bool      `json:"connected"`
	Speakers    []Speaker `json:"publishers"`
	Others      int       `json:"others,omitempty"`  // messages of publishers beyond those that are kept
	Refused     int64     `json:"refused,omitempty"` // messages that were not believed
	Refusals    []Refusal `json:"refusals,omitempty"`
	// Findings are what is wrong with it, each with what to do.
	Findings []program.Finding `json:"findings"`
}

// A Speaker is a publisher, as it speaks at an endpoint.
type Speaker struct {
	Publisher   string    `json:"publisher,omitempty"` // empty: it counts nothing, as fedmsg's own
	Epoch       string    `json:"epoch,omitempty"`
	Certificate string    `json:"certificate,omitempty"` // its name, or gpg: and an OpenPGP key's; empty: nothing is signed
	Verified    bool      `json:"verified"`
	Until       time.Time `json:"until,omitzero"` // when the certificate ends
	Newest      int64     `json:"newest,omitempty"`
	Message     time.Time `json:"message,omitzero"`   // when the newest message was taken, by its publisher's clock
	Heartbeat   time.Time `json:"heartbeat,omitzero"` // when the newest came, by our clock
	// Interval is how often it says heartbeats, in seconds; Skew how far its clock is
	// ahead of ours, in seconds, as its newest heartbeat had it.
	Interval float64 `json:"interval,omitempty"`
	Skew     float64 `json:"skew"`
	// Rate is how many messages it took in a minute, over the last ten; nil: unknown.
	Rate *float64 `json:"rate,omitempty"`

	certificate [32]byte // the digest of the member
}

// A Refusal is a message that was not believed.
type Refusal struct {
	Publisher   string `json:"publisher,omitempty"`   // that it names
	Certificate string `json:"certificate,omitempty"` // that it shows
	Reason      string `json:"reason"`
}

// Limits on what is kept of an endpoint, and on how many are asked at once.
const (
	maxSpeakers = 100
	maxRefusals = 4
	maxName     = 256 // bytes of a name or a reason
	maxAsked    = 64
	patience    = 10 * time.Second // for all that an endpoint is asked
)

// An Observer looks until it is closed. It is safe for concurrent use.
type Observer struct {
	o        Options
	follower *wire.Follower
	cancel   context.CancelFunc
	wg       sync.WaitGroup
	places   chan struct{} // of those who ask
	started  time.Time

	mu        sync.Mutex
	endpoints map[string]*Endpoint
	asking    map[string]time.Time // when each was last asked
	changed   chan struct{}        // closed and replaced when something is known that was not
}

// Start begins to look. A malformed place to look is an error; who is away is not.
func Start(ctx context.Context, o Options) (*Observer, error) {
	if o.Beat <= 0 {
		o.Beat = 30 * time.Second
	}
	if o.Again <= 0 {
		o.Again = 15 * time.Second
	}
	if o.now == nil {
		o.now = time.Now
	}
	ctx, cancel := context.WithCancel(ctx)
	f, err := wire.Follow(ctx, wire.FollowOptions{Endpoints: o.Publishers, Verifier: o.Verifier, Remember: 1000, Log: o.Log})
	if err != nil {
		cancel()
		return nil, err
	}
	obs := &Observer{
		o: o, follower: f, cancel: cancel, places: make(chan struct{}, maxAsked), started: o.now(),
		endpoints: map[string]*Endpoint{}, asking: map[string]time.Time{}, changed: make(chan struct{}),
	}
	obs.wg.Go(func() { obs.listen(ctx) })
	obs.wg.Go(func() { obs.look(ctx) })
	return obs, nil
}

// Close ends the observer, and returns when its goroutines are gone.
func (o *Observer) Close() error {
	o.cancel()
	o.wg.Wait()
	return o.follower.Close()
}

// listen takes what publishers say.
func (o *Observer) listen(ctx context.Context) {
	for {
		d, err := o.follower.Next(ctx)
		if err != nil {
			return
		}
		o.mu.Lock()
		if e := o.endpoints[d.Endpoint]; e != nil {
			e.take(d, o.o.now())
			o.news()
		}
		o.mu.Unlock()
	}
}

// news wakes up who waits; with o.mu.
func (o *Observer) news() {
	close(o.changed)
	o.changed = make(chan struct{})
}

// Wait returns when every publisher that answers has said its newest number; after
// the time that they have for it, as soon as each was asked, which takes no longer than
// patience; or when ctx ends. tell, if not nil, is told how many of how many have.
func (o *Observer) Wait(ctx context.Context, heartbeats time.Duration, tell func(done, of int)) {
	over := time.NewTimer(heartbeats)
	defer over.Stop()
	late := false
	for {
		o.mu.Lock()
		done, asked := 0, 0
		for _, e := range o.endpoints {
			if e.complete() {
				done++
			}
			if e.Asked {
				asked++
			}
		}
		all, changed := len(o.follower.Found()), o.changed
		o.mu.Unlock()
		if tell != nil {
			tell(done, all)
		}
		if done >= all || late && asked >= all {
			return
		}
		select {
		case <-changed:
		case <-over.C:
			late = true
		case <-ctx.Done():
			return
		}
	}
}

// complete says that no more is to be expected soon.
func (e *Endpoint) complete() bool {
	switch {
	case !e.Asked:
		return false
	case e.Error != "" || e.Refused > 0:
		return true
	}
	return slices.ContainsFunc(e.Speakers, func(s Speaker) bool { return !s.Heartbeat.IsZero() || s.Publisher == "" })
}

// Report is what is known now.
func (o *Observer) Report() Report {
	connected := o.follower.Connected()
	r := Report{Time: o.o.now().UTC(), Sources: o.follower.Sources(), Endpoints: []Endpoint{}}
	o.mu.Lock()
	for _, address := range slices.Sorted(maps.Keys(o.endpoints)) {
		e := *o.endpoints[address]
		e.Connected = connected[address]
		e.Speakers, e.Refusals = slices.Clone(e.Speakers), slices.Clone(e.Refusals)
		slices.SortFunc(e.Speakers, func(a, b Speaker) int {
			return strings.Compare(a.Publisher+"\x00"+a.Certificate, b.Publisher+"\x00"+b.Certificate)
		})
		r.Endpoints = append(r.Endpoints, e)
	}
	waited := r.Time.Sub(o.started)
	o.mu.Unlock()
	r.judge(judging{beat: o.o.Beat, waited: waited, verified: o.o.Verifier != nil})
	return r
}

// All is every finding: those of the whole, then those of each endpoint.
func (r Report) All() []program.Finding {
	list := slices.Clone(r.Findings)
	for _, e := range r.Endpoints {
		list = append(list, e.Findings...)
	}
	return list
}
