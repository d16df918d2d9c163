package subscribe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"busbar/common/backoff"
	"busbar/common/event"
	"busbar/common/replay"
)

// A fetcher asks a publisher for what it said before: replay.Client.
type fetcher interface {
	Fetch(ctx context.Context, endpoint string, r replay.Range, hand func(topic string, body []byte) error) error
}

// patience is how long one address is asked without an answer, before it is looked
// whether the publisher is elsewhere.
const patience = 2 * time.Second

// pauses are those between tries to repair.
var pauses = backoff.Times{First: 50 * time.Millisecond, Most: 5 * time.Second}

// What ends a fetch from our side.
var (
	errTurned = errors.New("the message does not name the one before it")
	errSigner = errors.New("another certificate signed it")
)

// maxStill is how many answers may bring nothing, and no error either, before the
// questions have pauses between them: whatever the reason, a publisher is not asked
// without end.
const maxStill = 16

var errStill = errors.New("its answers bring nothing")

// A holeError says that an answer left messages out.
type holeError struct{ after, next int64 }

func (e *holeError) Error() string { return fmt.Sprintf("message %d came after %d", e.next, e.after) }

// maxTries is how often an answer that contradicts the publisher's own word is
// asked for again before it is believed.
const maxTries = 4

// unreadableFor is how long a publisher may be unable to read its own journal before
// what is asked for counts as missing: a person may mend that.
const unreadableFor = 10 * time.Minute

// repair asks for what a stream lacks and queues it, until the stream is live again.
func (s *Subscriber) repair(ctx context.Context, st *stream) {
	failures, odd, still := 0, 0, 0
	for ctx.Err() == nil {
		s.mu.Lock()
		done, r, where := s.due(ctx, st)
		suspect, before, left := st.suspect, st.at, st.left
		asking, stop := context.WithCancel(ctx)
		st.stop = stop
		s.mu.Unlock()
		if done {
			return
		}
		var verdict error
		if suspect {
			verdict = s.verifyLast(asking, st, where)
			s.mu.Lock()
		} else {
			err := s.fetch(asking, st, r, where)
			s.mu.Lock()
			if st.at != before {
				failures, odd, st.unreadable = 0, 0, time.Time{}
			}
			if left == st.left { // else it answers an earlier question
				verdict = s.judge(st, r, err, &odd)
			}
		}
		if still++; st.at != before {
			still = 0
		}
		stop()
		if st.stop = nil; left != st.left {
			verdict = nil
		} else if verdict == nil && still > maxStill {
			verdict = errStill
		}
		st.failing = nil
		if verdict != nil {
			st.failing = verdict
			failures++
		}
		s.mu.Unlock()
		if verdict != nil {
			s.o.Log.Debug("repairing failed, trying again", "publisher", st.publisher, "next", before.seq+1, "error", verdict)
			select {
			case <-ctx.Done():
			case <-time.After(backoff.Spread(s.o.pauses.After(failures))):
			}
		}
	}
}

// due is what is to be asked for next, and where; done says that the stream is
// live.
func (s *Subscriber) due(ctx context.Context, st *stream) (done bool, r replay.Range, where addresses) {
	for !st.suspect && !st.begin && len(st.held) > 0 && st.held[0].seq <= st.at.seq+1 {
		it := st.held[0]
		if it.seq == st.at.seq+1 {
			if !continues(st, it) {
				st.suspect = true
				break
			}
			if ok, err := s.offer(ctx, it, true); !ok || err != nil {
				return true, r, where
			}
		}
		if len(st.held) > 0 && st.held[0] == it { // else it was dropped while we waited
			st.held = st.held[1:]
			st.heldBytes -= it.cost()
			s.held -= it.cost()
		}
	}
	to := st.known
	if len(st.held) > 0 {
		to = st.held[0].seq - 1
	}
	if !st.suspect && !st.begin && !st.toEnd && to <= st.at.seq {
		st.repairing, st.failing = false, nil
		if st.closing {
			st.closing = false
			s.end(st)
		}
		s.changed.Broadcast()
		return true, r, where
	}
	r = replay.Range{Publisher: st.publisher, Epoch: st.epoch, From: uint64(st.at.seq) + 1, To: uint64(max(to, 0))}
	if st.toEnd {
		r.To = 0
	}
	if st.begin {
		r.From, r.Since = 0, s.o.From.since
	}
	return false, r, s.where(st)
}

