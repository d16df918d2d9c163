package nats

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"busbar/common/secret"
)

// dial connects to one of the servers. What happens to the connection later is told to
// fail.
func (s *Sink) dial(ctx context.Context, fail func(error)) (*nats.Conn, *line, error) {
	wanted := strings.HasPrefix(s.Servers[0], "tls://")
	config, err := s.Access.clientTLS(wanted)
	if err != nil {
		return nil, nil, err
	}
	d := &dialer{ctx: ctx, line: &line{}}
	failed := func(err error) {
		if !d.line.ending.Load() {
			fail(err)
		}
	}
	options := []nats.Option{
		nats.Name("busbar forward"), nats.SetCustomDialer(d), nats.SkipHostLookup(), nats.Timeout(dialPatience),
		// A connection that breaks is of no use: what was on its way is not known. The
		// loop opens another.
		nats.NoReconnect(), nats.PingInterval(pingEvery), nats.MaxPingsOutstanding(2),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err == nil {
				err = errors.New("it was closed")
			}
			failed(fmt.Errorf("the connection to the server ended: %w", err))
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { failed(explain(err)) }),
	}
	if config != nil {
		options = append(options, nats.Secure(config))
	}
	access, err := s.Access.options()
	if err != nil {
		return nil, nil, err
	}
	nc, err := nats.Connect(strings.Join(s.Servers, ","), append(options, access...)...)
	d.stop()
	if err != nil {
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		if d.err != nil && errors.Is(err, nats.ErrNoServers) { // it says less than what was in the way
			err = d.err
		}
		return nil, nil, fmt.Errorf("connecting to %s: %w", strings.Join(s.Servers, ", "), explain(err))
	}
	return nc, d.line, nil
}

// options are how we say who we are.
func (a Access) options() ([]nats.Option, error) {
	var list []nats.Option
	if a.Credentials != "" {
		list = append(list, nats.UserCredentials(a.Credentials))
	}
	if a.NkeyFile != "" {
		o, err := nats.NkeyOptionFromSeed(a.NkeyFile)
		if err != nil {
			return nil, fmt.Errorf("reading the seed %s: %w", a.NkeyFile, err)
		}
		list = append(list, o)
	}
	if a.User != "" {
		password, err := secret.FirstLine(a.PasswordFile)
		if err != nil {
			return nil, fmt.Errorf("reading the password of %s: %w", a.User, err)
		}
		list = append(list, nats.UserInfo(a.User, password.Reveal()))
	}
	if a.TokenFile != "" {
		token, err := secret.FirstLine(a.TokenFile)
		if err != nil {
			return nil, fmt.Errorf("reading the token: %w", err)
		}
		list = append(list, nats.Token(token.Reveal()))
	}
	return list, nil
}

func authority(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the authority of the servers: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("reading the authority of the servers %s: no certificate is in it", file)
	}
	return pool, nil
}

// A dialer makes connections with deadlines, which end with ctx while they are made.
type dialer struct {
	ctx  context.Context
	line *line
	err  error // the last one
	ends []func() bool
}

// Dial is for the library.
func (d *dialer) Dial(network, address string) (net.Conn, error) {
	c, err := (&net.Dialer{Timeout: dialPatience}).DialContext(d.ctx, network, address)
	if err != nil {
		d.err = err
		return nil, err
	}
	d.line.take(c)
	d.ends = append(d.ends, context.AfterFunc(d.ctx, func() { _ = c.Close() }))
	return &timed{Conn: c, line: d.line}, nil
}

func (d *dialer) stop() {
	for _, end := range d.ends {
		end()
	}
}

// A line is the connection below the library's, to end it from outside.
type line struct {
	mu     sync.Mutex
	conn   net.Conn
	ending atomic.Bool
}

func (l *line) take(c net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn = c
}

// end has what is still written take a second at most.
func (l *line) end() {
	l.ending.Store(true)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn != nil {
		_ = l.conn.SetWriteDeadline(time.Now().Add(time.Second))
	}
}

// A timed connection has a deadline for each read and write: the library's own, and
// ours where that is nearer, or it has none.
type timed struct {
	net.Conn
	line        *line
	read, write atomic.Int64 // the library's, in nanoseconds; 0: none
}

func nearer(ours time.Duration, theirs int64) time.Time {
	t := time.Now().Add(ours)
	if theirs != 0 && theirs < t.UnixNano() {
		return time.Unix(0, theirs)
	}
	return t
}

func (c *timed) Read(b []byte) (int, error) {
	if err := c.Conn.SetReadDeadline(nearer(readPatience, c.read.Load())); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}

func (c *timed) Write(b []byte) (int, error) {
	patience := writePatience
	if c.line.ending.Load() {
		patience = time.Second
	}
	if err := c.Conn.SetWriteDeadline(nearer(patience, c.write.Load())); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

func nano(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// SetReadDeadline is for the library, as is what is below.
func (c *timed) SetReadDeadline(t time.Time) error { c.read.Store(nano(t)); return nil }

// SetWriteDeadline keeps the library's deadline beside ours.
func (c *timed) SetWriteDeadline(t time.Time) error { c.write.Store(nano(t)); return nil }

// SetDeadline is both.
func (c *timed) SetDeadline(t time.Time) error {
	c.read.Store(nano(t))
	c.write.Store(nano(t))
	return nil
}
