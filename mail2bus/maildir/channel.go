package maildir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Options say which Maildir to read and how.
type Options struct {
	Dir    string
	Remove bool          // a mail that is done is removed, not moved to cur/ (a spool of our own)
	Limit  int64         // bytes of one mail that are read; see Mail.Truncated
	Poll   time.Duration // how often the directory is read without any hint [30 s]
	Log    *slog.Logger
}

// A Mail is one file of new/.
type Mail struct {
	Name      string // file name, without the directory
	Raw       []byte
	Truncated bool // Raw is the first Options.Limit+1 bytes; done keeps the file in cur/
	Arrived   time.Time
}

// A Channel hands out the mails of one Maildir. Next is for one goroutine; the
// done functions may be called from any.
type Channel struct {
	o     Options
	watch *watcher
	queue []string // names of the last scan, not yet handed out

	mu    sync.Mutex
	held  map[string]bool      // handed out, not done
	later map[string]time.Time // not before: still being written, or refused by weather
	fails map[string]int       // how often weather refused it in a row
	kick  chan struct{}        // something changed: scan again
}

const (
	defaultPoll = 30 * time.Second
	coalesce    = 5 * time.Millisecond // notifications come in bursts
	settleWait  = 200 * time.Millisecond
	maxBackoff  = 30 * time.Second
)

// Open starts to watch the Maildir and makes tmp/, new/ and cur/ where they are
// missing, if Dir itself is there.
func Open(o Options) (*Channel, error) {
	if o.Poll <= 0 {
		o.Poll = defaultPoll
	}
	if _, err := os.Stat(o.Dir); err != nil {
		return nil, fmt.Errorf("opening the Maildir: %w (make it with `maildirmake` or `mkdir`, owned by the user that this program runs as)", err)
	}
	if err := makeDirs(o.Dir); err != nil {
		return nil, err
	}
	c := &Channel{
		o: o, held: map[string]bool{}, later: map[string]time.Time{}, fails: map[string]int{},
		kick: make(chan struct{}, 1),
	}
	c.watch = newWatcher(filepath.Join(o.Dir, "new"), o.Log)
	c.poke()
	return c, nil
}

// Close stops watching. Mails not done stay in new/.
func (c *Channel) Close() error { return c.watch.close() }

// Next waits for a mail and hands it out with the function that ends it:
// done(nil) once its events are durable, done(err) to have it again later, with
// growing pauses.
func (c *Channel) Next(ctx context.Context) (Mail, func(error), error) {
	for {
		for len(c.queue) > 0 {
			name := c.queue[0]
			c.queue = c.queue[1:]
			m, err := c.read(name)
			switch {
			case err == nil:
				return m, func(err error) { c.done(m, err) }, nil
			case errors.Is(err, errNotYet):
				c.postpone(name, settleWait)
			case errors.Is(err, fs.ErrNotExist), errors.Is(err, errNotMail):
				c.release(name)
			default:
				c.o.Log.Error("a mail cannot be read; it is tried again", "dir", c.o.Dir, "mail", name, "error", err)
				c.done(Mail{Name: name}, err)
			}
		}
		if err := c.scan(ctx); err != nil {
			return Mail{}, nil, err
		}
	}
}

// scan waits for a reason to look, and looks. Trouble with the directory is
// weather: it is said, and tried again.
func (c *Channel) scan(ctx context.Context) error {
	if err := c.wait(ctx); err != nil {
		return err
	}
	names, err := list(filepath.Join(c.o.Dir, "new"))
	if err != nil {
		c.o.Log.Error("the Maildir cannot be listed; it is tried again", "dir", c.o.Dir, "error", err)
		return pause(ctx, time.Second)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	present := make(map[string]bool, len(names))
	for _, name := range names {
		present[name] = true
		if !c.held[name] && !now.Before(c.later[name]) {
			c.held[name] = true
			c.queue = append(c.queue, name)
		}
	}
	for name := range c.later { // forget what somebody took away
		if !present[name] {
			delete(c.later, name)
			delete(c.fails, name)
		}
	}
	return nil
}

// wait returns at a kick, a notification, a due retry, or the poll interval,
// whichever is first.
func (c *Channel) wait(ctx context.Context) error {
	timer := time.NewTimer(c.nextLook())
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-c.kick:
	case <-c.watch.hints():
		return pause(ctx, coalesce)
	case <-timer.C:
		c.watch.renew() // a directory replaced behind our back sends no event
	}
	return nil
}

func (c *Channel) nextLook() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	look := c.o.Poll
	for _, t := range c.later {
		look = min(look, max(time.Until(t), 0))
	}
	return look
}

func (c *Channel) poke() {
	select {
	case c.kick <- struct{}{}:
	default:
	}
}

func (c *Channel) release(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.held, name)
	delete(c.later, name)
	delete(c.fails, name)
}

func (c *Channel) postpone(name string, d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.held, name)
	c.later[name] = time.Now().Add(d)
}

// done ends a mail. What cannot be moved away stays held, so that it is not
// read again and again; after a restart its ids make the repetition harmless.
func (c *Channel) done(m Mail, err error) {
	if err != nil {
		c.mu.Lock()
		c.fails[m.Name]++
		n := c.fails[m.Name]
		c.mu.Unlock()
		c.postpone(m.Name, min(settleWait<<min(n, 10), maxBackoff))
		c.poke()
		return
	}
	if err := c.dispose(m); err != nil {
		c.o.Log.Error("a mail that is safe in the journal cannot leave new/", "dir", c.o.Dir, "mail", m.Name, "error", err)
		return
	}
	c.release(m.Name)
}

// Waiting counts the mails in new/.
func Waiting(dir string) (int, error) {
	names, err := list(filepath.Join(dir, "new"))
	return len(names), err
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
