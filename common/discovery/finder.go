package discovery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"busbar/common/wire/guard"
)

// A State is what a source is.
type State string

// A source is in one of these states. Unreadable keeps what was known before.
const (
	Found      State = "found"
	Absent     State = "absent"
	Empty      State = "empty"
	Unreadable State = "unreadable"
)

// Options say how is looked. A zero takes the default in brackets.
type Options struct {
	Every   time.Duration // how often files are read [2 s]
	Servers []string      // HOST:PORT of DNS servers, asked in turn [those of /etc/resolv.conf]
	Log     *slog.Logger  // [silent]

	least time.Duration // for tests: the shortest TTL [30 s]
}

// Status is what one source says now.
type Status struct {
	Source    string    `json:"source"`
	State     State     `json:"state"`
	Since     time.Time `json:"since"` // of this state
	Endpoints int       `json:"endpoints"`
	Error     string    `json:"error,omitempty"` // why it is unreadable
}

// forever is the pause before a source that never changes is looked at again.
const forever time.Duration = -1

// A source is one place to look.
type source interface {
	look(ctx context.Context) report
}

// A report is what a source says at one look.
type report struct {
	state     State
	endpoints []Endpoint
	err       error // why it is unreadable, for people
	again     time.Duration
}

// A Finder looks at its sources and follows their changes, until it is closed. It
// is safe for concurrent use.
type Finder struct {
	log    *slog.Logger
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu      sync.Mutex
	sources []*looked
	all     []Endpoint
	changed chan struct{}
}

// looked is a source with what it said last.
type looked struct {
	source
	Status
	endpoints []Endpoint
}

// Check reports a source that is not written as one.
func Check(text string) error {
	_, err := parse(text, Options{})
	return err
}

// Start looks at every source once, at most a few seconds long, and then follows
// their changes until ctx ends or the finder is closed. A malformed source is an
// error; one that is absent or cannot be read is reported, and looked at again.
func Start(ctx context.Context, sources []string, o Options) (*Finder, error) {
	f := &Finder{log: o.Log, changed: make(chan struct{})}
	if f.log == nil {
		f.log = slog.New(slog.DiscardHandler)
	}
	for _, text := range sources {
		s, err := parse(text, o)
		if err != nil {
			return nil, err
		}
		f.sources = append(f.sources, &looked{source: s, Status: Status{Source: text}})
	}
	ctx, f.cancel = context.WithCancel(ctx)
	var first sync.WaitGroup
	for _, s := range f.sources {
		first.Add(1)
		f.wg.Go(func() { f.follow(ctx, s, first.Done) })
	}
	first.Wait()
	return f, nil
}

func parse(text string, o Options) (source, error) {
	every := o.Every
	if every <= 0 {
		every = 2 * time.Second
	}
	kind, rest, _ := strings.Cut(text, ":")
	switch {
	case rest == "" && (kind == "file" || kind == "dir"):
		return nil, fmt.Errorf("%q: want %s:PATH", text, kind)
	case kind == "file":
		return &file{path: rest, every: every}, nil
	case kind == "dir":
		return &directory{path: rest, every: every}, nil
	case kind == "srv":
		return newSRV(rest, o)
	}
	e := Endpoint{Address: text}
	return fixed(e), e.check()
}

// follow looks at one source until ctx ends; first is called after the first look.
func (f *Finder) follow(ctx context.Context, s *looked, first func()) {
	for {
		r := s.look(ctx)
		if ctx.Err() == nil {
			f.take(s, r)
		}
		if first != nil {
			first()
			first = nil
		}
		var again <-chan time.Time // never, for what never changes
		if r.again != forever {
			again = time.After(r.again)
		}
		select {
		case <-ctx.Done():
			return
		case <-again:
		}
	}
}

// take keeps what a source said, and reports what is new in it.
func (f *Finder) take(s *looked, r report) {
	f.mu.Lock()
	defer f.mu.Unlock()
	reason := ""
	if r.err != nil {
		reason = r.err.Error()
	}
	if s.State != r.state || s.Error != reason {
		if s.State != r.state {
			s.Since = time.Now()
		}
		level := slog.LevelInfo
		if r.state != Found {
			level = slog.LevelWarn
		}
		args := []any{"source", s.Source, "state", string(r.state), "endpoints", len(r.endpoints)}
		if r.err != nil {
			args = append(args, "error", r.err)
		}
		f.log.Log(context.Background(), level, "looked for publishers", args...)
	}
	s.State, s.Error, s.Endpoints, s.endpoints = r.state, reason, len(r.endpoints), r.endpoints
	var all []Endpoint
	for _, one := range f.sources {
		all = append(all, one.endpoints...)
	}
	all, err := merge(all)
	if err != nil {
		f.log.Error("too many publishers, the known ones are kept", "error", errors.New("the sources together name more than 1000 endpoints"))
		return
	}
	if !slices.Equal(all, f.all) {
		f.all = all
		close(f.changed)
		f.changed = make(chan struct{})
	}
}

// Endpoints is where publishers are now, sorted by address.
func (f *Finder) Endpoints() []Endpoint {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.all)
}

// Changed is closed when Endpoints changes. Take it before reading them, so that
// no change is missed.
func (f *Finder) Changed() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.changed
}

// Status tells of each source what it says.
func (f *Finder) Status() []Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := make([]Status, 0, len(f.sources))
	for _, s := range f.sources {
		list = append(list, s.Status)
	}
	return list
}

// Close ends the finder, and returns when its goroutines are gone.
func (f *Finder) Close() {
	f.cancel()
	f.wg.Wait()
}

// addressOf writes a host and a port as an endpoint.
func addressOf(host string, port uint16) string {
	return guard.Endpoint{Host: host, Port: port}.String()
}