// errNowhere says that nobody is there to be asked.
var errNowhere = errors.New("its endpoint is no longer among those that are followed")

// fetch asks each address until one has what is wanted, and queues what comes.
func (s *Subscriber) fetch(ctx context.Context, st *stream, r replay.Range, where addresses) error {
	worst, some := errNowhere, false
	for _, at := range where.all {
		before := st.at
		err := s.fetchFrom(ctx, st, r, at)
		switch {
		case err == nil && r.To == 0 && !slices.Contains(where.own, at):
			some = true // all that this one has: another may have more
			r.From = uint64(st.at.seq) + 1
		case err == nil || st.at != before || ctx.Err() != nil || weight(err) == decides:
			return err
		default:
			worst = weightier(worst, err)
		}
	}
	s.mu.Lock()
	closing := st.closing
	s.mu.Unlock()
	if some && (weight(worst) < unanswered || !closing) {
		return nil
	}
	return worst
}

// again queues a message that was asked for; err is why it is not to be believed.
func (s *Subscriber) again(ctx context.Context, st *stream, it *item, err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if errors.Is(err, errSigner) {
		other := s.streams[key{it.signer, st.publisher, st.epoch}]
		if other == nil || st.begin || it.seq != st.at.seq+1 || other.at.seq < it.seq {
			return err
		}
		it.st = st
		s.pass(it) // it was handed out under that certificate
		return nil
	}
	if err != nil && st.begin {
		return nil // its number is not known, so it is none to begin with
	}
	if err != nil {
		// It was refused, but its number is the one that was asked for.
		n := st.at.seq + 1
		_, err = s.offer(ctx, s.gap(st, n, n, Refused, err.Error()), true)
		return err
	}
	if st.begin {
		st.at.seq = it.seq - 1
	}
	switch {
	case it.seq <= st.at.seq:
		return nil
	case it.seq > st.at.seq+1:
		return &holeError{st.at.seq, it.seq}
	case !continues(st, it):
		return errTurned
	}
	it.st, it.endpoint, it.replayed = st, st.endpoint(), true
	_, err = s.offer(ctx, it, true)
	return err
}

func (st *stream) endpoint() string {
	if len(st.endpoints) == 0 {
		return ""
	}
	return st.endpoints[0]
}

// believe reads and verifies a message of the past.
func (s *Subscriber) believe(st *stream, topic string, body []byte) (*item, error) {
	tree, e, err := event.ParseMessage(body)
	if err != nil {
		return nil, err
	}
	if e.Topic != topic {
		return nil, fmt.Errorf("its frame says topic %.100q, its body %.100q", topic, e.Topic)
	}
	signer, hash := "", ""
	if s.o.Verifier != nil {
		at := s.now()
		if said := time.Unix(e.Timestamp, 0); said.Before(at) {
			at = said // its certificate may have ended since
		}
		v := s.o.Verifier.VerifyAt(tree, at)
		if !v.OK {
			return nil, errors.New(v.Reason)
		}
		signer, hash = v.Signer, v.Hash
	}
	if e.Publisher != st.publisher || e.Epoch != st.epoch {
		return nil, fmt.Errorf("it is of publisher %.100q, epoch %.100q", e.Publisher, e.Epoch)
	}
	it, err := itemOf(tree, e, topic, body, hash)
	if err != nil {
		return nil, err
	}
	it.signer = string([]byte(signer))
	if signer != st.signer {
		return it, fmt.Errorf("%w: %.100q", errSigner, signer)
	}
	return it, nil
}

// gap is the item that names what is missing, and moves the stream over it.
func (s *Subscriber) gap(st *stream, from, to int64, why Reason, detail string) *item {
	g := &Gap{Publisher: st.publisher, Epoch: st.epoch, Signer: st.signer, Endpoint: st.endpoint(), From: from, To: to, Reason: why, Detail: detail}
	it := &item{st: st, endpoint: g.Endpoint, gap: g, seq: to}
	if to < st.at.seq {
		it.seq = st.at.seq
	}
	if it.seq == st.at.seq {
		it.hash = st.at.hash
	}
	return it
}

