package drain

import (
	"context"
	"fmt"
	"sync"
	"time"

	"busbar/common/journal"
)

// A Link is how a connection answers the loop. Its methods may be called from any
// goroutine until the connection's Close has returned; later calls do nothing.
type Link struct {
	d    *Drain
	fail context.CancelCauseFunc
	// moved says that something was answered: the loop may have waited for room.
	moved chan struct{}

	mu     sync.Mutex
	acked  int64 // the far side has everything up to here
	handed int64 // the newest message that was handed over
	out    []batch
	// What is in out, kept so that nobody needs to walk through it.
	outMessages int64
	outBytes    int
	// refused are messages behind acked that need no acknowledgement.
	refused map[int64]bool
	idle    *time.Timer // fires when no answer comes; nil: patience has no end
	closed  bool
}

// A batch is messages that were handed over, all that fit into one, and are not
// acknowledged yet.
type batch struct {
	first, last int64
	bytes       int
}

func (b batch) messages() int64 { return b.last - b.first + 1 }

func (d *Drain) newLink(fail context.CancelCauseFunc, at int64) *Link {
	l := &Link{d: d, fail: fail, moved: make(chan struct{}, 1), acked: at, handed: at, refused: map[int64]bool{}}
	if d.patience() > 0 {
		l.idle = time.AfterFunc(d.patience(), func() {
			l.Fail(fmt.Errorf("nothing was acknowledged for %s: the far side does not answer", d.patience()))
		})
		l.idle.Stop()
	}
	return l
}

// Cursor is the number of the last message that the far side is known to have.
func (l *Link) Cursor() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.acked
}

// Ack says that the far side has every message up to the number seq, for good:
// what happens to this process, and to the connection, does not matter to them any
// more. Answers that come out of order are waited for in order.
func (l *Link) Ack(seq int64) { l.AckAt(seq, "") }

// AckAt is Ack, and says what the far side calls that place, such as the number under
// which it stored the message. Where the store is a [Bookmarker], the next Open finds the
// bookmark again, in this process or another: for a sink that looks what the far side has
// before it hands over anything twice, and has to know where to begin.
func (l *Link) AckAt(seq int64, bookmark string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if seq > l.handed && !l.closed {
		l.fail(fmt.Errorf("the sink acknowledged message %d, but %d was the newest that it was given", seq, l.handed))
		return
	}
	l.settle(seq, bookmark)
}

// Bookmark is the bookmark of the newest acknowledgement that is kept, or empty.
func (l *Link) Bookmark() string {
	l.d.mu.Lock()
	defer l.d.mu.Unlock()
	return l.d.bookmark
}

// settle moves on to seq. The caller holds the lock.
func (l *Link) settle(seq int64, bookmark string) {
	if l.closed || seq <= l.acked {
		return
	}
	for l.refused[seq+1] {
		seq++
	}
	for r := range l.refused {
		if r <= seq {
			delete(l.refused, r)
		}
	}
	var answered int64
	for len(l.out) > 0 && l.out[0].last <= seq {
		answered += l.out[0].messages()
		l.outBytes -= l.out[0].bytes
		l.out = l.out[1:]
	}
	if len(l.out) > 0 && l.out[0].first <= seq { // a part of a batch
		answered += seq - l.out[0].first + 1
		l.out[0].first = seq + 1
	}
	l.outMessages -= answered
	l.acked = seq
	if l.idle != nil {
		if len(l.out) == 0 {
			l.idle.Stop()
		} else {
			l.idle.Reset(l.d.patience())
		}
	}
	if err := l.d.acknowledged(seq, answered, bookmark); err != nil {
		l.fail(err)
	}
	select {
	case l.moved <- struct{}{}:
	default:
	}
}

// Refuse says that the far side will never take message seq, and that the
// connection goes on without it. It is stored as missed before Refuse returns, and
// needs no acknowledgement. Where Refuse fails, so must the sink: it cannot be
// stored, or so many were refused in a row that the fault is not theirs.
func (l *Link) Refuse(seq int64, why error) error {
	l.mu.Lock()
	closed, known := l.closed, seq > 0 && seq <= l.handed
	l.mu.Unlock()
	if closed {
		return nil
	}
	if !known {
		return fmt.Errorf("the sink refused message %d, which it was not given", seq)
	}
	if err := l.d.miss(journal.Missed{First: seq, Last: seq, Reason: why.Error()}); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if seq == l.acked+1 {
		l.settle(seq, "")
	} else if seq > l.acked {
		l.refused[seq] = true
	}
	return nil
}

// Fail ends the connection from its own side, such as when the far side goes: the
// context of Open ends, the loop closes the connection and opens another.
func (l *Link) Fail(err error) {
	l.mu.Lock()
	closed := l.closed
	l.mu.Unlock()
	if !closed && err != nil {
		l.d.failing(err)
		l.fail(err)
	}
}

// hand notes a batch that is about to be handed over.
func (l *Link) hand(messages []journal.Message) {
	b := batch{first: messages[0].Seq, last: messages[len(messages)-1].Seq}
	for _, m := range messages {
		b.bytes += len(m.Wire)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.handed = b.last; l.idle != nil && len(l.out) == 0 {
		l.idle.Reset(l.d.patience())
	}
	l.outMessages, l.outBytes = l.outMessages+b.messages(), l.outBytes+b.bytes
	if n := len(l.out); n > 0 && l.out[n-1].last+1 == b.first && l.out[n-1].messages()+b.messages() <= batchMessages {
		l.out[n-1].last, l.out[n-1].bytes = b.last, l.out[n-1].bytes+b.bytes
		return
	}
	l.out = append(l.out, b)
}

// at is the newest message handed over, and what of them is without an answer.
func (l *Link) at() (handed, messages int64, bytes int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.handed, l.outMessages, l.outBytes
}

// skip passes over messages that are gone.
func (l *Link) skip(to int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.handed = to
	if len(l.out) == 0 {
		l.settle(to, "")
	}
}

// begin sets where the link stands, when nothing is out.
func (l *Link) begin(at int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acked, l.handed, l.out, l.refused = at, at, nil, map[int64]bool{}
	l.outMessages, l.outBytes = 0, 0
}

func (l *Link) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if l.idle != nil {
		l.idle.Stop()
	}
}
