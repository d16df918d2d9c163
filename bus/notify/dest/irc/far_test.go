package irc

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"busbar/bus/notify/dest/desttest"
	"busbar/fixtures/cluster"
)

// patience bounds each wait.
const patience = 2 * time.Minute

// A person is a client who is in channels and reads: who made them has power there.
type person struct {
	t    *testing.T
	nick string
	conn net.Conn
	done chan struct{}

	mu    sync.Mutex
	got   []desttest.Arrived
	lines []string
}

// meet connects a person, and waits until all channels are joined.
func meet(t *testing.T, address, nick string, channels ...string) *person {
	t.Helper()
	c, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		t.Fatal(err)
	}
	p := &person{t: t, nick: nick, conn: c, done: make(chan struct{})}
	go p.read()
	p.say("NICK "+nick, "USER "+nick+" 0 * :"+nick)
	p.sees(func(line string) bool { return strings.Contains(line, " 001 ") })
	for _, channel := range channels {
		p.say("JOIN " + channel)
		p.sees(func(line string) bool { return strings.Contains(line, " 366 ") && strings.Contains(line, channel) })
	}
	return p
}

func (p *person) say(lines ...string) {
	for _, line := range lines {
		if _, err := io.WriteString(p.conn, line+"\r\n"); err != nil && !errors.Is(err, net.ErrClosed) {
			p.t.Errorf("%s cannot say %q: %v", p.nick, line, err)
		}
	}
}

func (p *person) read() {
	defer close(p.done)
	for lines := bufio.NewScanner(p.conn); lines.Scan(); {
		m := parse(lines.Text())
		if m.command == "PING" {
			p.say("PONG :" + m.last())
		}
		p.mu.Lock()
		p.lines = append(p.lines, lines.Text())
		if m.command == "PRIVMSG" || m.command == "NOTICE" && strings.Contains(m.prefix, "!") {
			p.took(m)
		}
		p.mu.Unlock()
	}
}

// took joins what is set in with the line before it.
func (p *person) took(m message) {
	to := m.param(0)
	if rest, more := strings.CutPrefix(m.last(), "  "); more {
		for i := len(p.got) - 1; i >= 0; i-- {
			if p.got[i].To == to {
				p.got[i].Text += "\n" + rest
				return
			}
		}
	}
	p.got = append(p.got, desttest.Arrived{To: to, Text: m.last()})
}

func (p *person) sees(what func(line string) bool) {
	p.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		p.mu.Lock()
		seen := slices.ContainsFunc(p.lines, what)
		p.mu.Unlock()
		if seen {
			return
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.t.Fatalf("%s waited in vain; the server said %.2000q", p.nick, p.lines)
}

func (p *person) arrived() []desttest.Arrived {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.got)
}

func (p *person) leave() {
	p.conn.Close()
	<-p.done
}

func startServer(t *testing.T, config string) *cluster.Ngircd {
	t.Helper()
	n, err := cluster.StartNgircd(t.Context(), t.TempDir(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Kill(); err != nil {
			t.Error(err)
		}
	})
	return n
}

// A room is a server with a person in it who is there again after each start, with what
// was seen before.
type room struct {
	*cluster.Ngircd
	t      *testing.T
	person *person
	before []desttest.Arrived
}

func newRoom(t *testing.T) *room {
	r := &room{Ngircd: startServer(t, ""), t: t}
	r.person = meet(t, r.Address, "jane", "#a", "#b")
	t.Cleanup(func() { r.person.leave() })
	return r
}

func (r *room) stop() {
	if err := r.Kill(); err != nil {
		r.t.Error(err)
	}
	r.person.leave()
	r.before = r.got()
	r.person.got = nil
}

func (r *room) start() {
	if err := r.Start(context.Background()); err != nil {
		r.t.Fatal(err)
	}
	r.person = meet(r.t, r.Address, "jane", "#a", "#b")
}

func (r *room) got() []desttest.Arrived {
	return append(slices.Clone(r.before), r.person.arrived()...)
}

// A script is a server that says what a test has it say: each step waits for a line that
// begins so, and answers.
type step struct{ want, answer string }

func scripted(t *testing.T, config *tls.Config, steps ...step) (address string, wait func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if config != nil {
		l = tls.NewListener(l, config)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := l.Accept()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
			t.Error(err)
		}
		lines := bufio.NewScanner(c)
		for _, s := range steps {
			for {
				if !lines.Scan() {
					t.Errorf("the client ends before it says %q: %v", s.want, lines.Err())
					return
				}
				if strings.HasPrefix(lines.Text(), s.want) {
					break
				}
			}
			if s.answer != "" {
				fmt.Fprint(c, strings.ReplaceAll(s.answer, "\n", "\r\n")+"\r\n")
			}
		}
		for lines.Scan() { // until the client goes
		}
	}()
	t.Cleanup(func() { l.Close() })
	return l.Addr().String(), func() { <-done }
}