// judge decides what an answer means. Nil: go on at once; an error: after a pause.
// It holds s.mu, as all that it calls.
func (s *Subscriber) judge(st *stream, r replay.Range, err error, odd *int) error {
	var gone *replay.GoneError
	var absent *replay.AbsentError
	var epoch *replay.EpochError
	name := func(from, to int64, why Reason, detail string) error {
		_, err := s.offer(s.ctx, s.gap(st, from, to, why, detail), true)
		return err
	}
	next := st.at.seq + 1
	ended := st.closing && st.toEnd
	switch {
	case s.ctx.Err() != nil:
		return s.ctx.Err()
	case behind(err) && st.toEnd: // it has no more than we have
		s.whole(st)
		return nil
	case behind(err):
		return err
	case err == nil && st.begin: // there is nothing since then
		st.at.seq, st.begin = st.known, false
		st.acked, st.dirty = st.at, true
		return nil
	case err == nil && st.toEnd:
		s.whole(st)
		return nil
	case err == nil && st.at.seq >= int64(r.To):
		return nil
	case errors.Is(err, errTurned):
		st.suspect, st.broken = true, true
		return nil
	case errors.Is(err, errSigner): // from here on, another stream has it
		s.held -= st.heldBytes
		st.known, st.toEnd, st.held, st.heldBytes = st.at.seq, false, nil, 0
		return nil
	case errors.As(err, &gone) && st.begin:
		st.at.seq, st.begin = int64(gone.Oldest)-1, false
		return nil
	case errors.As(err, &gone):
		to := int64(gone.Oldest) - 1
		if gone.Oldest == 0 {
			to = st.known
		}
		if to < next {
			break
		}
		return name(next, to, Retention, "")
	case errors.As(err, &absent) && st.begin:
		st.at.seq, st.begin = st.known, false
		st.acked, st.dirty = st.at, true
		return nil
	case errors.As(err, &absent) && st.toEnd: // we have all that there is
		s.whole(st)
		if int64(absent.Newest) < st.at.seq && !st.closing {
			st.suspect = true
		}
		return nil
	case errors.As(err, &absent) && int64(absent.Newest) < st.at.seq && !st.suspect:
		st.suspect = true
		return nil
	case elsewhere(err) && ended && len(st.held) > 0: // which came before it was gone
		return name(next, st.held[0].seq-1, reason(err), "")
	case elsewhere(err) && ended:
		st.toEnd, st.closing, st.known = false, false, st.at.seq
		it := s.gap(st, next, 0, reason(err), "")
		it.last = true
		_, err := s.offer(s.ctx, it, true)
		return err
	case elsewhere(err) && st.toEnd:
		st.toEnd = false
		return nil
	case elsewhere(err) && st.begin:
		to := st.known
		if len(st.held) > 0 {
			to = st.held[0].seq - 1
		}
		st.at.seq, st.begin = to, false
		st.acked, st.dirty = st.at, true
		return name(0, to, NoReplay, "it is followed from now on")
	case errors.Is(err, replay.ErrNoReplay):
		return name(next, int64(r.To), NoReplay, "")
	case errors.As(err, &epoch):
		if *odd++; *odd >= maxTries {
			return name(next, int64(r.To), Lost, "")
		}
		return err
	}
	var hole *holeError
	if errors.Is(err, replay.ErrUnreadable) {
		if st.unreadable.IsZero() {
			st.unreadable = s.now()
		}
		if s.now().Sub(st.unreadable) < unreadableFor {
			return err
		}
	}
	if errors.As(err, &absent) || errors.As(err, &hole) || errors.Is(err, replay.ErrUnreadable) || errors.Is(err, replay.ErrRefused) || err == nil {
		if *odd++; *odd >= maxTries {
			to := int64(r.To)
			if hole != nil {
				to = hole.next - 1
			}
			if to < next { // it asked for all
				st.toEnd = false
				return nil
			}
			return name(next, to, Missing, fmt.Sprint(err))
		}
		if err == nil {
			err = fmt.Errorf("the replay of messages %d to %d ended before them", r.From, r.To)
		}
	}
	return err
}

// reason is what an answer says that another address might not.
func reason(err error) Reason {
	if errors.Is(err, replay.ErrNoReplay) {
		return NoReplay
	}
	return Lost
}

// whole says that all came that its publisher has. A stream that it left ends there.
func (s *Subscriber) whole(st *stream) {
	st.toEnd = false
	if st.closing {
		st.known = st.at.seq
	}
}
