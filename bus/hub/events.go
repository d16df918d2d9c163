package hub

import (
	"context"
	"net/http"
	"time"
)

const (
	// writePatience is how long a client may not take what it is sent, and how long
	// answers may take when the hub ends.
	writePatience = 10 * time.Second
	// beat is how often something is sent: proxies cut what is silent.
	beat = 15 * time.Second
	// catching is how many listeners read the archive at once; others wait.
	catching  = 8
	readBatch = 200
)

// events serves Server-Sent Events until the client leaves, does not read, or its
// lease ends.
func (s *server) events(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	f, err := parseFilter(s.o.Prefix, query)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	last := r.Header.Get("Last-Event-ID")
	if last == "" {
		last = query.Get("last")
	}
	v, err := parseVector(last)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	release, ok := s.streams.acquire(peerOf(r))
	if !ok {
		busy(w)
		return
	}
	defer release()
	ctx, cancel := context.WithTimeout(r.Context(), s.o.Lease)
	defer cancel()
	b, err := s.begin(ctx, f, last, v)
	if err != nil {
		refuse(w, http.StatusInternalServerError, err.Error())
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx
	st := &stream{server: s, w: w, control: http.NewResponseController(w), filter: f, beginning: b}
	defer st.stop()
	if r.Method == http.MethodHead {
		return
	}
	st.run(ctx)
}

// begin says where a listener begins: at its position, at a time, or now.
func (s *server) begin(ctx context.Context, f filter, last string, v vector) (beginning, error) {
	if last != "" {
		return resume(ctx, s.archive, v)
	}
	if !f.since.IsZero() {
		after, err := s.archive.Since(ctx, f.since)
		return beginning{after: after, at: vector{sequence{arrivals, s.archive.Epoch()}: after}}, err
	}
	list, err := s.archive.Sequences(ctx)
	if err != nil {
		return beginning{}, err
	}
	_, newest, err := s.archive.Range(ctx)
	return beginning{after: newest, at: headsOf(list, s.archive.Epoch(), newest)}, err
}

// A stream is one client of /events.
type stream struct {
	*server
	w       http.ResponseWriter
	control *http.ResponseController
	filter  filter
	beginning
	listener *listener
	err      error // why nothing can be written any more
}

func (st *stream) stop() {
	if st.listener != nil {
		st.feed.leave(st.listener)
	}
}

// write sends text, which is flushed later.
func (st *stream) write(text []byte) {
	if st.err == nil {
		// The deadline of the write before this one is still set.
		st.err = st.control.SetWriteDeadline(time.Now().Add(st.o.Patience))
	}
	if st.err == nil {
		_, st.err = st.w.Write(text)
	}
}

// position sends an event's id alone: a browser remembers it, and says nothing.
func (st *stream) position(id string) { st.write([]byte("id: " + id + "\n\n")) }

func (st *stream) flush() {
	if st.err == nil {
		st.err = st.control.Flush()
	}
}

func (st *stream) run(ctx context.Context) {
	const again = "retry: 2000\n" // milliseconds after which a browser comes back
	st.write([]byte(again))
	st.position(st.at.String())
	for _, g := range st.gaps {
		st.write(g.event(st.at.String()))
	}
	st.flush()
	beats := time.NewTicker(beat)
	defer beats.Stop()
	heads, ok := st.catchUp(ctx, beats.C)
	if ok {
		st.live(ctx, heads, beats.C)
	}
}

// catchUp sends what the archive has, until the feed goes on from there.
func (st *stream) catchUp(ctx context.Context, beats <-chan time.Time) (heads vector, ok bool) {
	for held := false; !held; {
		select {
		case st.catching <- struct{}{}:
			held = true
		case <-beats:
			st.write([]byte(":\n\n"))
			if st.flush(); st.err != nil {
				return nil, false
			}
		case <-ctx.Done():
			return nil, false
		}
	}
	defer func() { <-st.catching }()
	own := sequence{arrivals, st.archive.Epoch()}
	for st.err == nil {
		l := &listener{filter: st.filter, after: st.after}
		if heads, ok := st.feed.join(l); ok {
			st.listener = l
			return heads, true
		}
		list, to, err := read(ctx, st.archive, st.after, readBatch)
		if err != nil {
			return nil, false
		}
		for _, h := range list {
			st.at[own] = h.n
			again := h.gap == nil && st.skip.passed(h.message)
			if h.gap == nil {
				st.at.pass(h.message)
			}
			if !again && h.frame != nil && (h.gap != nil || st.filter.takes(&h.envelope, h.about)) {
				st.write(h.event(st.at.String()))
				st.feed.sent.Add(1)
			}
		}
		st.after, st.at[own] = to, to
		st.position(st.at.String()) // also where nothing was wanted
		st.flush()
	}
	return nil, false
}

// live sends what the feed hands out.
func (st *stream) live(ctx context.Context, heads vector, beats <-chan time.Time) {
	// Another hub may have been further than this one: its client skips what it has.
	own := sequence{arrivals, st.archive.Epoch()}
	ahead := false
	for s, n := range st.at {
		ahead = ahead || s != own && n > heads[s]
	}
	send := func(d delivered) {
		if ahead {
			st.at[own] = d.n
			if d.gap == nil && st.skip.passed(d.message) {
				return
			}
			if d.gap == nil {
				st.at.pass(d.message)
			}
			d.text = d.event(st.at.String())
		}
		st.write(d.text)
	}
	for st.err == nil {
		select {
		case <-ctx.Done():
			return
		case <-beats:
			if id, ok := st.feed.idle(st.listener); ok && !ahead {
				st.position(id)
			} else {
				st.write([]byte(":\n\n"))
			}
		case d, ok := <-st.listener.events:
			if !ok {
				return // too far behind
			}
			send(d)
			for more := true; more && st.err == nil; {
				select {
				case d, ok := <-st.listener.events:
					if !ok {
						return
					}
					send(d)
				default:
					more = false
				}
			}
		}
		st.flush()
	}
}
