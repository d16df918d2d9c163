package soap

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	gowsdl "github.com/hooklift/gowsdl/soap"

	"busbar/common/secret"
)

// Options say whom to ask, and how.
type Options struct {
	URL       string
	UserAgent string        // whoever runs the server should find whom to write to
	Timeout   time.Duration // of a whole call, from the connection to the reply's end [60 s]
	Limits    Limits
	Pacer     *Pacer // nil: no pace
}

// A Client asks one thing at a time. It may be used by several goroutines.
type Client struct {
	options Options
	http    http.Client
	turn    chan struct{}

	transport       http.RoundTripper
	requests, bytes atomic.Int64
	clock           atomic.Pointer[time.Duration]
}

// NewClient makes a client; it does not ask anything yet.
func NewClient(o Options) (*Client, error) {
	u, err := url.Parse(o.URL)
	if err != nil {
		return nil, fmt.Errorf("reading the server's URL: %w", secret.Hide(o.URL, err))
	}
	if u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return nil, fmt.Errorf("the server's URL %q is none of https or http", secret.Redact(o.URL))
	}
	if strings.ContainsFunc(o.UserAgent, func(r rune) bool { return r < ' ' || r > '~' }) {
		return nil, fmt.Errorf("the user agent %q has characters that are not ASCII", o.UserAgent)
	}
	if o.Timeout <= 0 {
		o.Timeout = time.Minute
	}
	if o.Pacer == nil {
		o.Pacer = NewPacer(0)
	}
	c := &Client{options: o, transport: transport(), turn: make(chan struct{}, 1)}
	c.http = http.Client{Transport: counting{c}, CheckRedirect: c.redirect}
	return c, nil
}

// transport is net/http's own, for one request a connection: pauses between
// requests are longer than servers keep connections.
func transport() http.RoundTripper {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DisableKeepAlives:      true,
		MaxResponseHeaderBytes: 64 << 10,
		TLSHandshakeTimeout:    20 * time.Second,
	}
}

// Call asks for a method and returns the response element. args are int,
// string, []int or []string, by position.
//
// Errors: *Fault, *StatusError, those of this package that errors.Is tells,
// ctx's own, and whatever the network says.
func (c *Client) Call(ctx context.Context, namespace, method string, args ...any) (*Node, error) {
	n, err := c.call(ctx, request{xml.Name{Space: namespace, Local: method}, args})
	if err != nil {
		return nil, fmt.Errorf("asking for %s: %w", method, secret.Hide(c.options.URL, err))
	}
	return n, nil
}

func (c *Client) call(ctx context.Context, r request) (*Node, error) {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err := c.options.Pacer.Wait(ctx); err != nil {
		return nil, err
	}
	whole, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	x := &exchange{client: c}
	g := gowsdl.NewClient(c.options.URL, gowsdl.WithHTTPClient(x),
		gowsdl.WithHTTPHeaders(map[string]string{"User-Agent": c.options.UserAgent}))
	action := fmt.Sprintf(`"%s#%s"`, r.name.Space, r.name.Local)
	err := g.CallContext(whole, action, r, &struct{ XMLName xml.Name }{})
	switch {
	case err == nil:
		return x.response, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case whole.Err() != nil || errors.Is(err, context.DeadlineExceeded):
		return nil, fmt.Errorf("%w: it was not complete after %s; ask for less at once, or raise the time-out", ErrSlow, c.options.Timeout)
	}
	return nil, err
}

// Traffic counts what went over the wire: requests, redirected ones too, and
// the bytes of bodies that were read, unpacked.
func (c *Client) Traffic() (requests, bytes int64) {
	return c.requests.Load(), c.bytes.Load()
}

// Clock is how far the server's clock was from ours at the last reply (Date, RFC 9110
// §6.6.1); nil: no reply has said what time it is.
func (c *Client) Clock() *time.Duration { return c.clock.Load() }

// redirect follows on the same host only, and only where the question is asked
// again: most redirects make a POST a GET.
func (c *Client) redirect(req *http.Request, via []*http.Request) error {
	first := via[0].URL
	target := line(req.URL.Redacted(), 200)
	switch {
	case len(via) >= 5:
		return fmt.Errorf("%w: the server redirects again and again, now to %s", ErrRefused, target)
	case req.Method != http.MethodPost:
		return fmt.Errorf("%w: the server has moved to %s; if that is right, make it the URL", ErrRefused, target)
	case !strings.EqualFold(req.URL.Hostname(), first.Hostname()) || first.Scheme == "https" && req.URL.Scheme != "https":
		return fmt.Errorf("%w: the server redirects to %s, elsewhere; if that is right, make it the URL", ErrRefused, target)
	}
	return c.options.Pacer.Wait(req.Context())
}
