package imap

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"busbar/common/backoff"
	"busbar/common/condition"
	"busbar/common/translate"
	"busbar/mail2bus/queue"
)

// Options say which mailbox is read, and how.
type Options struct {
	Mailbox Mailbox
	// Password is read for each connection.
	Password func() (string, error)
	CA       string        // file with the authority of the server; empty: the machine's
	Limit    int64         // bytes of a mail that are read, and one more
	Poll     time.Duration // how often is looked where the server has no IDLE [9 min]
	// Position is where the mailbox was read up to; nil: it never was.
	Position []byte
	// After says what becomes of a mail on the server when its events are on disk.
	After After
	Log   *slog.Logger
	Idle  func() // as pump.Pump.Idle; may be nil
}

// A Channel hands out the mails of a mailbox. Next is for one goroutine; the done
// functions may be called from any.
type Channel struct {
	o     Options
	items *queue.Queue[item]
	fresh chan struct{} // something is on disk
	end   context.CancelFunc
	wg    sync.WaitGroup
	last  position // of the reader alone: what was put into items

	mu     sync.Mutex
	stored position // up to which all is on disk
	sick   error
	left   error // why mails are not marked, or moved
	stats  Stats
}

type item struct {
	raw  []byte
	at   time.Time
	upTo position
}

// A position covers the mails of a mailbox up to a UID.
type position struct {
	Validity uint32 `json:"validity"`
	UID      uint32 `json:"uid"`
}

// Open begins to read, until Close.
func Open(o Options) (*Channel, error) {
	if o.Poll <= 0 {
		o.Poll = renew
	}
	c := &Channel{o: o, fresh: make(chan struct{}, 1)}
	c.items = queue.New(c.store)
	if o.Position != nil {
		if err := json.Unmarshal(o.Position, &c.last); err != nil {
			return nil, fmt.Errorf("reading the position of %s: %w", o.Mailbox, err)
		}
		c.stored = c.last
	}
	ctx, end := context.WithCancel(context.Background())
	c.end = end
	c.wg.Go(func() { c.read(ctx) })
	return c, nil
}

// Close ends the connection.
func (c *Channel) Close() error {
	c.end()
	c.wg.Wait()
	return nil
}

// read connects again and again.
func (c *Channel) read(ctx context.Context) {
	fails := 0
	for ctx.Err() == nil {
		began := time.Now()
		err := c.visit(ctx)
		if ctx.Err() != nil {
			return
		}
		switch {
		case time.Since(began) > time.Minute: // it went well for a while
			fails = 0
		case c.wellSoFar(): // it was read, and then the server ended
			fails = min(fails, 2)
		}
		fails++
		c.note(err)
		c.count(func(s *Stats) { s.Failures++ })
		c.o.Log.Warn("mailbox cannot be read; trying again", "mailbox", c.o.Mailbox.String(), "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(backoff.Spread(backoff.Times{First: 500 * time.Millisecond, Most: time.Minute}.After(fails))):
		}
	}
}

func (c *Channel) wellSoFar() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sick == nil
}

func (c *Channel) note(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sick = err
}

// Conditions says why nothing is read, or why what was read lies there as before.
func (c *Channel) Conditions() []condition.Condition {
	c.mu.Lock()
	defer c.mu.Unlock()
	name := "imap " + c.o.Mailbox.String()
	switch {
	case c.sick != nil:
		return []condition.Condition{{Name: name, Level: condition.Fail, Text: "it cannot be read: " + c.sick.Error(),
			Hint: "look whether the server answers, and takes the user and the password"}}
	case c.left != nil:
		return []condition.Condition{{Name: name, Level: condition.Warn, Text: "its mails are read, and lie there as before: " + c.left.Error(),
			Hint: "look whether the user may change the mailbox ([mail] imap_after = " + c.o.After.String() + ")"}}
	}
	return nil
}

// Next waits for a mail.
func (c *Channel) Next(ctx context.Context) (translate.Item[any], []byte, func(error), error) {
	it, done, err := c.items.Next(ctx)
	if err != nil {
		return translate.Item[any]{}, nil, nil, err
	}
	text, err := json.Marshal(it.upTo)
	if err != nil {
		return translate.Item[any]{}, nil, nil, err
	}
	origin := fmt.Sprintf("%s uid %d", c.o.Mailbox, it.upTo.UID)
	return translate.Item[any]{Origin: origin, Raw: it.raw, Received: it.at}, text, done, nil
}

// store takes note that a mail is on disk, and with it all before it.
func (c *Channel) store(it item) {
	c.mu.Lock()
	c.stored = it.upTo
	c.mu.Unlock()
	select {
	case c.fresh <- struct{}{}:
	default:
	}
}

// put hands a mail to Next.
func (c *Channel) put(ctx context.Context, it item) error {
	err := c.items.Put(ctx, it)
	if err == nil {
		c.last = it.upTo
		c.count(func(s *Stats) { s.Mails++ })
	}
	return err
}

// rested tells that nothing waits.
func (c *Channel) rested() {
	if c.o.Idle != nil && c.items.Idle() {
		c.o.Idle()
	}
}
