// Package outside makes the HTTP requests of those destinations that ask servers: one
// request at a time, bounded, without following redirects. Where people wrote the
// address, it keeps requests out of the own network (a Guard): what a name means is
// looked at when the connection is made, not before.
//
// Not here: what a destination says (ntfy, webhook and their neighbours), and requests
// of adapters to their hub (common/push).
package outside

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"sync/atomic"
	"time"

	"busbar/bus/notify/dest"
	"busbar/common/secret"
)

// Config is the [notify.outside] table.
type Config struct {
	Allow []string `toml:"allow" doc:"Networks that are not public and to which requests may go all the same, where people give the address: such as 192.168.7.0/24. There http is taken, too. Loopback, private and link-local networks are refused otherwise, whatever a name means."`
	CA    string   `toml:"ca" doc:"PEM file of authorities to trust, beside those of the system."`
}

const (
	dialTimeout = 10 * time.Second
	idleTimeout = 90 * time.Second
	mostHeader  = 64 << 10 // bytes of an answer
	mostBody    = 64 << 10
)

// A Client makes requests. It may be used by several goroutines.
type Client struct {
	transport *http.Transport
	closed    atomic.Bool
}

// Guarded is a client for addresses that people wrote. It uses no proxy: behind one,
// nobody could say whom a request reaches.
func (c Config) Guarded() (*Client, Guard, error) {
	guard, err := NewGuard(c.Allow)
	if err != nil {
		return nil, Guard{}, err
	}
	client, err := c.client(&net.Dialer{Timeout: dialTimeout, Control: guard.control})
	return client, guard, err
}

// Open is a client for the servers that an administrator configured, wherever they
// are; it goes through the proxy that the environment names (HTTPS_PROXY).
func (c Config) Open() (*Client, error) {
	client, err := c.client(&net.Dialer{Timeout: dialTimeout})
	if err == nil {
		client.transport.Proxy = http.ProxyFromEnvironment
	}
	return client, err
}

func (c Config) client(dialer *net.Dialer) (*Client, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CA != "" {
		pem, err := os.ReadFile(c.CA)
		if err != nil {
			return nil, fmt.Errorf("reading [notify.outside] ca: %w", err)
		}
		if config.RootCAs, err = x509.SystemCertPool(); err != nil {
			return nil, fmt.Errorf("reading the system's authorities: %w", err)
		}
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("reading [notify.outside] ca: %s holds no certificate in PEM", c.CA)
		}
	}
	return &Client{transport: &http.Transport{
		DialContext:            dialer.DialContext,
		TLSClientConfig:        config,
		TLSHandshakeTimeout:    dialTimeout,
		IdleConnTimeout:        idleTimeout,
		MaxConnsPerHost:        8,
		MaxIdleConns:           64,
		MaxResponseHeaderBytes: mostHeader,
		ForceAttemptHTTP2:      true,
	}}, nil
}

// RoundTripper makes the requests, for libraries that make their own: without the limits
// of Do on answers.
func (c *Client) RoundTripper() http.RoundTripper { return c.transport }

// Close ends the connections; no request is made after it.
func (c *Client) Close() error {
	c.closed.Store(true)
	c.transport.CloseIdleConnections()
	return nil
}

// A Request is one request.
type Request struct {
	Method string // such as PUT
	URL    string // it may hold secrets: no error shows more of it than the host
	Header http.Header
	Body   []byte
	// Twice says that the far side knows the request again: it does no harm when it
	// comes twice.
	Twice bool
}

// A Reply is its answer, whatever its status: the body is cut at 64 KiB.
type Reply struct {
	Code   int
	Header http.Header
	Body   []byte
}

// Do makes a request, and reads the answer. An error says that there was none; where
// the far side may have got the request all the same, [dest.Error] says so.
func (c *Client) Do(ctx context.Context, r Request) (*Reply, error) {
	if c.closed.Load() {
		return nil, errors.New("asking: the destination is closed")
	}
	handed := atomic.Bool{}
	trace := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { handed.Store(true) }})
	req, err := http.NewRequestWithContext(trace, r.Method, r.URL, bytes.NewReader(r.Body))
	if err != nil {
		return nil, dest.Refused(errors.New("asking: the address cannot be read")) // err holds it
	}
	for name, values := range r.Header {
		req.Header[name] = values
	}
	req.Header.Set("User-Agent", "busbar")
	if r.Twice {
		// An empty one is not sent: it lets net/http send the request again where the
		// far side closed an idle connection meanwhile.
		if _, set := req.Header["Idempotency-Key"]; !set {
			req.Header["Idempotency-Key"] = nil
		}
	}
	resp, err := c.transport.RoundTrip(req) // which follows no redirect
	if err != nil {
		return nil, failed(ctx, req, err, handed.Load() && !r.Twice)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, mostBody)) // the status has come, and counts
	return &Reply{resp.StatusCode, resp.Header, body}, nil
}

// failed is what it means that a request has no answer.
func failed(ctx context.Context, req *http.Request, err error, unsure bool) error {
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	inside := errors.Is(err, ErrInside)
	err = fmt.Errorf("asking %s: %w", host(req.URL), secret.Hide(req.URL.String(), err))
	switch {
	case inside:
		return dest.Refused(err)
	case unsure:
		return dest.Unsure(err)
	}
	return err
}
