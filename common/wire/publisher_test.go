package wire

import (
	"context"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestPublisherBeginsAtTheCursor(t *testing.T) {
	j := testJournal(t)
	write(t, j, 1, 10, 0)
	if err := j.SetCursor(context.Background(), "zmq", 4); err != nil {
		t.Fatal(err)
	}
	write(t, j, 11, 11, 0) // the cursor is stored with it
	r := start(t, j, &Publisher{})
	f := follow(t, r.listening(), testVerifier(t, nil))
	r.goOn()
	expectNotes(t, f, 5, 11)
	write(t, j, 12, 300, 0)
	expectNotes(t, f, 12, 300)
	r.stop()
	write(t, j, 301, 301, 0)
	if got := savedCursor(t, j); got != 300 {
		t.Errorf("the cursor is at %d, not at 300", got)
	}
}

// TestPublisherCursorMovesUnderLoad: messages that never cease do not keep the
// cursor, and with it retention, where it was.
func TestPublisherCursorMovesUnderLoad(t *testing.T) {
	j := testJournal(t)
	r := start(t, j, &Publisher{})
	r.listening()
	r.goOn()
	i := 0
	for end := time.Now().Add(patience); savedCursor(t, j) == 0; i += 50 {
		if time.Now().After(end) {
			t.Fatalf("after %d messages the cursor has not moved", i)
		}
		write(t, j, i+1, i+50, 0)
	}
	r.stop()
}

// TestPublisherLateJoiner: what nobody subscribed to costs nothing and is not
// told to those who come later.
func TestPublisherLateJoiner(t *testing.T) {
	const count = 300
	j := testJournal(t)
	write(t, j, 1, count, 0)
	r := start(t, j, &Publisher{})
	pub := r.listening()
	r.goOn()
	// A message that is counted as published may still be on its way through the
	// socket: the cursor passes it when it is not.
	eventually(t, "all is published", func() bool { return savedCursor(t, j) == count })
	if s := pub.Stats(); s.QueuedBytes != 0 || s.Sent != 0 {
		t.Errorf("for nobody, something waits: %+v", s)
	}
	f := follow(t, pub, testVerifier(t, nil))
	write(t, j, count+1, count+5, 0)
	expectNotes(t, f, count+1, count+5)
	r.stop()
}

func TestPublisherTakenPort(t *testing.T) {
	endpoint := free(t)
	holder, err := net.Listen("tcp", strings.TrimPrefix(endpoint, "tcp://"))
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close()
	j := testJournal(t)
	r := start(t, j, &Publisher{Listen: PubOptions{Endpoints: []string{endpoint}}})
	for range 2 { // it goes on trying
		if err := r.trouble(); !strings.Contains(err.Error(), endpoint) || !strings.Contains(err.Error(), "ss -ltnp") {
			t.Errorf("the error does not help: %v", err)
		}
	}
	write(t, j, 1, 20, 0) // the source never notices
	holder.Close()
	f := follow(t, r.recovered(), testVerifier(t, nil))
	r.goOn()
	expectNotes(t, f, 1, 20)
	r.stop()
}

func TestPublisherDeadListener(t *testing.T) {
	j := testJournal(t)
	r := start(t, j, &Publisher{})
	pub := r.listening()
	f := follow(t, pub, testVerifier(t, nil))
	r.goOn()
	write(t, j, 1, 5, 0)
	expectNotes(t, f, 1, 5)
	killListener(t, pub.Endpoints()[0])
	if err := r.trouble(); !strings.Contains(err.Error(), "dead") {
		t.Errorf("the error is %v", err)
	}
	write(t, j, 6, 10, 0)
	f = follow(t, r.listening(), testVerifier(t, nil))
	r.goOn()
	expectNotes(t, f, 6, 10) // the first five were written, so the cursor has passed them
	r.stop()
}

// killListener ends a listening socket of this process behind Go's back.
func killListener(t *testing.T, endpoint string) {
	t.Helper()
	_, port, err := net.SplitHostPort(strings.TrimPrefix(endpoint, "tcp://"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("this system has no /proc")
	}
	for _, file := range files {
		fd, _ := strconv.Atoi(file.Name())
		if on, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN); err != nil || on == 0 {
			continue
		}
		name, err := unix.Getsockname(fd)
		if in, ok := name.(*unix.SockaddrInet4); err == nil && ok && strconv.Itoa(in.Port) == port {
			if err := unix.Shutdown(fd, unix.SHUT_RDWR); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatal("the listening socket is not found")
}

// TestPublisherUnreadableJournal: the journal fails, the publisher does not.
func TestPublisherUnreadableJournal(t *testing.T) {
	j := testJournal(t)
	write(t, j, 1, 3, 0)
	r := start(t, j, &Publisher{Every: 10 * time.Millisecond})
	f := follow(t, r.listening(), testVerifier(t, nil))
	r.goOn()
	expectNotes(t, f, 1, 3)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := r.trouble(); !strings.Contains(err.Error(), "journal") {
		t.Errorf("the error is %v", err)
	}
	r.listening() // the port is tried again
	r.goOn()
	r.trouble()
	r.stop()
}

// TestPublisherPassesOverTheUnsendable: a message that is too large for every
// subscriber does not hold up the others.
func TestPublisherPassesOverTheUnsendable(t *testing.T) {
	j := testJournal(t)
	write(t, j, 1, 1, 0)
	write(t, j, 2, 2, 17<<20)
	write(t, j, 3, 3, 0)
	r := start(t, j, &Publisher{})
	f := follow(t, r.listening(), testVerifier(t, nil))
	r.goOn()
	expectNotes(t, f, 1, 1)
	d := next(t, f)
	if d.Err != nil || d.Envelope.Seq != 3 || d.Gap == nil || d.Gap.From != 2 || d.Gap.To != 2 {
		t.Errorf("after 1: number %d, gap %v, error %v", d.Envelope.Seq, d.Gap, d.Err)
	}
	r.stop()
}

// TestPublisherStopsWhileTroubled: the end comes at once, also while waiting
// for a port.
func TestPublisherStopsWhileTroubled(t *testing.T) {
	busy := listen(t, PubOptions{})
	r := start(t, testJournal(t), &Publisher{Listen: PubOptions{Endpoints: busy.Endpoints()}})
	r.trouble()
	r.stop()
}

func TestPublisherNeedsNoLogAndNoState(t *testing.T) {
	busy := listen(t, PubOptions{})
	for _, endpoints := range [][]string{busy.Endpoints(), {"tcp://127.0.0.1:0"}} {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		p := &Publisher{Journal: testJournal(t), Identity: testIdentity(), Sink: "zmq", Listen: PubOptions{Endpoints: endpoints}}
		if err := p.Run(ctx); err != nil {
			t.Error(err)
		}
		cancel()
	}
}
