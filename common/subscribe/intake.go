package subscribe

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"busbar/common/event"
	"busbar/common/wire"
)

// clockWrong is how far a heartbeat's time may be from ours.
const clockWrong = 10 * time.Minute

// intake takes what publishers say, as it comes, and never waits for the caller:
// what there is no room for is asked for again later.
func (s *Subscriber) intake() {
	for {
		d, err := s.follower.Next(s.ctx)
		if err != nil {
			return
		}
		s.arrive(d)
	}
}

func (s *Subscriber) arrive(d wire.Delivery) {
	for _, note := range d.Notes {
		s.o.Log.Warn("a publisher is odd", "endpoint", d.Endpoint, "note", note)
	}
	err := d.Err
	if err == nil {
		err = names(d.Envelope)
	}
	var it *item
	if err == nil && !d.Heartbeat {
		if it, err = itemOf(d.Tree, d.Envelope, d.Topic, d.Body, d.Verdict.Hash); err == nil {
			it.signer, it.endpoint = strings.Clone(d.Verdict.Signer), d.Endpoint
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		switch k := (key{strings.Clone(d.Verdict.Signer), strings.Clone(d.Envelope.Publisher), strings.Clone(d.Envelope.Epoch)}); {
		case d.Heartbeat && d.Envelope.Publisher != "":
			err = s.heartbeat(k, d)
		case d.Heartbeat:
		case k.publisher == "":
			err = s.plain(it, d.Envelope)
		default:
			err = s.live(k, it, d)
		}
	}
	if err != nil {
		s.refuse(d.Endpoint, d.Topic, err)
	}
}

// names refuses a publisher's name or epoch that is none.
func names(e event.Envelope) error {
	for _, name := range []string{e.Publisher, e.Epoch} {
		if len(name) > maxName || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
			return fmt.Errorf("reading a message: the publisher's name or epoch %.40q is longer than %d bytes, or no text", name, maxName)
		}
	}
	return nil
}

// errStale says that a message is too old to be believed without a number.
var errStale = errors.New("it is too old, or one of the clocks is wrong")

func (s *Subscriber) fresh(unix int64, within time.Duration) error {
	if off := s.now().Sub(time.Unix(unix, 0)); within >= 0 && off.Abs() > within {
		return fmt.Errorf("%w: its time is %s from ours", errStale, off.Round(time.Second))
	}
	return nil
}

// plain hands out a message that bears no number.
func (s *Subscriber) plain(it *item, e event.Envelope) error {
	if err := s.fresh(e.Timestamp, s.o.Fresh); err != nil {
		return err
	}
	p, known := s.plains[it.endpoint]
	if !known {
		if len(s.plains) >= maxStreams {
			return fmt.Errorf("more than %d publishers count nothing", maxStreams)
		}
		s.o.Log.Info("a publisher counts nothing: it is followed live, and what is lost of it cannot be noticed", "endpoint", it.endpoint)
		p = &plain{}
		s.plains[it.endpoint] = p
	}
	if p.missed > 0 {
		gap := &item{endpoint: it.endpoint, gap: &Gap{Endpoint: it.endpoint, Count: p.missed, Reason: Slow}}
		if ok, err := s.offer(s.ctx, gap, false); !ok || err != nil {
			p.missed++
			return nil
		}
		p.missed = 0
	}
	if ok, err := s.offer(s.ctx, it, false); !ok || err != nil {
		p.missed++
	}
	return nil
}

// plain is a publisher that counts nothing.
type plain struct {
	missed int64 // since the last that was queued
}

// live takes a message that bears a number.
func (s *Subscriber) live(k key, it *item, d wire.Delivery) error {
	st, err := s.streamOf(k, d, it.seq-1)
	if err != nil {
		return err
	}
	it.st = st
	if it.seq <= st.at.seq && !st.begin {
		// An old one, or its number is used again.
		if before, ok := s.numbers.Get(number{st.id, it.seq}); ok && it.hasFact && before != it.fact && !st.repairing {
			st.suspect, st.reused = true, true
			s.held += st.hold(it, s.o.Queue-s.held+st.heldBytes)
			s.repairs(st)
		}
		return nil
	}
	st.known = max(st.known, it.seq)
	next := it.seq == st.at.seq+1 && !st.begin && !st.repairing && continues(st, it)
	if next {
		if ok, err := s.offer(s.ctx, it, false); ok && err == nil {
			return nil
		}
	}
	s.held += st.hold(it, s.o.Queue-s.held+st.heldBytes)
	s.repairs(st)
	return nil
}

// continues says whether a message names the one that was handed out before it.
func continues(st *stream, it *item) bool {
	return st.at.hash == "" || it.prev == "" || st.at.hash == it.prev || st.turned == it.seq
}

