package mail

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	netmail "net/mail"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	parsed "busbar/common/mail"

	"busbar/bus/notify/dest"
	"busbar/bus/notify/dest/desttest"
	"busbar/fixtures/ports"
)

// A farServer is a mail server that keeps what it accepts.
type farServer struct {
	t    *testing.T
	addr string

	mu      sync.Mutex
	server  *smtp.Server
	mails   []farMail
	refuses map[string]bool
	stall   chan struct{} // nil: it answers
	cut     bool          // it accepts the next mail, and ends before it says so
}

type farMail struct {
	from, to string
	raw      []byte
}

func newFar(t *testing.T) *farServer {
	address, err := ports.Address()
	if err != nil {
		t.Fatal(err)
	}
	f := &farServer{t: t, addr: address, refuses: map[string]bool{}}
	f.start()
	t.Cleanup(f.stop)
	return f
}

func (f *farServer) serve(l net.Listener) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.server = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{f: f, c: c}, nil }))
	f.server.Domain, f.server.ReadTimeout, f.server.WriteTimeout = "far.example.org", time.Minute, time.Minute
	server := f.server
	go func() { _ = server.Serve(l) }()
}

func (f *farServer) stop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	_ = f.server.Close()
}

func (f *farServer) start() {
	l, err := net.Listen("tcp", f.addr)
	if err != nil {
		f.t.Fatal(err)
	}
	f.serve(l)
}

func (f *farServer) got() []farMail {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.mails)
}

func (f *farServer) wait() {
	f.mu.Lock()
	stall := f.stall
	f.mu.Unlock()
	if stall != nil {
		<-stall
	}
}

type session struct {
	f        *farServer
	c        *smtp.Conn
	from, to string
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.f.wait()
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.f.mu.Lock()
	defer s.f.mu.Unlock()
	if s.to = to; s.f.refuses[to] {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "nobody of this name"}
	}
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.f.mu.Lock()
	s.f.mails = append(s.f.mails, farMail{s.from, s.to, raw})
	cut := s.f.cut
	s.f.cut = false
	s.f.mu.Unlock()
	if cut {
		return errors.Join(errors.New("cut"), s.c.Conn().Close())
	}
	return nil
}

func testConfig(addr string) Config {
	c := DefaultConfig()
	c.Server, c.From, c.Unsubscribe = addr, "Busbar <busbar@example.org>", "control@example.org"
	return c
}

func openTest(t *testing.T, c Config) *Destination {
	d, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestIsADestination(t *testing.T) {
	desttest.Run(t, func(t *testing.T) desttest.Far {
		f := newFar(t)
		return desttest.Far{
			Open: func(t *testing.T) dest.Destination { return openTest(t, testConfig(f.addr)) },
			To: func(i int) string {
				return fmt.Sprintf("person%d@example.org", i)
			},
			Got: func() (list []desttest.Arrived) {
				for _, m := range f.got() {
					p := parsed.Parse(m.raw, parsed.DefaultLimits())
					list = append(list, desttest.Arrived{To: m.to, Text: p.Header.Get("Subject") + "\n" + p.Text()})
				}
				return list
			},
			Stop: f.stop, Start: f.start,
			Stall: func() func() {
				stall := make(chan struct{})
				f.mu.Lock()
				f.stall = stall
				f.mu.Unlock()
				return func() {
					f.mu.Lock()
					f.stall = nil
					f.mu.Unlock()
					close(stall)
				}
			},
			Refuse: func(to string) {
				f.mu.Lock()
				defer f.mu.Unlock()
				f.refuses[to] = true
			},
			Wrong: []string{"", "jane", "@example.org", "jane@", "Jane <jane@example.org>", "jane@example.org, bob@example.org", "-oX/tmp/x@example.org", "jane@exämple.org", "\"a b\"@example.org", "jane@example..org"},
			Leaks: 4,
		}
	})
}

// TestUnsure: of a mail that was accepted when the connection ended nobody knows; it comes
// again with the same Message-ID.
func TestUnsure(t *testing.T) {
	f := newFar(t)
	d := openTest(t, testConfig(f.addr))
	defer d.Close()
	f.mu.Lock()
	f.cut = true
	f.mu.Unlock()
	n := desttest.Note("u-1", "jane@example.org", "once or twice")
	err := d.Send(t.Context(), n)
	if fate := dest.FateOf(err); err == nil || !fate.Unsure || fate.Fate != dest.Retry {
		t.Fatalf("the fate is %+v", fate)
	}
	if err := d.Send(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	mails := f.got()
	if len(mails) != 2 {
		t.Fatalf("%d mails", len(mails))
	}
	for _, m := range mails {
		p, err := netmail.ReadMessage(bytes.NewReader(m.raw))
		if err != nil || p.Header.Get("Message-ID") != "<u-1@example.org>" {
			t.Errorf("Message-ID %q (%v)", p.Header.Get("Message-ID"), err)
		}
	}
}
