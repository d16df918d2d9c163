// Package push is a way out (drain.Sink) through HTTPS, for programs behind a
// firewall: messages are posted to a receiver, one or many in a request, each a line
// with its bytes as they are published. Requests are signed as Standard Webhooks has
// it (common/webhook).
//
// What a status means: 2xx says that the receiver has all lines for good. 400, 413,
// 415 and 422 refuse what was sent, however often: the message is found, and stored as
// missed. All else is the receiver's condition, and is tried again.
//
// Not here: the receiver, and who the messages are from (their own signatures say so).
package push

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"busbar/common/drain"
	"busbar/common/journal"
	"busbar/common/secret"
	"busbar/common/webhook"
)

// A Sink posts messages to one receiver.
type Sink struct {
	URL        secret.URL    // https; http for this machine alone
	SecretFile string        // see webhook.ParseSecrets; read again at each connection
	CA         string        // PEM file of whom alone to trust; empty: the system's
	Cert, Key  string        // PEM files of our own certificate; empty: none
	Batch      int           // most messages of a request [256]; 1: the request's id is the message's
	Timeout    time.Duration // of a request with its answer [30 s]

	most atomic.Int64 // bytes of a request that the receiver takes; 0: not known
}

const (
	defaultBatch   = 256
	defaultTimeout = 30 * time.Second
	mostBytes      = 1 << 20 // of a request with more than one message
	maxAnswer      = 64 << 10
)

// Open reads secret and certificates. A connection is made by the first request.
func (s *Sink) Open(_ context.Context, link *drain.Link) (drain.Conn, error) {
	secrets, err := webhook.ReadSecrets(s.SecretFile)
	if err != nil {
		return nil, err
	}
	transport, err := s.transport()
	if err != nil {
		return nil, err
	}
	return &conn{sink: s, link: link, secrets: secrets, transport: transport}, nil
}

type conn struct {
	sink      *Sink
	link      *drain.Link
	secrets   webhook.Secrets
	transport *http.Transport
}

// Close closes the connection.
func (c *conn) Close() error {
	c.transport.CloseIdleConnections()
	return nil
}

// Send posts the messages, in as many requests as it takes, each after the one before
// was answered.
func (c *conn) Send(ctx context.Context, batch []journal.Message) error {
	for len(batch) > 0 {
		part, size := c.part(batch)
		err := c.post(ctx, part)
		if errors.Is(err, errTooLarge) && len(part) > 1 {
			c.sink.most.Store(int64(size / 2))
			continue
		}
		if err != nil {
			return err
		}
		c.link.Ack(part[len(part)-1].Seq)
		batch = batch[len(part):]
	}
	return nil
}

// part is what fits into one request, at least one message.
func (c *conn) part(batch []journal.Message) (part []journal.Message, size int) {
	most := int(cmp.Or(c.sink.most.Load(), mostBytes))
	n := 0
	for n < len(batch) && n < cmp.Or(c.sink.Batch, defaultBatch) {
		if next := size + len(batch[n].Wire) + 1; n == 0 || next <= most {
			n, size = n+1, next
			continue
		}
		break
	}
	return batch[:n], size
}

// name is the id of a request: the message's, or the first one's and how many there
// are, which says what is in it.
func name(part []journal.Message) string {
	if len(part) == 1 {
		return part[0].ID
	}
	return fmt.Sprintf("%s+%d", part[0].ID, len(part))
}

// post sends one request.
func (c *conn) post(ctx context.Context, part []journal.Message) error {
	var body bytes.Buffer
	for _, m := range part {
		body.Write(m.Wire)
		body.WriteByte('\n')
	}
	timeout := cmp.Or(c.sink.Timeout, defaultTimeout)
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(limited, http.MethodPost, c.sink.URL.Reveal(), bytes.NewReader(body.Bytes()))
	if err != nil {
		return secret.Hide(c.sink.URL.Reveal(), err)
	}
	if u := req.URL.User; u != nil {
		password, _ := u.Password()
		req.SetBasicAuth(u.Username(), password)
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	req.Header.Set("User-Agent", "busbar")
	// Not sent: it lets net/http send the request again where the receiver closed an
	// idle connection meanwhile.
	req.Header["Idempotency-Key"] = nil
	c.secrets.Sign(req.Header, name(part), time.Now(), body.Bytes())

	err = c.ask(req)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case limited.Err() != nil:
		err = fmt.Errorf("no answer within %s", timeout)
	}
	return fmt.Errorf("pushing to %s: %w", c.sink.URL, err)
}

// ask sends a request, and reads its answer. The transport follows no redirect.
func (c *conn) ask(req *http.Request) error {
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		return secret.Hide(c.sink.URL.Reveal(), err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer)) // the status has come, and counts
	return verdict(resp, text, time.Now())
}
