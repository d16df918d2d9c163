package desttest

import (
	"cmp"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"busbar/fixtures/ports"
)

// A Web is a far side that speaks HTTP. It keeps what it accepts when it goes away.
type Web struct {
	Accept func(r *http.Request, body []byte) Accepted
	// RefusedStatus is what an address gets that is refused for good; 0: 403.
	RefusedStatus int

	t       *testing.T
	address string
	server  *httptest.Server

	mu      sync.Mutex
	got     []Arrived
	ids     map[string]bool
	refused map[string]bool
	stall   chan struct{} // nil: it answers
}

// Accepted is what a request comes to. With a status that is neither 0 nor 2xx nothing
// arrives.
type Accepted struct {
	Arrived
	ID     string // by which the far side knows it again; empty: it does not
	Status int
	Body   string // of the answer
}

// NewWeb starts one on a free port.
func NewWeb(t *testing.T) *Web {
	address, err := ports.Address()
	if err != nil {
		t.Fatal(err)
	}
	w := &Web{t: t, address: address, ids: map[string]bool{}, refused: map[string]bool{}}
	w.Start()
	t.Cleanup(w.Stop)
	return w
}

// URL is its address, the same after each start.
func (w *Web) URL() string { return "http://" + w.address }

// Start brings it (back).
func (w *Web) Start() {
	l, err := net.Listen("tcp", w.address)
	if err != nil {
		w.t.Fatalf("starting the far side: %v", err)
	}
	w.server = &httptest.Server{Listener: l, Config: &http.Server{Handler: w}}
	w.server.Start()
}

// Stop ends it with all its connections.
func (w *Web) Stop() {
	w.server.CloseClientConnections()
	w.server.Close()
}

// Got are what has arrived.
func (w *Web) Got() []Arrived {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.got)
}

// Refuse has it refuse an address for good.
func (w *Web) Refuse(to string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refused[to] = true
}

// Stall has it answer nothing until the function is called.
func (w *Web) Stall() func() {
	w.mu.Lock()
	defer w.mu.Unlock()
	stall := make(chan struct{})
	w.stall = stall
	return func() {
		close(stall)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.stall = nil
	}
}

// ServeHTTP implements [http.Handler].
func (w *Web) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	w.mu.Lock()
	stall := w.stall
	w.mu.Unlock()
	if stall != nil {
		select {
		case <-stall:
		case <-r.Context().Done():
			return
		}
	}
	a := w.Accept(r, body)
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case a.Status != 0 && a.Status/100 != 2:
	case w.refused[a.To]:
		a.Status = cmp.Or(w.RefusedStatus, http.StatusForbidden)
	case a.Arrived == Arrived{} || a.ID != "" && w.ids[a.ID]: // nothing that a person sees
	default:
		w.ids[a.ID] = true
		w.got = append(w.got, a.Arrived)
	}
	if a.Status != 0 {
		rw.WriteHeader(a.Status)
	}
	_, _ = io.WriteString(rw, a.Body)
}

// Far is it as a far side, without Open, To and Wrong.
func (w *Web) Far() Far {
	return Far{Got: w.Got, Stop: w.Stop, Start: w.Start, Stall: w.Stall, Refuse: w.Refuse, Leaks: 4}
}
