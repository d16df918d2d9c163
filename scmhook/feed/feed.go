// Package feed hands out what is to be published of repositories, one batch at a
// time: first what waits in the spool, oldest first, then what comparing the
// refs finds. Hooks are hints; the refs are the truth.
//
// A batch is planned from what the journal says was published (scmhook/refs), and
// carries the new state, to be stored in the same transaction as the events. The
// next batch is planned after that. A spool file is removed when the last of its
// batches is durable.
//
// A failing repository (it is locked, unreadable, slow) holds up that one
// alone: its files stay, and it is tried again with growing pauses.
//
// Not here: what a batch says in words (scmhook's describe), and the hook.
package feed

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"time"

	"busbar/common/condition"
	"busbar/common/dirwatch"
	"busbar/common/event"
	"busbar/common/journal"
	"busbar/scmhook/refs"
	"busbar/scmhook/spool"
)

// Options say what to hand out.
type Options struct {
	Spool        string
	Repositories *Set
	Journal      *journal.Reader
	// Refs asks a repository for its refs as they are now. For svn it is one,
	// Youngest.
	Refs func(ctx context.Context, system, dir string) (map[string]string, error)
	// Every is how often all refs are compared, first at the start. [10 min]
	Every time.Duration
	// Grace is how long a difference must last before comparing reports it:
	// the hook that tells it may still run. [2 s]
	Grace time.Duration
	// Poll is how often the spool is read without any notification. [30 s]
	Poll time.Duration
	// Tell says that a repository's first sight tells all its refs, and so do
	// those already seen whose refs never were.
	Tell bool
	// Once ends with io.EOF when the spool is empty and all refs were compared
	// once.
	Once bool
	Log  *slog.Logger
	// Conditions, if set, gets what keeps pushes from being published.
	Conditions *condition.Set
	// Idle, if set, is called within Next when nothing waits to be published.
	Idle func()
}

// Youngest is the one ref of an svn repository: its newest revision.
const Youngest = "youngest"

// A Batch is what to publish of one repository at a time.
type Batch struct {
	Repository Repository
	Notice     *spool.Notice // the hook's call; nil: nobody called
	Updates    []refs.Update
	Recovered  bool // no hook reported these updates
	// Published is what was published before of every ref. It changes after done.
	Published map[string]refs.Published
	States    []event.State // the new ones, to be stored with the events
	Raw       []byte        // the spool file
	// Nothing is why there is nothing to tell, Broken why the spool file
	// cannot be read.
	Nothing, Broken string
}

// A Channel hands out batches. It is for one goroutine; done may be called from
// any.
type Channel struct {
	o     Options
	watch *dirwatch.Watcher
	names []string             // of the last listing, not yet taken
	later map[string]time.Time // spool files that must wait
	repos map[string]*state    // by directory
	queue []chunk              // of the plan under way
	// flight is where the batch handed out reports; nil: none is out.
	flight  chan error
	looking time.Time // when the next comparing of all begins
	looked  bool
	unread  map[string]error // spool files that cannot be read
}

// state is what is known of one repository while the program runs.
type state struct {
	Repository
	notBefore time.Time // back-off after a failure
	failures  int
	why       error     // of the last failure
	lookAt    time.Time // zero: not before the next round
	suspects  map[string]refs.Update
}

// Open starts to watch the spool.
func Open(o Options) *Channel {
	if o.Every <= 0 {
		o.Every = 10 * time.Minute
	}
	if o.Grace <= 0 {
		o.Grace = 2 * time.Second
	}
	if o.Poll <= 0 {
		o.Poll = 30 * time.Second
	}
	return &Channel{o: o, watch: dirwatch.New(o.Spool, o.Log), later: map[string]time.Time{}, repos: map[string]*state{}, unread: map[string]error{}}
}

// Close stops watching.
func (c *Channel) Close() error { return c.watch.Close() }

