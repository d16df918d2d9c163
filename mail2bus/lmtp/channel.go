package lmtp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"busbar/common/condition"
	"busbar/common/event"
	"busbar/common/translate"
)

// Options say where mails come, and what they may take.
type Options struct {
	Listen      string // unix:///PATH, tcp://HOST:PORT, or systemd
	Limit       int64  // bytes of a mail; a longer one is refused
	Connections int    // at one moment
	Log         *slog.Logger
}

const (
	// A mail system waits for ten minutes behind the end of a mail (RFC 5321 §4.5.3.2.6).
	answerWithin = 5 * time.Minute
	idle         = 5 * time.Minute
	maxLine      = 2000
	maxRcpt      = 1000
	closeWithin  = 5 * time.Second
)

// A Channel hands out the mails that come. Next is for one goroutine; the done functions
// may be called from any.
type Channel struct {
	o      Options
	items  chan *delivery
	ended  chan struct{}
	stop   sync.Once
	wg     sync.WaitGroup
	memory budget
	counts counts

	mu     sync.Mutex
	server *smtp.Server
	places *limit // of the server's connections
	sick   error  // why it does not listen
}

// A delivery is a mail whose sender waits.
type delivery struct {
	raw   []byte
	from  string // who handed it over
	at    time.Time
	ready chan error
}

// Open listens until Close. A place that cannot be listened on is tried again, and told
// by Conditions.
func Open(o Options) *Channel {
	c := &Channel{o: o, items: make(chan *delivery), ended: make(chan struct{}), memory: budget{left: 2*o.Limit + 32<<20}}
	c.wg.Go(c.listen)
	return c
}

const listenAgain = 2 * time.Second

func (c *Channel) listen() {
	for {
		err := c.serve()
		select {
		case <-c.ended:
			return
		default:
		}
		c.note(err)
		c.o.Log.Warn("LMTP cannot be served; trying again", "listen", c.o.Listen, "error", err)
		select {
		case <-c.ended:
			return
		case <-time.After(listenAgain):
		}
	}
}

func (c *Channel) note(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sick = err
}

func (c *Channel) serve() error {
	l, err := listener(c.o.Listen)
	if err != nil {
		return err
	}
	defer l.Close()
	s := smtp.NewServer(smtp.BackendFunc(func(conn *smtp.Conn) (smtp.Session, error) { return &session{c: c, peer: peerOf(conn.Conn())}, nil }))
	s.LMTP, s.Domain = true, "mail2bus"
	s.MaxMessageBytes, s.MaxRecipients, s.MaxLineLength = c.o.Limit, maxRcpt, maxLine
	s.ReadTimeout, s.WriteTimeout = idle, time.Minute
	s.ErrorLog = quiet{c.o.Log}
	c.mu.Lock()
	select {
	case <-c.ended:
		c.mu.Unlock()
		return nil
	default:
	}
	places := limited(l, c.o.Connections, c.counts.opened)
	c.server, c.places, c.sick = s, places, nil
	c.mu.Unlock()
	return s.Serve(places)
}

// Close ends all connections. Whose mail is not answered yet comes again.
func (c *Channel) Close() error {
	var err error
	c.stop.Do(func() {
		close(c.ended)
		c.mu.Lock()
		s, places := c.server, c.places
		c.mu.Unlock()
		if s == nil {
			c.wg.Wait()
			return
		}
		err = places.Close()
		c.wg.Wait() // first: the server must not count a connection while it waits for all
		ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
		defer cancel()
		_ = s.Shutdown(ctx)   // its listener is closed
		if ctx.Err() != nil { // somebody is idle
			places.endAll()
		}
	})
	if errors.Is(err, net.ErrClosed) { // it could not be listened on any more, either
		err = nil
	}
	return err
}

// Next waits for a mail.
func (c *Channel) Next(ctx context.Context) (translate.Item[any], []byte, func(error), error) {
	select {
	case d := <-c.items:
		it := translate.Item[any]{Origin: "lmtp from " + d.from, Raw: d.raw, Received: d.at,
			Evidence: []event.Evidence{{Type: "lmtp", Verdict: "none", Detail: d.from}}}
		return it, nil, func(err error) { d.ready <- err }, nil
	case <-ctx.Done():
		return translate.Item[any]{}, nil, nil, ctx.Err()
	}
}

// Conditions says that nothing can be handed over.
func (c *Channel) Conditions() []condition.Condition {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sick == nil {
		return nil
	}
	return []condition.Condition{{Name: "lmtp " + c.o.Listen, Level: condition.Fail, Text: fmt.Sprintf("nobody can hand mails over: %v", c.sick),
		Hint: "look who else listens there, and whether this program may make the socket"}}
}

// take has a mail stored, and says how that went.
func (c *Channel) take(raw []byte, peer string) error {
	d := &delivery{raw: raw, from: peer, at: time.Now(), ready: make(chan error, 1)}
	late := time.NewTimer(answerWithin)
	defer late.Stop()
	select {
	case c.items <- d:
	case <-c.ended:
		return errors.New("this program is ending")
	case <-late.C:
		return errors.New("nothing could be stored for too long")
	}
	select {
	case err := <-d.ready:
		return err
	case <-c.ended: // it may be stored all the same: then it is known when it comes again
		return errors.New("this program is ending")
	case <-late.C:
		return errors.New("it could not be stored in time")
	}
}

// quiet logs what the library says of its peers, who may be anybody.
type quiet struct{ log *slog.Logger }

func (q quiet) Printf(format string, args ...any) {
	q.log.Debug("lmtp", "says", fmt.Sprintf(format, args...))
}
func (q quiet) Println(args ...any) { q.log.Debug("lmtp", "says", fmt.Sprintln(args...)) }

var _ net.Listener = (*limit)(nil)
