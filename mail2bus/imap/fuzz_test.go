package imap

import (
	"bufio"
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"busbar/mail2bus/queue"
)

// FuzzVisit: whatever a server says, a connection ends with an error, in time, and what it
// gave is no longer than the limit.
func FuzzVisit(f *testing.F) {
	const limit = 4096
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { l.Close() })
	f.Add([]byte("* OK [CAPABILITY IMAP4rev1 IDLE MOVE] hello\r\n\x00T1 OK [CAPABILITY IMAP4rev1 IDLE MOVE] in\r\n\x00* 1 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\nT2 OK [READ-WRITE] open\r\n\x00* SEARCH 3\r\nT3 OK found\r\n\x00" +
		"* 1 FETCH (UID 3 RFC822.SIZE 9)\r\nT4 OK done\r\n\x00* 1 FETCH (UID 3 INTERNALDATE \"02-Jan-2026 03:04:05 +0000\" BODY[]<0> {9}\r\nA: b\r\n\r\nc)\r\nT5 OK done\r\n\x00* SEARCH 3\r\nT6 OK\r\n\x00T7 OK stored\r\n\x00+ idling\r\n* 2 EXISTS\r\n\x00T8 OK\r\n"))
	f.Add([]byte("* OK hello\r\n\x00* CAPABILITY IMAP4rev1\r\nT1 OK x\r\n\x00T2 NO no\r\n"))
	f.Add([]byte("* BYE\r\n"))
	f.Add([]byte("* OK x\r\n\x00* 1 FETCH (BODY[] {999999999}\r\n"))
	f.Add([]byte("* OK [CAPABILITY IMAP4rev1] x\r\n\x00T1 OK x\r\n\x00* OK [UIDVALIDITY 1] x\r\nT2 OK x\r\n\x00* ESEARCH (TAG \"T3\") UID ALL 1:4294967295\r\nT3 OK x\r\n"))
	mailbox, err := Parse("imap://jane@" + l.Addr().String() + "/INBOX")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, said []byte) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		go serve(l, said)
		c := &Channel{o: Options{Mailbox: mailbox, Password: secret, Limit: limit, Poll: time.Millisecond, After: After{Mark: true}, Log: slog.New(slog.DiscardHandler)}, fresh: make(chan struct{}, 1)}
		c.items = queue.New(c.store)
		go func() {
			for {
				it, _, done, err := c.Next(ctx)
				if err != nil {
					return
				}
				if len(it.Raw) > 1<<20 {
					t.Errorf("a mail of %d bytes", len(it.Raw))
				}
				done(nil)
			}
		}()
		if err := c.visit(ctx); err == nil || ctx.Err() != nil {
			t.Errorf("%q: %v", said, err)
		}
	})
}

// serve says a part to the next client, and the parts that follow, one for each line that
// it says; it hangs up on one that waits for more.
func serve(l net.Listener, said []byte) {
	conn, err := l.Accept()
	if err != nil {
		return
	}
	defer conn.Close()
	lines := bufio.NewReader(conn)
	for i, part := range bytes.Split(said, []byte{0}) {
		if i > 0 {
			if err := conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
				return
			}
			if _, err := lines.ReadString('\n'); err != nil {
				return
			}
		}
		if _, err := conn.Write(part); err != nil {
			return
		}
	}
}

// FuzzParse: an address without TLS is one of this machine.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "imaps://jane@mail.example.org/INBOX", "imap://jane@localhost", "imap://jane@[::1]:99/a/b", "imap+starttls://j%40x@h:1/%20", "imap://jane@127.0.0.1.example.org/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := Parse(text)
		if err != nil {
			return
		}
		host, _, err := net.SplitHostPort(m.Address)
		if err != nil || host != m.Host || m.User == "" || m.Name == "" {
			t.Errorf("%q: %+v, %v", text, m, err)
		}
		if a, err := netip.ParseAddr(m.Host); m.TLS == "none" && m.Host != "localhost" && (err != nil || !a.IsLoopback()) {
			t.Errorf("%q: a password goes to %s", text, m.Host)
		}
		if strings.Contains(m.String(), "\n") && !strings.ContainsAny(text, "\n%") {
			t.Errorf("%q: %q", text, m)
		}
	})
}
