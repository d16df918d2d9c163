package lmtp

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// FuzzToLF: the lines of the wire become the lines of a file.
func FuzzToLF(f *testing.F) {
	for _, s := range []string{"", "\r\n", "a\r\n\r\nb", "\r\r\n\n", "a\r"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		want := bytes.ReplaceAll(in, []byte("\r\n"), []byte("\n"))
		if got := toLF(bytes.Clone(in)); !bytes.Equal(got, want) {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	})
}

// FuzzSession: whatever a client says, the server answers it and the next one, and no
// mail is longer than the limit.
func FuzzSession(f *testing.F) {
	const limit = 4096
	dir, err := os.MkdirTemp("", "lmtp")
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	c := Open(Options{Listen: "unix://" + socket, Limit: limit, Connections: 20, Log: slog.New(slog.DiscardHandler)})
	f.Cleanup(func() {
		if err := c.Close(); err != nil {
			f.Error(err)
		}
	})
	ctx, cancel := context.WithCancel(context.Background())
	f.Cleanup(cancel)
	go func() {
		for {
			it, _, done, err := c.Next(ctx)
			if err != nil {
				return
			}
			if len(it.Raw) > limit {
				f.Errorf("a mail of %d bytes", len(it.Raw))
			}
			done(nil)
		}
	}()
	const mail = "LHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nRCPT TO:<c@example.org>\r\nDATA\r\nSubject: x\r\n\r\n..text\r\n.\r\n"
	f.Add([]byte(mail + "QUIT\r\n"))
	f.Add([]byte(mail + strings.Replace(mail, "LHLO x\r\n", "RSET\r\n", 1)))
	f.Add([]byte("LHLO x\r\nMAIL FROM:<> BODY=8BITMIME SIZE=99999\r\n"))
	f.Add([]byte("EHLO x\r\nDATA\r\nBDAT 5 LAST\r\nhello"))
	f.Add([]byte("LHLO " + strings.Repeat("x", 3000) + "\r\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		conn, err := dial(t.Context(), socket)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
			t.Fatal(err)
		}
		go func() { // it may hang up before it has read all
			_, _ = conn.Write(in)
			_ = conn.(*net.UnixConn).CloseWrite()
		}()
		out, err := io.ReadAll(conn)
		if ne, ok := err.(net.Error); ok && ne.Timeout() {
			t.Fatalf("%q has no end: %q", in, out)
		}
		if !strings.HasPrefix(string(out), "220 ") {
			t.Errorf("%q: it was answered %q, %v", in, out, err)
		}
	})
}
