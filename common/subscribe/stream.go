package subscribe

import (
	"slices"
	"time"
)

// Limits on what strangers may make us remember.
const (
	maxStreams   = 10_000 // of all
	maxOfSigner  = 100    // of one certificate
	maxName      = 256    // bytes of a publisher's name or epoch
	maxEndpoints = 4      // at which one stream was seen
	maxHeld      = 256    // messages of one stream that wait behind a repair
)

// A key names one sequence of numbers. The certificate is part of it, so that
// nobody can spoil another's by using its name.
type key struct{ signer, publisher, epoch string }

// A place is how far a stream came.
type place struct {
	turn int64 // how often its numbers began again: a journal that was put back
	seq  int64
	hash string // of that message; empty if it is not known
	// ended says that all that there is came, and another sequence followed.
	ended bool
}

// A stream is one sequence of numbers, as far as we are.
type stream struct {
	key
	id        int64            // in the store
	endpoints []string         // where it was seen, the newest first
	conns     map[string]int64 // by which connection to each
	spoke     time.Time

	at     place    // of the last that was queued
	acked  place    // of the last before which all is acknowledged
	flight []*entry // queued or handed out, behind acked
	dirty  bool     // acked is not stored

	known int64 // the newest number that there is, as far as we know
	// begin says that nothing of it was queued, and where to begin is to be found.
	begin bool
	// toEnd asks for all that there is, whatever is known; closing also says what
	// cannot be had: another sequence of this publisher follows.
	toEnd, closing bool
	left           int    // how often there was reason to ask again, whatever the answer
	stop           func() // ends the asking that is under way; nil: none is
	suspect        bool   // its numbers may have begun again
	turned         int64  // the number that does not name the one before it, in a journal that has it
	reused         bool   // a number was used for another message
	broken         bool   // the next message does not name the one that was handed out last
	repairing      bool   // queued by the worker of its publisher alone
	failing        error
	unreadable     time.Time // since when its publisher cannot read its journal
	held           []*item   // came live behind a repair, without a gap
	heldBytes      int

	beat health
}

// health is what heartbeats tell of a stream.
type health struct {
	id       string
	said     int64     // the latest of their times
	last     time.Time // zero: none came yet
	interval time.Duration
	newest   int64
	acked    place // when the last one came
	deaf     time.Time
	silent   time.Time
}

// A publisher is all sequences of one name, in the order in which they were seen.
type publisher struct {
	streams []*stream
	working bool // its repairs are under way
}

// An entry is an item from when it is queued until it is acknowledged.
type entry struct {
	st       *stream
	after    place // where the stream is once this is acknowledged
	fact     fact
	seq      int64
	hasFact  bool
	acked    bool
	recorded bool // it is in a transaction of the caller's
	settled  bool // counted as no longer in flight
}

// seen notes where a stream speaks, and whether that is a new connection: its
// publisher may have been restarted, with another journal.
func (st *stream) seen(endpoint string, conn int64) (again bool) {
	if st.conns[endpoint] == conn {
		return false
	}
	st.endpoints = slices.DeleteFunc(st.endpoints, func(e string) bool { return e == endpoint })
	st.endpoints = slices.Insert(st.endpoints, 0, endpoint)
	st.endpoints = st.endpoints[:min(len(st.endpoints), maxEndpoints)]
	if st.conns == nil || len(st.conns) >= 2*maxEndpoints {
		st.conns = map[string]int64{}
	}
	st.conns[endpoint] = conn
	st.ask()
	return true
}

// ask has a repair that is under way begin again: its answers came too early, or
// would come from where the publisher no longer is.
func (st *stream) ask() {
	if st.left++; st.stop != nil {
		st.stop()
	}
}

// settle moves the position over what is acknowledged. stored says that the caller's
// own transaction has it.
func (st *stream) settle() {
	moved, stored := false, true
	for len(st.flight) > 0 && st.flight[0].acked {
		e := st.flight[0]
		st.acked, st.flight, moved = e.after, st.flight[1:], true
		stored = stored && e.recorded
	}
	if moved && !stored {
		st.dirty = true
	}
}

// hold keeps a live message until the repair before it is done, if there is room.
// What is not kept will be asked for. budget is what the stream may hold in all.
func (st *stream) hold(it *item, budget int) (used int) {
	last := int64(-1)
	if len(st.held) > 0 {
		last = st.held[len(st.held)-1].seq
	}
	if it.seq <= last {
		return 0
	}
	used = -st.heldBytes
	if it.seq != last+1 || len(st.held) >= maxHeld || st.heldBytes+it.cost() > budget {
		st.held, st.heldBytes = nil, 0
	}
	if it.cost() <= budget {
		st.held = append(st.held, it)
		st.heldBytes += it.cost()
	}
	return used + st.heldBytes
}
