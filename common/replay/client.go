package replay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"busbar/common/backoff"
	"busbar/common/wire/guard"
)

// A Client fetches ranges of messages. Its zero value is ready, and safe for
// concurrent use.
type Client struct {
	// Patience is how long a fetch goes on without a message from the endpoint
	// [1 min]. It begins again with each message.
	Patience time.Duration
	// Window is how many bytes may be on their way [1 MiB].
	Window int
	Log    *slog.Logger // nil: silent

	pauses backoff.Times // for tests; zero: pauses
}

// answerIn is how long a server may take for the next frame.
const answerIn = 30 * time.Second

var pauses = backoff.Times{First: 50 * time.Millisecond, Most: 5 * time.Second}

// Fetch hands over the messages of a range from an endpoint (tcp://HOST:PORT), each
// once and in order, until hand fails. hand gets the topic and the body as they were
// published, which nobody has verified, and may keep both. While it takes its time,
// the server waits.
//
// A connection that is cut is made again, and the range goes on where it was. Errors
// that stay are ErrNoReplay, ErrUnreadable, ErrRefused, *GoneError, *AbsentError and
// *EpochError; what was handed over before them counts. hand's error is wrapped.
func (c *Client) Fetch(ctx context.Context, endpoint string, r Range, hand func(topic string, body []byte) error) error {
	f := &fetch{c: c, endpoint: endpoint, r: r, hand: hand, moved: time.Now()}
	for failures := 0; ; {
		before := f.count
		err := f.connection(ctx)
		if err == nil || f.final || forGood(err) || ctx.Err() != nil {
			return f.explain(ctx, err)
		}
		if failures++; f.count > before {
			failures = 1
		}
		if time.Since(f.moved) > cmp.Or(c.Patience, time.Minute) {
			return f.explain(ctx, err)
		}
		c.log().Debug("replay was cut; going on", "endpoint", endpoint, "next", f.r.From, "error", err)
		select {
		case <-ctx.Done():
			return f.explain(ctx, err)
		case <-time.After(backoff.Spread(cmp.Or(c.pauses, pauses).After(failures))):
		}
	}
}

// Have asks what an endpoint keeps of a sequence; empty names ask for its only one.
// It tries once. Errors are those of Fetch.
func (c *Client) Have(ctx context.Context, endpoint, publisher, epoch string) (Have, error) {
	h, _, err := c.Begin(ctx, endpoint, Range{Publisher: publisher, Epoch: epoch})
	return h, err
}

// Begin is Have for a range, of which no message is sent: it also gives the number of
// the first one, such as the first since a time, and one more than the newest where
// there is none.
func (c *Client) Begin(ctx context.Context, endpoint string, r Range) (Have, uint64, error) {
	f := &fetch{c: c, endpoint: endpoint, r: r}
	x, err := f.dial(ctx, 0)
	if err != nil {
		return Have{}, 0, f.explain(ctx, err)
	}
	defer x.Close()
	stop := context.AfterFunc(ctx, func() { x.Close() })
	defer stop()
	b, err := f.begun(x)
	return b.Have, b.From, f.explain(ctx, err)
}

func (c *Client) log() *slog.Logger {
	if c.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return c.Log
}

// forGood is true for answers that asking again does not change.
func forGood(err error) bool {
	var gone *GoneError
	var absent *AbsentError
	var epoch *EpochError
	return errors.Is(err, ErrNoReplay) || errors.Is(err, ErrUnreadable) || errors.Is(err, ErrRefused) ||
		errors.As(err, &gone) || errors.As(err, &absent) || errors.As(err, &epoch)
}

// A fetch is one call of Fetch, over as many connections as it takes.
type fetch struct {
	c        *Client
	endpoint string
	r        Range // From is the next one, once it is known
	hand     func(topic string, body []byte) error
	pinned   bool // the first answer said where the range begins and ends
	count    int
	moved    time.Time // when the last message came
	final    bool      // hand failed
}

func (f *fetch) explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil && !f.final {
		err = context.Cause(ctx)
	}
	return fmt.Errorf("fetching %s from %s: %w", f.r, f.endpoint, err)
}

// dial connects and asks.
func (f *fetch) dial(ctx context.Context, credit int) (*guard.Exchange, error) {
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	x, err := guard.DialExchange(ctx, f.endpoint, guard.Options{})
	if errors.Is(err, guard.ErrOtherSocket) {
		return nil, fmt.Errorf("%w: %w", ErrNoReplay, err)
	}
	if err != nil {
		return nil, err
	}
	ask := guard.AppendFrame(guard.AppendFrame(nil, true, []byte(wordReplay)), false, encode(f.r.request(int64(credit))))
	if err := x.Write(ask); err != nil {
		x.Close()
		return nil, err
	}
	return x, nil
}
