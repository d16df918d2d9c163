package subscriptions

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/textproto"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"busbar/common/runes"
	"busbar/common/translate"
)

// A Desk is the daemon's part: it notes confirmations that come, and hands the answers
// over.
type Desk struct {
	book  *Book
	send  Send
	log   *slog.Logger
	every time.Duration
	woken chan struct{}

	silent atomic.Pointer[[]string] // lists of which no mail came since they are confirmed

	mu     sync.Mutex
	warned time.Time
	before int64 // not said since
}

// Options say how a Desk works. Book and Send must be set.
type Options struct {
	Book  *Book
	Send  Send // it must not wait for ever
	Log   *slog.Logger
	Every time.Duration // how often the book is looked at [2 s]
}

const (
	lookEvery = 2 * time.Second
	// sendPatience bounds what one mail may take.
	sendPatience = time.Minute
	// warnEvery is how often refused confirmations are in the log: anybody can send them.
	warnEvery = time.Minute
)

// Open makes a Desk.
func Open(o Options) *Desk {
	d := &Desk{book: o.Book, send: o.Send, log: o.Log, every: o.Every, woken: make(chan struct{}, 1)}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	if d.every == 0 {
		d.every = lookEvery
	}
	return d
}

// A Channel hands the answers over. No item comes out of it; it is a channel so that an
// answer that cannot be handed over is an error of its source, and is tried again with
// pauses.
type Channel struct {
	*Desk
	Idle func() // called when no answer waits; may be nil
}

// Next hands answers over, until ctx ends or one cannot be.
func (d Channel) Next(ctx context.Context) (it translate.Item[any], position []byte, done func(error), err error) {
	tick := time.NewTicker(d.every)
	defer tick.Stop()
	for seen := (stamp{}); ; {
		now, err := stampOf(d.book.File)
		if err != nil {
			return it, nil, nil, fmt.Errorf("looking at the subscriptions: %w", err)
		}
		if now != seen {
			if err := d.answerAll(ctx); err != nil {
				return it, nil, nil, err
			}
			seen = now // what was changed since is looked at again
		}
		if d.Idle != nil {
			d.Idle()
		}
		select {
		case <-ctx.Done():
			return it, nil, nil, ctx.Err()
		case <-d.woken:
		case <-tick.C:
		}
	}
}

// A stamp changes with each change of the book.
type stamp struct {
	inode uint64
	time  time.Time
}

func stampOf(path string) (stamp, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return stamp{}, nil
	}
	if err != nil {
		return stamp{}, err
	}
	s := stamp{time: info.ModTime()}
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		s.inode = sys.Ino
	}
	return s, nil
}

func (d *Desk) wake() {
	select {
	case d.woken <- struct{}{}:
	default:
	}
}

// answerAll hands over what waits. One that cannot be handed over holds up no other.
func (d *Desk) answerAll(ctx context.Context) error {
	all, err := d.book.Read()
	if err != nil {
		return err
	}
	silent, answering := []string{}, []Subscription{}
	for _, s := range all.Subscriptions {
		switch state := s.State(d.book.now()); {
		case state == Answering:
			answering = append(answering, s)
			silent = append(silent, s.List) // its first mail may follow the answer at once
		case state == Confirmed && s.FirstMail.IsZero():
			silent = append(silent, s.List)
		}
	}
	d.silent.Store(&silent)
	var failed error
	for _, s := range answering {
		failed = errors.Join(failed, d.answer(ctx, s))
	}
	return failed
}

// answer hands one over, and then notes that. If this ends between the two, the same
// answer goes out a second time: the list manager does not know the token any more.
func (d *Desk) answer(ctx context.Context, s Subscription) error {
	ctx, cancel := context.WithTimeoutCause(ctx, sendPatience, fmt.Errorf("it took longer than %s", sendPatience))
	defer cancel()
	m, err := managerOf(s.Manager)
	if err != nil {
		return err
	}
	err = d.send(ctx, s.Address, s.Answer.To, s.letter(m.human, d.book.now()))
	refused := ""
	if e := (*textproto.Error)(nil); errors.As(err, &e) && e.Code >= 500 { // RFC 5321 §4.2.1
		const most = 300
		refused, _ = runes.Cut(err.Error(), most)
	} else if err != nil {
		return fmt.Errorf("answering %s: %w", s.List, err)
	}
	err = d.book.change(func(all *Contents) (bool, error) {
		now := all.of(s.List)
		if now == nil || now.Answer == nil || now.Answer.ID != s.Answer.ID || !now.Answer.Sent.IsZero() {
			return false, nil // somebody asked again meanwhile
		}
		if refused != "" {
			now.Answer.Refused = refused
		} else {
			now.sent(d.book.now())
		}
		return true, nil
	})
	switch {
	case err != nil:
		return err
	case refused != "":
		d.log.Error("the mail system does not take the answer to a list", "list", s.List, "error", refused)
	default:
		d.log.Info("a list was answered", "list", s.List, "leaving", s.Leave)
	}
	return nil
}

// warn logs a confirmation that is not answered, now and then.
func (d *Desk) warn(reason, list string) {
	d.mu.Lock()
	now := time.Now()
	again := d.warned.IsZero() || now.Sub(d.warned) >= warnEvery
	before := d.before
	if d.before++; again {
		d.warned, d.before = now, 0
	}
	d.mu.Unlock()
	if again {
		d.log.Warn("a mail that asks to confirm a subscription is not answered", "because", reason, "list", list, "others", before)
	}
}
