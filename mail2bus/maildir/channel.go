package maildir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"busbar/common/dirwatch"
)

// Options say which Maildir to read and how.
type Options struct {
	Dir string
	// Spool says that only Deliver writes here: a file that nobody is seen to
	// write is whole, whoever owns it, and a mail that is done is removed, not
	// moved to cur/.
	Spool bool
	Limit int64         // bytes of one mail that are read; see Mail.Truncated
	Poll  time.Duration // how often the directory is read without any hint [30 s]
	Log   *slog.Logger
	// Idle, if set, is called within Next when new/ was listed and holds nothing that
	// waits for whoever takes the mails; nil: nobody is.
	Idle func()
}

// A Mail is one file of new/.
type Mail struct {
	Name      string // file name, without the directory
	Raw       []byte
	Truncated bool // Raw is the first Options.Limit+1 bytes; done keeps the file in cur/
	Arrived   time.Time
	Owner     int // user who put the file there; less than 0: that is not known

	file fs.FileInfo // as it was read
}

// A Channel hands out the mails of one Maildir. Next is for one goroutine; the
// done functions may be called from any.
type Channel struct {
	o     Options
	watch *dirwatch.Watcher
	queue []string      // names of the last scan, not yet handed out
	took  time.Duration // for the last look at new/

	mu    sync.Mutex
	files map[string]*entry // what is known of new/
	kick  chan struct{}     // something changed: scan again
	sick  error             // why the directory could not be listed last time; Next alone writes it
}

const (
	defaultPoll = 30 * time.Second
	gather      = 8                    // times as long as a look takes, and no longer than
	longestWait = 5 * time.Millisecond // notifications come in bursts
	settleWait  = 200 * time.Millisecond
	maxBackoff  = 30 * time.Second
	listAgain   = time.Second
)

// Open starts to watch the Maildir and makes tmp/, new/ and cur/ where they are
// missing, if Dir itself is there.
func Open(o Options) (*Channel, error) {
	if o.Poll <= 0 {
		o.Poll = defaultPoll
	}
	if err := makeDirs(o.Dir, o.Spool); err != nil {
		return nil, fmt.Errorf("opening the Maildir: %w", err)
	}
	c := &Channel{o: o, files: map[string]*entry{}, kick: make(chan struct{}, 1)}
	c.watch = dirwatch.New(filepath.Join(o.Dir, "new"), o.Log)
	c.poke()
	return c, nil
}

// Close stops watching. Mails not done stay in new/.
func (c *Channel) Close() error { return c.watch.Close() }

// Next waits for a mail and hands it out with the function that ends it:
// done(nil) once its events are durable, done(err) to have it again later, with
// growing pauses.
func (c *Channel) Next(ctx context.Context) (Mail, func(error), error) {
	for {
		for len(c.queue) > 0 {
			name := c.queue[0]
			c.queue = c.queue[1:]
			if m, ok := c.finished(name); ok {
				c.done(m, nil)
				continue
			}
			m, err := c.read(name)
			switch {
			case err == nil:
				return m, func(err error) { c.done(m, err) }, nil
			case errors.Is(err, errNotYet):
				c.notYet(name)
			case errors.Is(err, errNotMail), errors.Is(err, errPlanted):
				c.ignore(name, err)
			case errors.Is(err, fs.ErrNotExist):
				c.forget(name)
			default:
				c.o.Log.Warn("mail cannot be read; trying again", "dir", c.o.Dir, "mail", name, "error", err)
				c.again(name, nil, err)
			}
		}
		if err := c.scan(ctx); err != nil {
			return Mail{}, nil, err
		}
	}
}

// scan waits for a reason to list the directory, and lists it. An error of the
// directory is transient: it is logged, and tried again.
func (c *Channel) scan(ctx context.Context) error {
	if err := c.wait(ctx); err != nil {
		return err
	}
	began := time.Now()
	defer func() { c.took = time.Since(began) }()
	c.watch.Renew() // before reading: what comes in between is in the list, or a hint
	names, odd, err := list(filepath.Join(c.o.Dir, "new"))
	if err != nil {
		if c.sick == nil {
			c.o.Log.Warn("Maildir cannot be listed; trying again", "dir", c.o.Dir, "error", err)
		}
		c.setSick(err)
		c.poke()
		return pause(ctx, listAgain)
	}
	if c.sick != nil {
		c.o.Log.Info("Maildir can be listed again", "dir", c.o.Dir)
		c.setSick(nil)
	}
	c.queue = c.due(names, time.Now())
	for _, name := range odd {
		c.ignore(name, errNotMail)
	}
	c.forgetAbsent(names, odd)
	if c.o.Idle != nil && c.idle() {
		c.o.Idle()
	}
	return nil
}

// wait returns at a kick, a notification, a due retry, or the poll interval,
// whichever is first. A notification is acted on at once where a look costs
// nothing, and else after a time in which more may come: the more mails wait for
// the journal in new/, the longer it takes to read, and the less it matters. So
// looking never takes more than a small part of the time.
func (c *Channel) wait(ctx context.Context) error {
	timer := time.NewTimer(c.nextLook())
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-c.kick:
	case <-c.watch.Hints():
		return pause(ctx, min(gather*c.took, longestWait))
	case <-timer.C:
	}
	return nil
}

func (c *Channel) poke() {
	select {
	case c.kick <- struct{}{}:
	default:
	}
}

// done ends a mail.
func (c *Channel) done(m Mail, err error) {
	if err != nil {
		c.again(m.Name, nil, nil)
		return
	}
	switch err := c.dispose(m); {
	case err == nil:
		c.forget(m.Name)
	case errors.Is(err, errChanged):
		c.o.Log.Warn("mail changed after it was read; reading it again", "dir", c.o.Dir, "mail", m.Name)
		c.again(m.Name, nil, nil)
	default:
		c.o.Log.Warn("stored mail cannot be moved out of new/; trying again", "dir", c.o.Dir, "mail", m.Name, "error", err)
		m.Raw = nil
		c.again(m.Name, &m, err)
	}
}

// Waiting counts the mails in new/.
func Waiting(dir string) (int, error) {
	names, _, err := list(filepath.Join(dir, "new"))
	return len(names), err
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
