package hub

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
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
	b, err := s.begin(r.Context(), f, last, v)
	if err != nil {
		release()
		refuse(w, http.StatusInternalServerError, err.Error())
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx
	if r.Method == http.MethodHead {
		release()
		return
	}
	st, err := s.stream(w, f, b)
	if err != nil {
		release()
		refuse(w, http.StatusInternalServerError, err.Error())
		return
	}
	s.running.Go(func() {
		defer release()
		ctx, cancel := context.WithTimeout(s.lives, s.o.Lease)
		defer cancel()
		st.serve(ctx, cancel)
	})
}

// begin says where a listener begins: at its position, at a time, or now.
func (s *server) begin(ctx context.Context, f filter, last string, v vector) (beginning, error) {
	if last != "" {
		return resume(ctx, s.archive, v)
	}
	if !f.since.IsZero() {
		after, err := s.archive.Since(ctx, f.since)
		return beginning{after: after, at: vector{sequence{arrivals, s.archive.Epoch()}: {n: after}}}, err
	}
	_, newest, err := s.archive.Range(ctx)
	if err != nil {
		return beginning{}, err
	}
	if b := s.feed.now(); b.after >= newest {
		return b, nil
	}
	heads, err := headsOf(ctx, s.archive) // the feed is not there yet
	return beginning{after: heads[sequence{arrivals, s.archive.Epoch()}].n, at: heads}, err
}

// A stream is one client of /events. It has its connection for itself: what net/http
// keeps for each is more than what is sent.
type stream struct {
	*server
	conn   net.Conn
	filter filter
	beginning
	listener *listener
	out      net.Buffers // waits to be sent; what many get is not copied
	waiting  int         // bytes of it
	err      error       // why nothing can be written any more
}

// stream takes over the connection of an answer whose header is set.
func (s *server) stream(w http.ResponseWriter, f filter, b beginning) (*stream, error) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, fmt.Errorf("beginning a stream: %w", err)
	}
	st := &stream{server: s, conn: conn, filter: f, beginning: b}
	var head bytes.Buffer
	head.WriteString("HTTP/1.1 200 OK\r\nConnection: close\r\nDate: " + time.Now().UTC().Format(http.TimeFormat) + "\r\n")
	_ = w.Header().Write(&head) // into memory
	head.WriteString("\r\n")
	st.write(head.Bytes())
	return st, nil
}

// serve runs the stream; cancel ends ctx when the client is gone.
func (st *stream) serve(ctx context.Context, cancel func()) {
	var gone sync.WaitGroup
	defer gone.Wait()
	defer st.conn.Close()
	defer st.stop()
	_ = st.conn.SetDeadline(time.Time{}) // net/http's
	stop := context.AfterFunc(ctx, func() { _ = st.conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	gone.Go(func() {
		defer cancel()
		const most = 4096 // times: a client has nothing more to say
		var little [16]byte
		for range most {
			if _, err := st.conn.Read(little[:]); err != nil {
				return
			}
		}
	})
	st.run(ctx)
}

func (st *stream) stop() {
	if st.listener != nil {
		st.feed.leave(st.listener)
	}
}

// sendAtOnce is how many bytes wait at most; the client has Patience for them.
const sendAtOnce = 32 << 10

// write sends text, which is flushed later; nobody changes it any more.
func (st *stream) write(text []byte) {
	if st.err != nil {
		return
	}
	st.out, st.waiting = append(st.out, text), st.waiting+len(text)
	if st.waiting >= sendAtOnce {
		st.flush()
	}
}

func (st *stream) flush() {
	if len(st.out) == 0 {
		return
	}
	rest := st.out
	if _, plain := st.conn.(*net.TCPConn); !plain { // with TLS, each would be a record
		rest = net.Buffers{bytes.Join(st.out, nil)}
	}
	if st.err == nil {
		st.err = st.conn.SetWriteDeadline(time.Now().Add(st.o.Patience))
	}
	if st.err == nil {
		_, st.err = rest.WriteTo(st.conn)
	}
	clear(st.out)
	st.out, st.waiting = st.out[:0], 0
}

// position sends an event's id alone: a browser remembers it, and says nothing.
func (st *stream) position(id string) { st.write([]byte("id: " + id + "\n\n")) }

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
	apart, ok := st.catchUp(ctx, beats.C)
	if ok {
		st.live(ctx, apart, beats.C)
	}
}

// catchUp sends what the archive has, until the feed goes on from there. apart says
// that the client's position is not the feed's.
func (st *stream) catchUp(ctx context.Context, beats <-chan time.Time) (apart, ok bool) {
	for held := false; !held; {
		select {
		case st.catching <- struct{}{}:
			held = true
		case <-beats:
			st.write([]byte(":\n\n"))
			if st.flush(); st.err != nil {
				return false, false
			}
		case <-ctx.Done():
			return false, false
		}
	}
	defer func() { <-st.catching }()
	own := sequence{arrivals, st.archive.Epoch()}
	for st.err == nil {
		l := &listener{after: st.after}
		if apart, ok := st.feed.join(l, &st.beginning); ok {
			st.listener = l
			return apart, true
		}
		list, to, err := read(ctx, st.archive, st.after, readBatch)
		if err != nil {
			return false, false
		}
		for _, h := range list {
			if st.pass(ctx, h); st.err != nil {
				return false, false
			}
		}
		st.after, st.at[own] = to, mark{n: to}
		st.position(st.at.String()) // also where nothing was wanted
		st.flush()
	}
	return false, false
}

// pass sends what of a happening the client wants and has not got, each with its own
// position.
func (st *stream) pass(ctx context.Context, h *happening) {
	err := st.next(ctx, st.archive, h, func(one *happening) {
		if one.frame != nil && (one.gap != nil || st.filter.takes(&one.envelope, one.about)) {
			st.write(one.event(st.at.String()))
			st.feed.sent.Add(1)
		}
	})
	if st.err == nil {
		st.err = err
	}
}

// live sends what the feed hands out.
func (st *stream) live(ctx context.Context, apart bool, beats <-chan time.Time) {
	var list []delivered
	for st.err == nil {
		var changed <-chan struct{}
		var ok bool
		if list, changed, ok = st.feed.take(st.listener, list[:0]); !ok {
			return // too far behind
		}
		if len(list) == 0 {
			select {
			case <-ctx.Done():
				return
			case <-changed:
			case <-beats:
				if id, ok := st.feed.idle(st.listener); ok && !apart {
					st.position(id)
				} else {
					st.write([]byte(":\n\n"))
				}
				st.flush()
			}
			continue
		}
		for _, d := range list {
			st.send(ctx, d, apart)
		}
		clear(list)
		if len(list) == takeBatch {
			continue // more is there
		}
		if st.flush(); !sleep(ctx, st.feed.pause()) {
			return
		}
	}
}

// send sends what comes live. Another hub may have been further than this one, or got
// other things: then the client is apart, and skips what it has.
func (st *stream) send(ctx context.Context, d delivered, apart bool) {
	switch {
	case d.n <= st.listener.after:
	case apart:
		st.pass(ctx, d.happening)
	case d.text != nil && (d.gap != nil || st.filter.takes(&d.envelope, d.about)):
		st.write(d.text)
		st.feed.sent.Add(1)
	}
}
