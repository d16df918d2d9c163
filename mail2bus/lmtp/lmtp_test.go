package lmtp

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"busbar/common/journal"
	"busbar/common/pump"
	"busbar/common/pump/channeltest"
	"busbar/common/translate"
)

func open(t *testing.T, listen string, limit int64, connections int) *Channel {
	c := Open(Options{Listen: listen, Limit: limit, Connections: connections, Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// dial connects, as soon as somebody listens.
func dial(ctx context.Context, socket string) (net.Conn, error) {
	for {
		c, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
		if err == nil || ctx.Err() != nil {
			return c, err
		}
		select {
		case <-ctx.Done():
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// send hands a mail over, and gives what was answered for each recipient.
func send(ctx context.Context, socket, text string, to ...string) (answers []string, err error) {
	conn, err := dial(ctx, socket)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	defer conn.Close()
	r := bufio.NewReader(conn)
	say := func(text, want string) error {
		if text != "" {
			if _, err := conn.Write([]byte(text + "\r\n")); err != nil {
				return err
			}
		}
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return err
			}
			if len(line) > 3 && line[3] == ' ' {
				if !strings.HasPrefix(line, want) {
					return fmt.Errorf("to %q it answered %q", text, line)
				}
				return nil
			}
		}
	}
	commands := []string{"", "220", "LHLO test", "250", "MAIL FROM:<nora@example.org>", "250"}
	for _, a := range to {
		commands = append(commands, "RCPT TO:<"+a+">", "250")
	}
	for c := append(commands, "DATA", "354"); len(c) > 0; c = c[2:] {
		if err := say(c[0], c[1]); err != nil {
			return nil, err
		}
	}
	if _, err := conn.Write([]byte(strings.ReplaceAll(text, "\r\n.", "\r\n..") + ".\r\n")); err != nil {
		return nil, err
	}
	for range to {
		line, err := r.ReadString('\n')
		if err != nil {
			return answers, err
		}
		answers = append(answers, line[:3])
	}
	return answers, nil
}

// TestChannel: the source is a mail system, which keeps what is not answered with 250
// and sends it again.
func TestChannel(t *testing.T) {
	channeltest.Run(t, func(t *testing.T) channeltest.Source {
		socket := filepath.Join(t.TempDir(), "lmtp")
		ctx, cancel := context.WithCancel(context.Background())
		var senders sync.WaitGroup
		t.Cleanup(func() { cancel(); senders.Wait() })
		return channeltest.Source{
			Open: func(*journal.Journal) (pump.Channel, func()) {
				c := Open(Options{Listen: "unix://" + socket, Limit: 1 << 20, Connections: 100, Log: slog.New(slog.DiscardHandler)})
				return c, func() {
					if err := c.Close(); err != nil {
						t.Error(err)
					}
				}
			},
			Late: true, Unordered: true,
			Add: func(n int) {
				senders.Go(func() {
					for ctx.Err() == nil {
						answers, err := send(ctx, socket, fmt.Sprintf("Subject: %d\r\n\r\nText.\r\n", n), "bus@example.org")
						if err == nil && len(answers) == 1 && answers[0] == "250" {
							return
						}
						if err == nil && (len(answers) != 1 || answers[0] != "451") {
							t.Errorf("mail %d was answered with %v", n, answers)
						}
					}
				})
			},
			Number: func(it translate.Item[any]) int {
				line, _, _ := strings.Cut(string(it.Raw), "\n")
				n, _ := strconv.Atoi(strings.TrimPrefix(line, "Subject: "))
				return n
			},
		}
	})
}

// TestAnswers: each recipient is answered, by what became of the mail.
func TestAnswers(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "lmtp")
	c := open(t, "unix://"+socket, 10_000, 5)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for _, x := range []struct {
		name, text string
		become     error
		want       string
		raw        string
	}{
		{"stored", "A: b\r\n\r\n.text\r\n", nil, "250 250 250", "A: b\n\n.text\n"},
		{"not stored", "A: b\r\n\r\ntext\r\n", errors.New("the disk is full"), "451 451 451", "A: b\n\ntext\n"},
		{"too long", "A: b\r\n\r\n" + strings.Repeat("text\r\n", 10_000), nil, "552 552 552", ""},
		{"a line end of another sort", "A: b\r\n\r\nx\n.\ny\r\n", nil, "250 250 250", ""},
	} {
		handed := make(chan string, 1)
		next, stop := context.WithCancel(ctx)
		go func() {
			it, _, done, err := c.Next(next)
			if err == nil {
				handed <- string(it.Raw)
				done(x.become)
			}
		}()
		answers, err := send(ctx, socket, x.text, "a@example.org", "b@example.org", "a@example.org")
		stop()
		if got := strings.Join(answers, " "); err != nil || got != x.want {
			t.Errorf("%s: %q, %v; want %q", x.name, got, err, x.want)
		}
		if x.raw != "" {
			if got := <-handed; got != x.raw {
				t.Errorf("%s: it came as %q, want %q", x.name, got, x.raw)
			}
		}
	}
}

// TestHangUp: a mail whose sender is gone before its end is none.
func TestHangUp(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "lmtp")
	c := open(t, "unix://"+socket, 10_000, 5)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for _, words := range []string{
		"LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nDATA\r\nA: b\r\n\r\ntext", "LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nBDAT 6\r\nA: b\r\n",
		"LHLO x\r\n", "\x16\x03\x01", strings.Repeat("x", 100_000),
	} {
		conn, err := dial(ctx, socket)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = conn.Write([]byte(words)) // it may have hung up already
		conn.Close()
	}
	var sender sync.WaitGroup
	sender.Go(func() {
		if _, err := send(ctx, socket, "Subject: whole\r\n\r\n", "a@b.example"); err != nil {
			t.Error(err)
		}
	})
	it, _, done, err := c.Next(ctx)
	if err != nil || !strings.HasPrefix(string(it.Raw), "Subject: whole") {
		t.Errorf("%q came, %v; want the whole mail alone", it.Raw, err)
	}
	done(nil)
	sender.Wait()
}

// TestIdleAtTheEnd: who says nothing is hung up on when the channel ends.
func TestIdleAtTheEnd(t *testing.T) {
	t.Parallel() // it is waited for a while
	c := Open(Options{Listen: "unix://" + filepath.Join(t.TempDir(), "lmtp"), Limit: 1 << 20, Connections: 3, Log: slog.New(slog.DiscardHandler)})
	var conn net.Conn
	var err error
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if conn, err = net.Dial("unix", strings.TrimPrefix(c.o.Listen, "unix://")); err == nil || time.Now().After(end) {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	text := bufio.NewReader(conn)
	if _, err := text.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(text); err != nil {
		t.Errorf("the connection goes on: %v", err)
	}
}

// TestPlaces: who connects and says nothing takes a place, and no more than there are.
func TestPlaces(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "lmtp")
	open(t, "unix://"+socket, 10_000, 2)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var conns []net.Conn
	greeted := make(chan int, 3)
	for n := range 3 {
		conn, err := dial(ctx, socket)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conns = append(conns, conn)
		go func() {
			if line, err := bufio.NewReader(conn).ReadString('\n'); err == nil && strings.HasPrefix(line, "220") {
				greeted <- n
			}
		}()
	}
	first, second := <-greeted, <-greeted
	select {
	case n := <-greeted:
		t.Errorf("connection %d was served, too", n)
	case <-time.After(50 * time.Millisecond): // it cannot be shown that it never will be
	}
	conns[first].Close()
	if third := <-greeted; third == first || third == second {
		t.Errorf("connection %d was greeted twice", third)
	}
}

func TestCheck(t *testing.T) {
	for place, ok := range map[string]bool{"unix:///run/lmtp": true, "tcp://127.0.0.1:24": true, "systemd": true, "unix://lmtp": false, "127.0.0.1:24": false, "tcp://24": false, "": false} {
		if err := Check(place); (err == nil) != ok {
			t.Errorf("%q: %v", place, err)
		}
	}
}

// TestTaken: a socket that somebody listens on is left alone; one that a dead process
// left is not.
func TestTaken(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "lmtp")
	first := open(t, "unix://"+socket, 10_000, 2)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	conn, err := dial(ctx, socket)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if l, err := listenUnix(socket); err == nil {
		l.Close()
		t.Error("it took a socket that is in use")
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	left.SetUnlinkOnClose(false)
	left.Close()
	l, err := listenUnix(socket)
	if err != nil {
		t.Fatalf("it did not take a socket that was left: %v", err)
	}
	l.Close()
}
