package hub

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"busbar/bus/web"
	"busbar/common/archive"
)

// serverOptions say how the HTTP side serves.
type serverOptions struct {
	Prefix         string
	Badges         string // the file with who earned what; empty: none is shown
	Clients        int    // of /events, in all
	ClientsPerPeer int
	Lease          time.Duration // of a client of /events
	Patience       time.Duration // how long such a client may not take what it is sent; 0: 10 seconds
	Now            func() time.Time
	Log            *slog.Logger
	Intake         func() intakeStatus
	Collectors     []prometheus.Collector // of the intake
	Out            *out                   // what is said by ZeroMQ; nil: nothing
	Relay          *relay                 // nil: nobody may
	Push           *push                  // nil: nobody may
	Canaries       *canaries              // nil: they are not looked at
	TLS            *tls.Config            // nil: none
}

const (
	questions        = 32 // at once, in all
	questionsPerPeer = 8
	spare            = 256 // connections beside those of /events
	answerPatience   = 30 * time.Second
	headerPatience   = 10 * time.Second
	idlePatience     = 60 * time.Second
	maxHeader        = 16 << 10
	// sendBuffer is what the kernel keeps of an answer: with its own choice, a
	// stalled client is noticed megabytes later.
	sendBuffer = 64 << 10
)

// A server answers by HTTP what is in an archive.
type server struct {
	o         serverOptions
	archive   *archive.Archive
	feed      *feed
	streams   *limit
	questions *limit
	catching  chan struct{}
	site      []web.Route
	pages     *pages
	registry  *prometheus.Registry
	requests  *prometheus.CounterVec
	open      atomic.Int64 // connections

	lives   context.Context // of all streams; set by serve
	running sync.WaitGroup  // streams
}

func newServer(ctx context.Context, a *archive.Archive, o serverOptions) (*server, error) {
	f, err := newFeed(ctx, a, o.Log)
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Patience == 0 {
		o.Patience = writePatience
	}
	s := &server{
		o: o, archive: a, feed: f, streams: newLimit(o.Clients, o.ClientsPerPeer), questions: newLimit(questions, questionsPerPeer),
		catching: make(chan struct{}, catching), pages: newPages(o.Now),
	}
	if c := o.Canaries; c != nil {
		if err := c.recall(ctx, a, o.Prefix); err != nil {
			return nil, err
		}
		f.each = c.note
		s.o.Collectors = append(s.o.Collectors, c)
	}
	if s.site, err = web.Routes(web.Options{
		Archive: a.Reader, Prefix: o.Prefix, Badges: o.Badges, Now: o.Now, Log: o.Log, Health: s.health,
		Position: func(n int64) string { return vector{sequence{arrivals, a.Epoch()}: {n: n}}.String() },
	}); err != nil {
		return nil, err
	}
	s.measure()
	return s, nil
}

// handler is all that is served.
func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	for path, serve := range map[string]http.HandlerFunc{
		"/events":      s.events,
		"/raw":         s.asked(s.raw),
		"/id":          s.asked(s.id),
		"/healthz":     s.asked(s.healthz),
		"/metrics":     s.asked(s.metrics),
		"/status.json": s.asked(s.status),
	} {
		counted := s.counted(path, serve)
		mux.Handle(path, counted)
		mux.Handle(path+"/{$}", counted)
	}
	for _, page := range s.site {
		mux.Handle(page.Pattern, s.counted(page.Name, s.asked(page.Serve)))
	}
	if s.o.Push != nil {
		for _, path := range []string{"/push", "/push/{$}", "/push/{sender}"} {
			mux.Handle(path, s.o.Push)
		}
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { refuse(w, http.StatusNotFound, "not_found") })
	return mux
}

// counted answers what all paths have in common, and counts.
func (s *server) counted(path string, serve http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		switch r.Method {
		case http.MethodGet, http.MethodHead:
			s.requests.WithLabelValues(path).Inc()
			serve(w, r)
		case http.MethodOptions:
			w.Header().Set("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
			w.Header().Set("Access-Control-Allow-Headers", "Last-Event-ID")
			w.WriteHeader(http.StatusNoContent)
		default:
			w.Header().Set("Allow", "GET, HEAD, OPTIONS")
			refuse(w, http.StatusMethodNotAllowed, "only GET, HEAD and OPTIONS are answered here")
		}
	})
}

// asked bounds how many questions are answered at once, and for how long.
func (s *server) asked(serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		release, ok := s.questions.acquire(peerOf(r))
		if !ok {
			busy(w)
			return
		}
		defer release()
		if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(answerPatience)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return
		}
		serve(w, r)
	}
}

// refuse answers with an error, as JSON: fedmsg's hubs read nothing else.
func refuse(w http.ResponseWriter, code int, text string) {
	answer(w, code, map[string]string{"error": text})
}

func busy(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "5")
	refuse(w, http.StatusTooManyRequests, "too many requests at once, from here or in all; come again later")
}

func answer(w http.ResponseWriter, code int, what any) {
	text, err := json.Marshal(what)
	if err != nil {
		code, text = http.StatusInternalServerError, []byte(`{"error":"the answer has no form"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(append(text, '\n')) // who left is not to be told
}

// serve answers at l until ctx ends. Streams end at once, other answers may end.
func (s *server) serve(ctx context.Context, l net.Listener) error {
	streams, end := context.WithCancel(ctx)
	defer s.running.Wait()
	defer end()
	s.lives = streams
	h := &http.Server{
		Handler: s.handler(), ReadHeaderTimeout: headerPatience, IdleTimeout: idlePatience, MaxHeaderBytes: maxHeader,
		ErrorLog:    slog.NewLogLogger(s.o.Log.Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context { return streams },
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			if t, ok := c.(*tls.Conn); ok {
				c = t.NetConn()
			}
			if t, ok := c.(*net.TCPConn); ok {
				_ = t.SetWriteBuffer(sendBuffer) // without it all works, and a stalled client is noticed later
			}
			return ctx
		},
		ConnState: s.connection,
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		<-ctx.Done()
		short, cancel := context.WithTimeout(context.WithoutCancel(ctx), writePatience)
		defer cancel()
		if h.Shutdown(short) != nil {
			_ = h.Close()
		}
	})
	wg.Go(func() { _ = s.feed.run(streams) }) // it ends with ctx alone
	if s.o.TLS != nil {
		l = tls.NewListener(l, s.o.TLS)
	}
	err := h.Serve(l)
	end()
	if errors.Is(err, http.ErrServerClosed) {
		err = ctx.Err()
	} else if err != nil {
		err = fmt.Errorf("serving HTTP at %s: %w", l.Addr(), err)
		_ = h.Close()
	}
	if ctx.Err() != nil {
		wg.Wait()
	}
	return err
}

// connection bounds how many connections there are.
func (s *server) connection(c net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		if s.open.Add(1) > int64(s.o.Clients+spare) {
			_ = c.Close()
		}
	case http.StateClosed, http.StateHijacked:
		s.open.Add(-1)
	}
}
