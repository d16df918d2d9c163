package sweep

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"busbar/adapters/debbugs"
	"busbar/common/event"
	"busbar/soapbus/soap"
)

// What one poll makes ready, and what one item holds of a log.
const (
	maxPublished = 20
	mostEntries  = debbugs.MaxLog
	mostBytes    = 16 << 20
)

// promptly is how long what is ready waits for more.
const promptly = time.Second

// logPatience is in how many rounds a log may be unreadable before the rest of
// the bug's news is published without it.
const logPatience = 3

// nextNews makes the news of some bugs ready.
func (s *Sweep) nextNews(ctx context.Context) error {
	began := s.o.Now()
	for range maxPublished {
		if len(s.found) == 0 || s.Ready() > 0 && s.o.Now().Sub(began) > promptly {
			break
		}
		if err := s.news(ctx, s.found[0]); err != nil {
			return err
		}
		s.found = s.found[1:]
	}
	return nil
}

// news makes ready what is new about a bug.
func (s *Sweep) news(ctx context.Context, f found) error {
	before, err := s.known(ctx, f.bug)
	if err != nil {
		return err
	}
	if f.status == nil {
		return s.vanished(f, before)
	}
	after := known{Status: *f.status, Fresh: s.justNow(*f.status), Said: f.said}
	change := debbugs.Change{Bug: f.bug, After: f.status}
	if change.Said, _, err = s.saidOf(ctx, f.bug, before, f.said); err != nil {
		return err
	}
	if before != nil {
		after.Since, after.Published, after.PublishedID, after.Faulty = before.Since, before.Published, before.PublishedID, before.Faulty // not Missing, Back
	}
	if before != nil && !s.o.Import {
		change.Before = &before.Status
	}
	if change.Before == nil || before.care() || before.LogModified != f.status.LogModified {
		log, fault, err := s.logOf(ctx, f.bug)
		if err == nil && fault == nil {
			log = s.asOf(*f.status, log)
			var moved bool
			if moved, err = s.moved(ctx, &f, after.Fresh); moved {
				return nil
			}
		}
		switch {
		case err != nil:
			return err
		case fault != nil:
			if !f.note && s.postpone(ctx, f.bug, &after, before) {
				return nil
			}
		case s.o.Import:
			change.Log = log
			after.logPublished(log)
		default:
			change.Log = after.news(log)
			after.logPublished(log)
		}
	}
	if f.note && before == nil {
		after.Since = max(f.status.LogModified, 1)
		s.settle(f.bug, &after)
		return s.quietly(ctx, []event.State{s.state(f.bug, &after)}, 1)
	}
	if change.Before != nil && len(change.Log) == 0 && debbugs.Same(change.Before.After(change.Said, *f.status), *f.status) {
		s.settle(f.bug, &after)
		return s.quietly(ctx, []event.State{s.state(f.bug, &after)}, 0)
	}
	for len(change.Log) > mostEntries || size(change.Log) > mostBytes && len(change.Log) > 1 {
		n := share(change.Log)
		first := debbugs.Change{Bug: f.bug, Before: change.Before, After: f.status, Log: change.Log[:n], More: true, Said: change.Said}
		change.Log, change.Before = change.Log[n:], debbugs.Published(first)
		s.add(fmt.Sprintf("bug %d, part of its log", f.bug), first, nil, func() { s.again(f) }, nil)
	}
	s.add(fmt.Sprintf("bug %d", f.bug), change, []event.State{s.state(f.bug, &after)}, func() { s.again(f) }, s.published(f, before == nil))
	s.settle(f.bug, &after)
	return nil
}

// settle records whether the bug is to be asked in the next round.
func (s *Sweep) settle(bug int, k *known) {
	delete(s.due, bug)
	if k != nil && k.care() {
		s.due[bug] = due{}
	}
}

// asOf leaves out the messages that came after the state was asked for: what
// they did is not in it yet, and they are published with it.
func (s *Sweep) asOf(st debbugs.Status, log []debbugs.Entry) []debbugs.Entry {
	lately := s.o.Now().Add(-margin).Unix() // older times are not of this moment, whatever they are of
	for len(log) > 0 {
		at := log[len(log)-1].Arrived()
		if at.IsZero() || at.Unix() <= st.LogModified || at.Unix() < lately {
			break
		}
		log = log[:len(log)-1]
	}
	return log
}

