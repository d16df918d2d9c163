package wire

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// A peer is a process with the real libzmq.
type peer struct {
	t   *testing.T
	in  io.Writer
	out *bufio.Scanner
	end func() // kills it
}

// libzmq starts testdata/zmq_peer.py. Without python3-zmq the test fails:
// interoperation is a promise, so it is never left unchecked in silence.
func libzmq(t *testing.T, args ...string) *peer {
	t.Helper()
	const python = "/usr/bin/python3" // Debian's own, which sees Debian's python3-zmq
	if out, err := exec.Command(python, "-c", "import zmq").CombinedOutput(); err != nil {
		t.Fatalf("the real libzmq is needed (%v: %s): `make deps` installs python3-zmq", err, out)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	cmd := exec.CommandContext(ctx, python, append([]string{"testdata/zmq_peer.py"}, args...)...)
	cmd.Stderr = t.Output()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); cmd.Wait() })
	return &peer{t: t, in: in, out: bufio.NewScanner(out), end: cancel}
}

func (p *peer) line() string {
	p.t.Helper()
	if !p.out.Scan() {
		p.t.Fatalf("libzmq's side ended: %v", p.out.Err())
	}
	return p.out.Text()
}

func (p *peer) expect(lines ...string) {
	p.t.Helper()
	for _, want := range lines {
		if got := p.line(); got != want {
			p.t.Fatalf("libzmq's side says %q, want %q", got, want)
		}
	}
}

func (p *peer) say(line string) {
	p.t.Helper()
	if _, err := fmt.Fprintln(p.in, line); err != nil {
		p.t.Fatal(err)
	}
}

// TestZ7_LibzmqHeartbeats: a libzmq SUB that pings, and drops a publisher that
// does not answer in time, keeps one that has nothing to say for twice that
// time, and misses nothing afterwards. Only on a machine that stalls may it take
// more than the shortest time: who never answers fails them all.
func TestZ7_LibzmqHeartbeats(t *testing.T) {
	for _, within := range []time.Duration{time.Second, 4 * time.Second, 15 * time.Second} {
		if keeps(t, within) {
			return
		}
		t.Logf("libzmq received nothing for %s and connected again", within)
	}
	t.Error("libzmq drops a publisher that is silent: its PINGs are not answered")
}

// keeps is false where the subscriber has connected again.
func keeps(t *testing.T, within time.Duration) bool {
	const count = 300
	p := listen(t, PubOptions{})
	python := libzmq(t, "sub", p.Endpoints()[0], fmt.Sprint(count), fmt.Sprint(within.Milliseconds()))
	python.expect("ready")
	if err := p.WaitSubscriber(soon(t), "org.example.n"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * within) // in silence: any message would do for an answer
	for i := range count {
		send(t, p, "unwanted", nil)
		send(t, p, "org.example.n", numbered(i, 300))
	}
	once := func() bool { return p.Stats().Connects == 1 }
	for i := range count {
		if python.out.Scan() && python.out.Text() == fmt.Sprint(i) {
			continue
		}
		if once() {
			t.Fatalf("libzmq's side says %q, want %d", python.out.Text(), i)
		}
		return false
	}
	if s := p.Stats(); s.Connects == 1 && s.Dropped != 0 {
		t.Errorf("stats %+v", s)
	}
	return once()
}

func TestLibzmqPubToSub(t *testing.T) {
	const count = 5000
	python := libzmq(t, "pub", fmt.Sprint(count))
	s := subscribe(t, SubOptions{Endpoints: []string{python.line()}, Topics: []string{"org.example"}})
	// libzmq does not tell when the subscription has arrived: odd messages
	// are asked for until some come, and are reported without ending anything.
	var odd []Frame
	for len(odd) < 3 {
		python.say("odd")
		ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
		for len(odd) < 3 {
			f, err := s.Next(ctx)
			if err != nil {
				break
			}
			odd = append(odd, f)
		}
		cancel()
	}
	for _, f := range odd[:3] {
		if f.Err == nil || !strings.HasPrefix(f.Topic, "org.example") {
			t.Errorf("not reported as malformed: %+v", f)
		}
	}
	python.say("go")
	ctx := soon(t)
	for want := 0; want < count; {
		f, err := s.Next(ctx)
		if err != nil {
			t.Fatalf("message %d: %v", want, err)
		}
		if f.Err != nil {
			continue // odd ones that were asked for twice
		}
		if got := number(t, f); got != want || len(f.Body) != 8+want%500 || f.Topic != "org.example.n" {
			t.Fatalf("message %d of %d bytes, topic %q, where %d was due", got, len(f.Body), f.Topic, want)
		}
		want++
	}
}

// TestLibzmqSubAfterRestart: the publisher comes back on its port.
func TestLibzmqSubAfterRestart(t *testing.T) {
	const rounds, each = 3, 20
	o := PubOptions{}
	var python *peer
	for round := range rounds {
		p := listen(t, o)
		o.Endpoints = p.Endpoints()
		if round == 0 {
			python = libzmq(t, "sub", o.Endpoints[0], fmt.Sprint(rounds*each))
			python.expect("ready")
		}
		if err := p.WaitSubscriber(soon(t), "org.example"); err != nil {
			t.Fatal(err)
		}
		for i := range each {
			send(t, p, "org.example", numbered(i, 0))
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		for i := range each {
			python.expect(fmt.Sprint(i))
		}
	}
}

// TestDialPubToLibzmq is fedmsg's active mode: PUB connects, SUB is bound.
func TestDialPubToLibzmq(t *testing.T) {
	python := libzmq(t, "bound")
	p, err := DialPub(soon(t), python.line(), patience)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.WaitSubscriber(soon(t), "org.example"); err != nil {
		t.Fatal(err)
	}
	send(t, p, "org.example", []byte("{}"))
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	python.expect("org.example {}")
}
