package soap

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// An exchange is the HTTP client under gowsdl's for one call. It reads the
// reply, and hands up an envelope in which nothing is left to decode.
type exchange struct {
	client   *Client
	response *Node
}

const decoded = `<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body><decoded/></Body></Envelope>`

// Do implements gowsdl's HTTPClient.
func (x *exchange) Do(req *http.Request) (*http.Response, error) {
	resp, err := x.client.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if x.response, err = Read(resp, x.client.options.Limits); err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/xml"}},
		Body: io.NopCloser(strings.NewReader(decoded)),
	}, nil
}

// maxRefusal bounds the body of a reply with a status that says no.
const maxRefusal = 1 << 20

// Read decodes an HTTP reply, as Client.Call does.
func Read(resp *http.Response, lim Limits) (*Node, error) {
	if resp.StatusCode/100 == 2 {
		return Decode(resp.Body, resp.Header.Get("Content-Type"), lim)
	}
	lim = lim.filled()
	lim.Bytes = min(lim.Bytes, maxRefusal)
	head := &beginning{r: resp.Body}
	_, err := Decode(head, resp.Header.Get("Content-Type"), lim)
	if f, ok := errors.AsType[*Fault](err); ok {
		return nil, f
	}
	return nil, &StatusError{
		Code: resp.StatusCode, Text: line(string(head.text), 80),
		RetryAfter: retryAfter(resp.Header, time.Now()),
	}
}

// counting counts what goes over the wire.
type counting struct{ client *Client }

func (c counting) RoundTrip(req *http.Request) (*http.Response, error) {
	c.client.requests.Add(1)
	resp, err := c.client.transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if at, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		off := time.Until(at)
		c.client.clock.Store(&off)
	}
	if resp.Body == nil {
		return nil, fmt.Errorf("%w: it has no body", ErrCut)
	}
	resp.Body = countedBody{resp.Body, c.client}
	return resp, nil
}

type countedBody struct {
	io.ReadCloser
	client *Client
}

func (b countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.client.bytes.Add(int64(n))
	return n, err
}