// mostMoves is how often a bug may change while its news are read.
const mostMoves = 5

// moved asks again for a bug that was modified only just now, and puts it off
// where it changed meanwhile: times are whole seconds, so state and log may be
// of two moments though they seem to be of one.
func (s *Sweep) moved(ctx context.Context, f *found, fresh bool) (bool, error) {
	if !fresh || f.moves >= mostMoves {
		return false, nil
	}
	all, _, err := s.statuses(ctx, []int{f.bug})
	st, there := all[f.bug]
	if err != nil || !there || st.LogModified == f.status.LogModified && debbugs.Same(st, *f.status) {
		return false, err
	}
	s.found = append(s.found, found{f.bug, &st, f.moves + 1, f.note, f.said})
	return true, nil
}

// vanished makes ready that a bug is gone.
func (s *Sweep) vanished(f found, before *known) error {
	if before == nil {
		return nil // it was published
	}
	change := debbugs.Change{Bug: f.bug, Before: &before.Status}
	s.add(fmt.Sprintf("bug %d is gone", f.bug), change, []event.State{s.state(f.bug, nil)}, func() { s.again(f) }, s.published(f, false))
	s.settle(f.bug, nil)
	return nil
}

// published records that a bug's news is durable. It is called with s.mu held.
func (s *Sweep) published(f found, first bool) func() {
	return func() {
		s.stats.Published++
		switch {
		case f.status == nil:
			s.stats.Known--
			delete(s.hot, f.bug)
		default:
			s.hot[f.bug] = max(f.status.LogModified, f.status.LastModified)
			if first {
				s.stats.Known++
			}
		}
	}
}

// again finds a bug once more.
func (s *Sweep) again(f found) {
	if !slices.ContainsFunc(s.found, func(g found) bool { return g.bug == f.bug }) {
		s.found = append(s.found, f)
	}
}

// logOf reads a bug's log. A fault is the tracker's answer that it cannot tell
// it, or one that is larger than we take, or makes no sense.
func (s *Sweep) logOf(ctx context.Context, bug int) (log []debbugs.Entry, fault, err error) {
	log, err = s.o.Tracker.Log(ctx, bug)
	if err == nil {
		return log, nil, nil
	}
	_, refused := errors.AsType[*soap.Fault](err)
	if !refused && !errors.Is(err, soap.ErrTooLarge) && !errors.Is(err, soap.ErrShape) && !errors.Is(err, soap.ErrRefused) {
		return nil, nil, err
	}
	s.log.Warn("the log of a bug cannot be read", "bug", bug, "error", err)
	return nil, err, nil
}

// postpone leaves a bug whose log cannot be read for the next rounds, and is
// false when they have passed: then the rest is published, and the log once it grows
// and can be read.
func (s *Sweep) postpone(ctx context.Context, bug int, after, before *known) bool {
	if before == nil { // it counts in memory: nothing is known of it
		s.faulty[bug]++
		after.Faulty = s.faulty[bug]
	} else {
		after.Faulty = min(before.Faulty+1, logPatience)
	}
	if after.Faulty >= logPatience || before == nil && s.o.Once {
		delete(s.faulty, bug)
		return false
	}
	s.due[bug] = due{}
	if before != nil {
		before.Faulty = after.Faulty
		if err := s.quietly(ctx, []event.State{s.state(bug, before)}, 0); err != nil {
			s.log.Warn("it cannot be kept that a log was not readable", "bug", bug, "error", err) // it is asked again
		}
	}
	return true
}

// share is how many of the entries fit into one item.
func share(log []debbugs.Entry) int {
	bytes := 0
	for i, e := range log {
		if bytes += len(e.Header) + len(e.Body); i > 0 && (i == mostEntries || bytes > mostBytes) {
			return i
		}
	}
	return len(log)
}

func size(log []debbugs.Entry) (bytes int) {
	for _, e := range log {
		bytes += len(e.Header) + len(e.Body)
	}
	return bytes
}