// Next waits for something to tell. done(nil) means that the batch is durable,
// done(err) that its plan must be made again. One batch is out at a time: Next
// waits for done.
func (c *Channel) Next(ctx context.Context) (Batch, func(error), error) {
	if err := c.land(ctx); err != nil {
		return Batch{}, nil, err
	}
	for len(c.queue) == 0 {
		if err := ctx.Err(); err != nil {
			return Batch{}, nil, err
		}
		if c.takeNext(ctx) || c.lookNext(ctx) {
			continue
		}
		if c.o.Once && c.finished() {
			return Batch{}, nil, io.EOF
		}
		if c.o.Idle != nil && len(c.later) == 0 && len(c.Failing()) == 0 {
			c.o.Idle()
		}
		if err := c.wait(ctx); err != nil {
			return Batch{}, nil, err
		}
	}
	flight := make(chan error, 1)
	c.flight = flight
	return c.queue[0].batch(moment(time.Now())), func(err error) { flight <- err }, nil
}

// land waits until the batch that is out is durable, or has failed.
func (c *Channel) land(ctx context.Context) error {
	if c.flight == nil {
		return nil
	}
	var err error
	select {
	case <-ctx.Done():
		return ctx.Err()
	case err = <-c.flight:
	}
	c.flight = nil
	chunk, file := c.queue[0], c.queue[len(c.queue)-1].file
	if err == nil && chunk.file != "" {
		err = spool.Remove(c.o.Spool, chunk.file)
	}
	if err != nil {
		c.queue = nil
		again := time.Now().Add(c.o.Grace)
		if chunk.known != nil {
			s := c.of(chunk.known.repository)
			c.fail(s, err)
			again = s.notBefore
			if file == "" {
				s.lookAt = again
			}
		}
		if file != "" {
			c.later[file] = again
		}
		return nil
	}
	c.queue = c.queue[1:]
	chunk.landed(moment(time.Now()))
	if chunk.known != nil {
		c.well(c.of(chunk.known.repository))
	}
	return nil
}

// well ends a repository's back-off.
func (c *Channel) well(s *state) {
	had := s.failures > 0
	s.failures, s.notBefore, s.why = 0, time.Time{}, nil
	if had {
		c.tellRepositories()
	}
}

// moment is the form of a time in what is kept.
func moment(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// fail makes a repository wait.
func (c *Channel) fail(s *state, err error) {
	const first, longest = 250 * time.Millisecond, time.Minute
	if errors.Is(err, context.Canceled) {
		return // the program ends
	}
	s.failures++
	s.why = err
	c.tellRepositories()
	pause := longest
	if s.failures < 9 {
		pause = min(longest, first<<(s.failures-1))
	}
	s.notBefore = time.Now().Add(pause)
	if s.failures == 1 || s.failures%20 == 0 {
		c.o.Log.Warn("repository cannot be read; trying again", "repository", s.Dir, "error", err, "failures", s.failures)
	}
}

// of is the state of a repository.
func (c *Channel) of(r Repository) *state {
	s := c.repos[r.Dir]
	if s == nil {
		s = &state{Repository: r}
		c.repos[r.Dir] = s
	}
	return s
}

// wait returns at a notification, or when something is due.
func (c *Channel) wait(ctx context.Context) error {
	due := time.Now().Add(c.o.Poll)
	earlier := func(t time.Time) {
		if !t.IsZero() && t.Before(due) {
			due = t
		}
	}
	earlier(c.looking)
	for _, t := range c.later {
		earlier(t)
	}
	for _, s := range c.repos {
		if !s.lookAt.IsZero() && s.lookAt.Before(s.notBefore) {
			earlier(s.notBefore)
		} else {
			earlier(s.lookAt)
		}
	}
	timer := time.NewTimer(max(time.Until(due), time.Millisecond))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-c.watch.Hints():
	case <-timer.C:
	}
	return nil
}

// Failing names the repositories that could not be asked at the last try.
func (c *Channel) Failing() []string {
	var dirs []string
	for _, s := range c.repos {
		if s.failures > 0 {
			dirs = append(dirs, s.Dir)
		}
	}
	slices.Sort(dirs)
	return dirs
}
