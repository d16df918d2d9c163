package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"busbar/contrib/trials/trial"
	"busbar/fixtures/ports"
)

const hookSecret = "a secret that only the forge knows"

// A caller is a forge, or somebody who plays one.
type caller struct {
	url    string
	client *http.Client
}

// actWebhooks sends pushes as forges do, and as those who would like to be one.
func actWebhooks(ctx context.Context, o options, s *site) (string, error) {
	server := s.Daemon("scmhook", "serve")
	c, err := s.serve(ctx, server)
	if err != nil {
		return "", err
	}
	genuine := func(i int) (int, error) { return c.post(ctx, payload(i), fmt.Sprint("delivery-", i), hookSecret) }
	steps := []struct {
		what string
		send func(int) (int, error)
		n    int
		want int
	}{
		{"genuine", genuine, o.hooks, http.StatusOK},
		{"sent again", genuine, o.hooks, http.StatusOK},
		{"sent again under another name", func(i int) (int, error) {
			return c.post(ctx, payload(i), fmt.Sprint("other-", i), hookSecret)
		}, o.hooks, http.StatusOK},
		{"forged", func(i int) (int, error) {
			return c.post(ctx, payload(i+1_000_000), fmt.Sprint("forged-", i), "what the forge does not know")
		}, o.hooks, http.StatusForbidden},
		{"too long", func(i int) (int, error) {
			return c.post(ctx, bytes.Repeat([]byte(" "), 8<<20+1), fmt.Sprint("long-", i), hookSecret)
		}, max(o.hooks/50, 2), http.StatusRequestEntityTooLarge},
	}
	for _, step := range steps {
		times, err := many(step.n, step.send, step.want)
		if err != nil {
			return "", fmt.Errorf("%s: %w", step.what, err)
		}
		s.report("webhooks: "+step.what, times)
	}
	slow, err := c.hang(o.hooks / 5)
	if err != nil {
		return "", err
	}
	times, err := many(o.hooks, func(i int) (int, error) { return genuine(i + o.hooks) }, http.StatusOK)
	for _, conn := range slow {
		conn.Close()
	}
	if err != nil {
		return "", fmt.Errorf("beside slow senders: %w", err)
	}
	s.report(fmt.Sprintf("webhooks: beside %d slow senders", len(slow)), times)
	memory := trial.Peak(server.PID())
	if err := server.Stop(); err != nil {
		return "", err
	}
	n, err := trial.Stored(ctx, s.journal())
	if err != nil {
		return "", err
	}
	want := int64(2 * 2 * o.hooks) // a branch and a commit of each genuine one
	return fmt.Sprintf("%d messages of %d genuine pushes, lost or doubled %d; memory at most %s", n, 2*o.hooks, max(n-want, want-n), memory), count(n, want)
}

// serve starts the server and waits for it.
func (s *site) serve(ctx context.Context, server *trial.Victim) (caller, error) {
	address, err := ports.Address()
	if err != nil {
		return caller{}, err
	}
	if err := os.WriteFile(s.Path("secrets"), []byte(hookSecret+"\n"), 0o600); err != nil {
		return caller{}, err
	}
	config, err := os.OpenFile(s.Config("scmhook"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return caller{}, err
	}
	_, err = fmt.Fprintf(config, "[webhook]\nlisten = %q\nsecrets = %q\n", address, s.Path("secrets"))
	if err = errors.Join(err, config.Close()); err != nil {
		return caller{}, err
	}
	if err := server.Start(); err != nil {
		return caller{}, err
	}
	c := caller{"http://" + address + "/", &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 8}}}
	return c, trial.AwaitListener(ctx, address)
}

// post sends a payload as GitHub does.
func (c caller) post(ctx context.Context, body []byte, delivery, secret string) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-GitHub-Event", "push")
	r.Header.Set("X-GitHub-Delivery", delivery)
	r.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	res, err := c.client.Do(r)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, err
}

// hang opens requests that never end.
func (c caller) hang(n int) ([]net.Conn, error) {
	var all []net.Conn
	for range n {
		conn, err := net.Dial("tcp", strings.Trim(strings.TrimPrefix(c.url, "http://"), "/"))
		if err != nil {
			return all, err
		}
		all = append(all, conn)
		if _, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nX-GitHub-Event: push\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{"); err != nil {
			return all, err
		}
	}
	return all, nil
}

// many sends from four senders at a time, and gives how long each took.
func many(n int, send func(int) (int, error), want int) (trial.Times, error) {
	var wg sync.WaitGroup
	times := make(trial.Times, n)
	errs := make([]error, n)
	next := make(chan int)
	for range 4 {
		wg.Go(func() {
			for i := range next {
				began := time.Now()
				status, err := send(i)
				times[i] = time.Since(began)
				if err == nil && status != want {
					err = fmt.Errorf("the answer is %d, want %d", status, want)
				}
				errs[i] = err
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
	return times, errors.Join(errs...)
}

// payload is a push to a branch of its own.
func payload(i int) []byte {
	old, id := fmt.Sprintf("%040x", 2*i+1), fmt.Sprintf("%040x", 2*i+2)
	return fmt.Appendf(nil, `{"ref":"refs/heads/topic-%d","before":%q,"after":%q,"base_ref":null,"repository":{"full_name":"tea/kettle"},
"pusher":{"name":"nora"},"commits":[{"id":%q,"distinct":true,"message":"Change %d","timestamp":"2026-03-14T09:00:00Z",
"author":{"name":"Nora Ortega","email":"nora@example.org"},"added":["a"],"removed":[],"modified":[]}]}`, i, old, id, id, i)
}
