package hub

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"busbar/common/archive"
	"busbar/common/backoff"
	"busbar/common/condition"
	"busbar/common/event"
	"busbar/common/wire"
)

// An outlet says by ZeroMQ's PUB what comes into the archive, as it came: frames,
// envelope and signatures are its publisher's, and so are the numbers. It is to
// fedmsg's programs what fedmsg-gateway is.
//
// How far it is stands in the archive. After a crash, what may not have left is said
// again; ids sort it out.
type outlet struct {
	archive    *archive.Archive
	listen     wire.PubOptions
	settle     func(context.Context, *wire.Pub) bool // waits until subscribers of an earlier run are there again; false: ctx has ended
	beats      *beats
	conditions *condition.Set
	log        *slog.Logger

	mu      sync.Mutex
	pub     *wire.Pub // nil: nothing is said now
	at      int64     // the arrival up to which all was said
	left    int64     // and has left the queues
	stored  int64     // as the archive has it
	passed  int64     // messages that nobody can be sent: too large
	failing bool
}

const (
	outletBatch  = 256
	outletLook   = time.Second
	outletSettle = 2 * time.Second
)

var outletPauses = backoff.Times{First: 100 * time.Millisecond, Most: 5 * time.Second}

// position is under which names the archive keeps how far the outlet is.
func (o *outlet) position(n int64) archive.Position {
	return archive.Position{Publisher: arrivals, Epoch: "published", Seq: n}
}

// run says what comes, until ctx ends. A taken port or an archive that cannot be read
// is tried again: the archive keeps what waits.
func (o *outlet) run(ctx context.Context) error {
	for failures := 0; ; {
		began := time.Now()
		err := o.serve(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if failures++; time.Since(began) > time.Minute {
			failures = 1
		}
		o.conditions.Note("publish", fmt.Errorf("NOTHING is published at [hub] publish: %w", err), "")
		o.mu.Lock()
		said := o.failing
		o.failing = true
		o.mu.Unlock()
		if !said {
			o.log.Warn("nothing is published; trying again", "error", err)
		}
		if !sleep(ctx, backoff.Spread(outletPauses.After(failures))) {
			return ctx.Err()
		}
	}
}

// begin finds where to go on. A hub that never published begins with what comes now.
func (o *outlet) begin(ctx context.Context) (at int64, heads numbers, err error) {
	positions, err := o.archive.Positions(ctx)
	if err != nil {
		return 0, nil, err
	}
	_, newest, err := o.archive.Range(ctx)
	if err != nil {
		return 0, nil, err
	}
	at, known := newest, false
	for _, p := range positions {
		if mine := o.position(p.Seq); p == mine {
			at, known = min(p.Seq, newest), true
		}
	}
	list, err := o.archive.Sequences(ctx)
	if err != nil {
		return 0, nil, err
	}
	if !known {
		err = o.store(ctx, at)
	}
	return at, numbersOf(list), err
}

func (o *outlet) store(ctx context.Context, n int64) error {
	_, err := o.archive.Append(ctx, archive.Batch{Positions: []archive.Position{o.position(n)}})
	if err == nil {
		o.mu.Lock()
		o.stored = n
		o.mu.Unlock()
	}
	return err
}

// serve listens, and says what comes, until that fails.
func (o *outlet) serve(ctx context.Context) (err error) {
	copied, err := o.archive.LastCopy(ctx) // those before have a number by which they can be asked for
	if err != nil {
		return err
	}
	at, heads, err := o.begin(ctx)
	if err != nil {
		return err
	}
	pub, err := wire.Listen(ctx, o.listen)
	if err != nil {
		return err
	}
	o.state(pub, at)
	s := &saying{o: o, pub: pub, at: at, gapsTo: at, copied: copied, heads: heads, tails: numbers{}}
	s.flow = wire.NewFlow(pub, o.listen, at, func(n int64) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.left = n
	})
	defer func() {
		o.state(nil, s.at)
		err = errors.Join(err, s.flow.Close())
		err = errors.Join(err, o.save(context.WithoutCancel(ctx)))
	}()
	if !o.settle(ctx, pub) {
		return ctx.Err()
	}
	return s.run(ctx)
}

// forSubscribers gives those of an earlier run time to reconnect.
func forSubscribers(ctx context.Context, _ *wire.Pub) bool { return sleep(ctx, outletSettle) }

func (o *outlet) state(pub *wire.Pub, at int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.pub, o.at = pub, at
	if pub != nil {
		o.left, o.failing = at, false
		o.conditions.Clear("publish")
		o.log.Info("publishing", "endpoints", pub.Endpoints())
	}
}

// save stores how far what was said has left, if it moved.
func (o *outlet) save(ctx context.Context) error {
	o.mu.Lock()
	left, stored := o.left, o.stored
	o.mu.Unlock()
	if left <= stored {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, answerPatience)
	defer cancel()
	return o.store(ctx, left)
}

// A saying is an outlet that listens.
type saying struct {
	o      *outlet
	pub    *wire.Pub
	flow   *wire.Flow
	at     int64   // the newest arrival that was said
	gapsTo int64   // up to here gaps were looked at
	copied int64   // the newest copy
	heads  numbers // the highest that was said of each sequence
	tails  numbers // and that is known not to come
}

