// Package ask asks a hub by HTTP, for the commands: it waits where the hub is busy, and
// says what it refuses.
//
// Not here: what is asked (docs/howto/pages.md), and believing what comes (common/sign).
package ask

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// ErrNoHub says that who answers is no hub.
var ErrNoHub = errors.New("who answers there is no hub")

const (
	// patience is how long a hub may be silent if nobody says otherwise.
	patience = 60 * time.Second
	maxBody  = 256 << 20
	maxLine  = 64 << 20
	maxWait  = 30 * time.Second // that a busy hub may ask for
	tries    = 5
)

// A Refusal is an answer that is none: the hub says why.
type Refusal struct {
	Code int
	Text string // of the hub; empty: it gave no reason in its form
	// Said is the beginning of what came, where that is not the form of a hub.
	Said string
}

func (r *Refusal) Error() string {
	if r.Text != "" {
		return fmt.Sprintf("it answers %d: %s", r.Code, r.Text)
	}
	return fmt.Sprintf("it answers %d %s: %.200q", r.Code, http.StatusText(r.Code), r.Said)
}

// Unwrap is ErrNoHub where no hub answers so, and where it will not pass.
func (r *Refusal) Unwrap() error {
	if r.Text == "" && !r.passes() {
		return ErrNoHub
	}
	return nil
}

// passes says whether it may be answered later.
func (r *Refusal) passes() bool { return r.Code == http.StatusTooManyRequests || r.Code >= 500 }

// A Hub is one that is asked. It may be used by several goroutines.
type Hub struct {
	base     *url.URL
	client   *http.Client
	patience time.Duration
}

// Open takes the address of a hub, such as http://127.0.0.1:9480, and how long it may be
// silent before it answers and within an answer; 0: a minute. It asks nothing yet.
func Open(where string, silence time.Duration) (*Hub, error) {
	if silence <= 0 {
		silence = patience
	}
	base, err := url.Parse(where)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("%w: %q is no address of a hub, such as http://127.0.0.1:9480", ErrNoHub, where)
	}
	return &Hub{base, &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, ResponseHeaderTimeout: silence, TLSHandshakeTimeout: silence}}, silence}, nil
}

// Close lets go of connections.
func (h *Hub) Close() { h.client.CloseIdleConnections() }

// Get gives the whole answer at a path below the hub's address; empty: at that itself. A
// *Refusal is wrapped where the hub gives none.
func (h *Hub) Get(ctx context.Context, path string, args url.Values) (body []byte, err error) {
	err = h.ask(ctx, path, args, func(r io.Reader) error {
		if body, err = io.ReadAll(io.LimitReader(r, maxBody+1)); err == nil && len(body) > maxBody {
			err = fmt.Errorf("its answer is longer than %d bytes: ask for less", maxBody)
		}
		return err
	})
	return body, err
}

// Lines hands over the lines of an answer, whose bytes are the caller's, until an error.
func (h *Hub) Lines(ctx context.Context, path string, args url.Values, hand func([]byte) error) error {
	var failed error // of who takes them
	err := h.ask(ctx, path, args, func(r io.Reader) error {
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, maxLine)
		for lines.Scan() {
			if line := bytes.TrimSpace(lines.Bytes()); len(line) > 0 {
				if failed = hand(bytes.Clone(line)); failed != nil {
					return nil
				}
			}
		}
		if err := lines.Err(); err != nil {
			return fmt.Errorf("its answer was cut: %w", err)
		}
		return nil
	})
	if failed != nil {
		return failed
	}
	return err
}

// ask asks, again where the hub is busy, and reads the answer. A hub that is silent is
// left.
func (h *Hub) ask(ctx context.Context, path string, args url.Values, read func(io.Reader) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	at := *h.base
	if path != "" {
		at = *h.base.JoinPath(path)
	}
	at.RawQuery = args.Encode()
	resp, err := h.open(ctx, at.String())
	if err == nil {
		silent := time.AfterFunc(h.patience, func() { cancel(fmt.Errorf("it has sent nothing for %s", h.patience)) })
		err = read(&reading{resp.Body, silent, h.patience})
		silent.Stop()
		resp.Body.Close()
	}
	if err == nil {
		return nil
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return fmt.Errorf("asking the hub: %w", err)
}

// A reading is an answer that puts off the moment at which its hub counts as silent.
type reading struct {
	io.Reader
	silent   *time.Timer
	patience time.Duration
}

func (r *reading) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	r.silent.Reset(r.patience)
	return n, err
}

// open gives an answer to be read.
func (h *Hub) open(ctx context.Context, at string) (*http.Response, error) {
	for try := 1; ; try++ {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
		if err != nil {
			return nil, err
		}
		req.Header.Set("Accept", "application/json, application/x-ndjson")
		resp, err := h.client.Do(req)
		if err != nil {
			return nil, err
		}
		if resp.StatusCode == http.StatusOK {
			return resp, nil
		}
		refusal := refusalOf(resp)
		resp.Body.Close()
		wait := time.Second
		if n, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && n > 0 {
			wait = min(time.Duration(min(n, 3600))*time.Second, maxWait)
		}
		busy := resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= http.StatusBadGateway && resp.StatusCode <= http.StatusGatewayTimeout
		if !busy || try == tries {
			return nil, refusal
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
	}
}

func refusalOf(resp *http.Response) *Refusal {
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10)) // for people; the code says it all
	r := &Refusal{Code: resp.StatusCode, Said: strings.TrimSpace(string(text))}
	var said struct{ Error string }
	if json.Unmarshal(text, &said) == nil {
		r.Text = said.Error
	}
	return r
}