// heartbeat takes the newest number that a publisher has.
func (s *Subscriber) heartbeat(k key, d wire.Delivery) error {
	if err := s.fresh(d.Envelope.Timestamp, clockWrong); err != nil {
		return fmt.Errorf("a heartbeat: %w", err)
	}
	msg, _ := d.Envelope.Msg.(map[string]any)
	newest := event.Integer(msg["newest"])
	if newest < 0 || newest > maxSeq {
		return fmt.Errorf("a heartbeat of %.100q bears no number that counts", k.publisher)
	}
	st, err := s.streamOf(k, d, newest)
	if err != nil {
		return err
	}
	if d.Envelope.MsgID == st.beat.id {
		return nil // by another way
	}
	late := d.Envelope.Timestamp < st.beat.said // it came by a longer way, and another one since
	st.beat.id, st.beat.said = d.Envelope.MsgID, max(st.beat.said, d.Envelope.Timestamp)
	if s.o.OnHeartbeat != nil {
		s.o.OnHeartbeat(Heartbeat{d.Topic, d.Body, d.Envelope.MsgID, k.publisher, k.epoch, newest})
	}
	for _, other := range s.publishers[k.publisher].streams {
		if other != st && other.spoke.Before(st.beat.last) { // an older journal was put back, and this one's is gone
			s.leave(other)
		}
	}
	interval := time.Duration(min(max(event.Integer(msg["interval"]), 0), 86400)) * time.Second
	extra, _ := msg["extra"].(bool)
	s.beat(st, newest, interval, extra)
	st.known = max(st.known, newest)
	if newest < st.at.seq && !st.repairing && !late {
		st.suspect = true
	}
	if st.suspect || st.begin || newest > st.at.seq {
		s.repairs(st)
	}
	return nil
}

// streamOf finds a stream, or begins one: first is the number before what comes.
func (s *Subscriber) streamOf(k key, d wire.Delivery, first int64) (*stream, error) {
	if st := s.streams[k]; st != nil {
		st.spoke = s.now()
		if st.seen(d.Endpoint, d.Conn) && !st.begin && st.at.seq > 0 {
			st.suspect = true
			s.repairs(st)
		}
		return st, nil
	}
	if err := s.fresh(d.Envelope.Timestamp, s.o.Fresh); err != nil {
		return nil, fmt.Errorf("a sequence that is not known: %w", err)
	}
	if len(s.streams) >= maxStreams || s.ofSigner[k.signer] >= maxOfSigner && k.signer != "" {
		return nil, fmt.Errorf("the certificate %.100q uses more sequences of numbers than can be followed", k.signer)
	}
	st := s.add(k, 0)
	st.seen(d.Endpoint, d.Conn)
	st.spoke = s.now()
	p := s.publishers[k.publisher]
	if len(p.streams) == 1 {
		s.begin(st, first)
		return st, nil
	}
	// A new sequence of a publisher that is known: what it said before comes first,
	// and of the new one nothing is left out.
	for _, other := range p.streams[:len(p.streams)-1] {
		if other.epoch == k.epoch { // under another certificate
			st.at = other.at
			st.acked = st.at
		}
		s.leave(other)
	}
	st.dirty = true
	s.o.Log.Info("a publisher began a new sequence", "publisher", k.publisher, "epoch", k.epoch, "certificate", k.signer)
	s.repairs(st)
	return st, nil
}

// leave asks for the rest of a stream that its publisher went on from.
func (s *Subscriber) leave(st *stream) {
	if st.closing || st.at.ended {
		return
	}
	st.closing, st.toEnd = true, true
	st.ask()
	s.repairs(st)
}

// begin is where a publisher is begun with of whom no position is known.
func (s *Subscriber) begin(st *stream, first int64) {
	switch {
	case s.o.From.start:
		st.known = first
	case !s.o.From.since.IsZero():
		st.begin, st.known = true, first
	default:
		st.at.seq, st.known = first, first
	}
	st.acked = st.at
	st.dirty = !st.begin
	s.o.Log.Info("a publisher is followed", "publisher", st.publisher, "epoch", st.epoch, "certificate", st.signer, "from", st.at.seq+1)
	s.changed.Broadcast()
}

// add makes a stream.
func (s *Subscriber) add(k key, id int64) *stream {
	if id == 0 {
		s.lastID++
		id = s.lastID
	}
	s.lastID = max(s.lastID, id)
	st := &stream{key: k, id: id}
	s.streams[k] = st
	s.ofSigner[k.signer]++
	p := s.publishers[k.publisher]
	if p == nil {
		p = &publisher{}
		s.publishers[k.publisher] = p
	}
	p.streams = append(p.streams, st)
	return st
}

// repairs has a stream repaired, by the one worker of its publisher.
func (s *Subscriber) repairs(st *stream) {
	st.repairing = true
	p := s.publishers[st.publisher]
	if p.working || s.ctx.Err() != nil {
		return
	}
	p.working = true
	s.wg.Go(func() { s.work(p) })
}

// work repairs what a publisher's streams lack, the older before the newer.
func (s *Subscriber) work(p *publisher) {
	for {
		s.mu.Lock()
		var st *stream
		for _, one := range p.streams {
			if one.repairing {
				st = one
				break
			}
		}
		if st == nil || s.ctx.Err() != nil {
			p.working = false
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		s.repair(s.ctx, st)
	}
}

// refuse reports what is not to be believed, each kind now and then.
func (s *Subscriber) refuse(endpoint, topic string, err error) {
	s.refused++
	if now := s.now(); now.After(s.refusedSaid.Add(10 * time.Second)) {
		s.refusedSaid = now
		s.o.Log.Warn("refused a message", "endpoint", endpoint, "topic", topic, "error", err, "refused", s.refused)
	}
}