// numbers are one of each sequence.
type numbers map[sequence]int64

func numbersOf(list []archive.Sequence) numbers {
	n := numbers{}
	for _, s := range list {
		if s.Publisher != arrivals {
			n[sequence{s.Publisher, s.Epoch}] = s.Head
		}
	}
	return n
}

// pass takes note of a message.
func (n numbers) pass(m archive.Message) {
	if s := (sequence{m.Publisher, m.Epoch}); m.Seq > 0 && m.Publisher != arrivals {
		n[s] = max(n[s], m.Seq)
	}
}

func (s *saying) run(ctx context.Context) error {
	look := time.NewTicker(outletLook)
	defer look.Stop()
	looked := time.Now()
	for {
		changed := s.o.archive.Changed()
		more, err := s.send(ctx)
		if err == nil {
			err = s.beat()
		}
		if now := time.Now(); err == nil && now.Sub(looked) >= outletLook {
			looked = now
			s.flow.Look(now)
			err = s.o.save(ctx)
		}
		if err != nil {
			return err
		}
		if more {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-s.pub.Err():
			return err
		case <-changed:
		case <-s.o.beats.came:
		case <-look.C:
		}
	}
}

// send says the next messages; more says that there may be further ones.
func (s *saying) send(ctx context.Context) (more bool, err error) {
	_, newest, err := s.o.archive.Range(ctx)
	if err != nil {
		return false, err
	}
	list, err := s.o.archive.After(ctx, s.at, outletBatch)
	if err != nil {
		return false, err
	}
	copies, err := s.copies(ctx)
	if err != nil {
		return false, err
	}
	if n := len(copies); n > 0 { // behind the last of them there may be further ones
		newest = min(newest, copies[n-1].N)
	}
	said := len(list)+len(copies) > 0
	to := newest // behind the last message there may be gaps
	for _, m := range list {
		if m.N > newest {
			break
		}
		if copies, err = s.before(ctx, copies, m.N-1); err != nil {
			return false, err
		}
		if err := s.say(ctx, m); err != nil {
			return false, err
		}
		s.pass(m.N)
		to = m.N
	}
	if _, err := s.before(ctx, copies, to); err != nil {
		return false, err
	}
	if to > s.at {
		s.pass(to)
	}
	return said, s.gaps(ctx)
}

// before says the copies that came up to an arrival, and gives the others.
func (s *saying) before(ctx context.Context, copies []archive.Copy, n int64) ([]archive.Copy, error) {
	for len(copies) > 0 && copies[0].N <= n {
		if err := s.say(ctx, copies[0].Message); err != nil {
			return copies, err
		}
		s.copied, copies = copies[0].Row, copies[1:]
	}
	return copies, nil
}

func (s *saying) copies(ctx context.Context) ([]archive.Copy, error) {
	list, err := s.o.archive.CopiesBehind(ctx, s.copied, outletBatch)
	if err != nil || len(list) > 0 {
		return list, err
	}
	last, err := s.o.archive.LastCopy(ctx)
	if last < s.copied { // retention took all, and rows begin again
		s.copied = 0
		return s.o.archive.CopiesBehind(ctx, 0, outletBatch)
	}
	return nil, err
}

// say says one message. One that no subscriber could take holds up no other.
func (s *saying) say(ctx context.Context, m archive.Message) error {
	topic, err := event.TopicIn(m.Wire)
	if err == nil {
		err = s.pub.Send(topic, m.Wire)
	}
	if err != nil {
		if s.pub.Ended() {
			return fmt.Errorf("publishing arrival %d: %w", m.N, err)
		}
		s.o.mu.Lock()
		s.o.passed++
		s.o.mu.Unlock()
		s.o.log.Error("a message cannot be published: who follows the hub asks for it", "arrival", m.N, "error", err)
	}
	s.heads.pass(m)
	s.flow.Sent(ctx, len(m.Wire))
	return ctx.Err()
}

func (s *saying) pass(n int64) {
	s.at = n
	s.flow.Pass(n)
	s.o.mu.Lock()
	s.o.at = n
	s.o.mu.Unlock()
}

// gaps takes note of what will not come.
func (s *saying) gaps(ctx context.Context) error {
	if s.gapsTo >= s.at {
		return nil
	}
	list, err := s.o.archive.Gaps(ctx, s.gapsTo, s.at)
	if err != nil {
		return err
	}
	s.gapsTo = s.at
	for i, g := range list {
		if !putBack(g) {
			q := sequence{g.Publisher, g.Epoch}
			s.tails[q] = max(s.tails[q], g.Last)
		}
		if i == len(list)-1 && len(list) >= mostGaps {
			s.gapsTo = g.N // there may be more
		}
	}
	return nil
}

// mostGaps is how many one question gives.
const mostGaps = 1000

func putBack(g archive.Gap) bool { return strings.HasPrefix(g.Reason, archive.PutBack) }

// beat passes heartbeats on.
func (s *saying) beat() error {
	for _, b := range s.o.beats.due(time.Now(), func(q sequence, n int64) bool { return max(s.heads[q], s.tails[q]) >= n }) {
		if err := s.pub.Send(b.Topic, b.Body); err != nil && s.pub.Ended() {
			return fmt.Errorf("passing a heartbeat on: %w", err)
		}
	}
	return nil
}
