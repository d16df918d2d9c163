package imap

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"imaps://bus@mail.example.org/INBOX":         "mail.example.org:993 tls bus INBOX",
		"imaps://bus@mail.example.org":               "mail.example.org:993 tls bus INBOX",
		"imap+starttls://bus@mail.example.org:1/a/b": "mail.example.org:1 starttls bus a/b",
		"imap://bus%40example.org@127.0.0.1/INBOX":   "127.0.0.1:143 none bus@example.org INBOX",
		"imap://bus@mail.example.org":                "",
		"imaps://bus:secret@mail.example.org":        "",
		"imaps://mail.example.org":                   "",
		"http://bus@mail.example.org":                "",
		"bus@mail.example.org":                       "",
		"imaps://bus@/INBOX":                         "",
		"%":                                          "",
	} {
		m, err := Parse(text)
		got := fmt.Sprint(m.Address, " ", m.TLS, " ", m.User, " ", m.Name)
		if want == "" && err == nil || want != "" && got != want {
			t.Errorf("%s: %s, %v; want %q", text, got, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the password is shown: %v", err)
		}
	}
}

// TestFlood: a server that sends without end is left.
func TestFlood(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	sent := make(chan int64, 10)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			n := int64(0)
			_, err = c.Write([]byte("* OK \""))
			for block := make([]byte, 1<<20); err == nil; n += int64(len(block)) {
				_, err = c.Write(block)
			}
			c.Close()
			sent <- n
		}
	}()
	m, err := Parse("imap://jane@" + l.Addr().String() + "/INBOX")
	if err != nil {
		t.Fatal(err)
	}
	c, err := Open(Options{Mailbox: m, Password: func() (string, error) { return "", nil }, Limit: 1000, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	select {
	case n := <-sent:
		if n > 64<<20 {
			t.Errorf("%d bytes were taken", n)
		}
	case <-ctx.Done():
		t.Error("it reads on")
	}
}
