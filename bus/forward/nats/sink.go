package nats

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"busbar/common/condition"
	"busbar/common/drain"
)

// A Sink is the way out into one stream. It may serve one loop at a time.
type Sink struct {
	Servers []string // of one cluster: nats://HOST:PORT or tls://HOST:PORT
	Access  Access
	// Stream is how the stream is made where there is none of its name. One that is
	// there is left as it is.
	Stream jetstream.StreamConfig
	// Create says that it may be made.
	Create bool
	Domain string // of JetStream; empty: that of the server
	Log    *slog.Logger

	mu    sync.Mutex
	state State
	lost  condition.Condition // what the stream no longer has

	// Of the loop alone.
	known known
	other map[fact]bool // whose id the stream has under another subject
	// The newest that were acknowledged, and those of them that the stream has lost.
	kept, back []*sent
	keptSize   int
}

// Access is how the servers let us in. Files are read at each connection, so that
// they can be renewed.
type Access struct {
	User         string
	PasswordFile string
	TokenFile    string
	NkeyFile     string // of a seed
	Credentials  string // file with a JWT and its seed, as nsc makes it

	CA, Certificate, Key string // PEM files; CA empty: the system's authorities
}

// A State is what is known of the far side.
type State struct {
	Server   string    `json:"server"` // to which it is connected; empty: to none
	Stream   string    `json:"stream"` // empty: not known yet, as all that follows
	Created  time.Time `json:"created"`
	Messages uint64    `json:"messages"`
	First    uint64    `json:"first"`
	Last     uint64    `json:"last"` // the newest number in the stream that is known
	Replicas int       `json:"replicas"`
	Leader   string    `json:"leader,omitempty"` // in a cluster
	Restored uint64    `json:"restored"`         // messages that the stream had lost and got again, since the start
}

// Limits in time.
const (
	dialPatience  = 5 * time.Second  // to connect to one server, with its greeting
	askPatience   = 10 * time.Second // for an answer of JetStream's
	readPatience  = 30 * time.Second // a connection on which nothing comes is dead; pings see to it that something does
	writePatience = 10 * time.Second
	pingEvery     = 10 * time.Second
	endPatience   = 2 * time.Second // for acknowledgements under way when the connection is to be closed
)

// Open connects, makes or checks the stream, and finds out what of ours it has.
func (s *Sink) Open(ctx context.Context, link *drain.Link) (drain.Conn, error) {
	nc, line, err := s.dial(ctx, link.Fail)
	if err != nil {
		return nil, err
	}
	c := &conn{sink: s, link: link, line: line, client: client{nc: nc, prefix: apiPrefix(s.Domain), stream: s.Stream.Name}, ctx: ctx, wake: make(chan struct{}, 1), done: make(chan struct{})}
	if err := c.begin(ctx); err != nil {
		line.end()
		nc.Close()
		return nil, err
	}
	s.note(func(st *State) { st.Server = nc.ConnectedUrlRedacted() })
	return c, nil
}

// Check connects, looks at the stream and changes nothing: what is there, and what is
// in the way. A stream that is missing and would be made is no error.
func (s *Sink) Check(ctx context.Context) (State, []string, error) {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	nc, line, err := s.dial(ctx, fail)
	if err != nil {
		return State{}, nil, err
	}
	defer nc.Close()
	defer line.end()
	c := client{nc: nc, prefix: apiPrefix(s.Domain), stream: s.Stream.Name}
	info, err := c.info(ctx, false)
	if errors.Is(err, errNoStream) && s.Create {
		return State{Server: nc.ConnectedUrlRedacted()}, []string{fmt.Sprintf("the stream %s is not there, and would be made", s.Stream.Name)}, nil
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause // it says more
	}
	if err != nil {
		return State{Server: nc.ConnectedUrlRedacted()}, nil, explain(err)
	}
	s.noteInfo(info)
	s.note(func(st *State) { st.Server = nc.ConnectedUrlRedacted() })
	return s.State(), s.differences(info.Config), usable(info.Config)
}

// State is what is known of the far side now. It may be asked from any goroutine.
func (s *Sink) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// Conditions is what is not as it should be with the stream, beside what the loop says.
func (s *Sink) Conditions() []condition.Condition {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lost.Name == "" {
		return nil
	}
	return []condition.Condition{s.lost}
}

func (s *Sink) note(change func(*State)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.state)
}

func (s *Sink) noteInfo(info *jetstream.StreamInfo) {
	s.note(func(st *State) {
		st.Stream, st.Created, st.Messages = info.Config.Name, info.Created, info.State.Msgs
		st.First, st.Last, st.Replicas = info.State.FirstSeq, info.State.LastSeq, info.Config.Replicas
		if st.Leader = ""; info.Cluster != nil {
			st.Leader = info.Cluster.Leader
		}
	})
}

func (s *Sink) log() *slog.Logger {
	if s.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.Log
}

// clientTLS is the TLS that a connection needs; nil: as the server asks for it.
func (a Access) clientTLS(wanted bool) (*tls.Config, error) {
	if a.CA == "" && a.Certificate == "" && !wanted {
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if a.CA != "" {
		pool, err := authority(a.CA)
		if err != nil {
			return nil, err
		}
		c.RootCAs = pool
	}
	if a.Certificate != "" {
		pair, err := tls.LoadX509KeyPair(a.Certificate, a.Key)
		if err != nil {
			return nil, fmt.Errorf("reading the certificate for the servers: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}
