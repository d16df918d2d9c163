package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"busbar/common/programtest"
)

// TestStopBesideStrangers: who has connected and asks nothing, or never ends its
// request, keeps the server from nothing, and makes no failure of its end.
func TestStopBesideStrangers(t *testing.T) {
	for name, said := range map[string]string{
		"nothing":     "",
		"half a line": "POST /hook HT",
		"half a body": "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			accepted := make(chan struct{}, 1)
			s := &http.Server{
				Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }),
				ConnState: func(_ net.Conn, state http.ConnState) {
					if state == http.StateNew {
						accepted <- struct{}{}
					}
				},
			}
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- serveHTTP(ctx, s, l) }()
			conn, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.WriteString(conn, said); err != nil {
				t.Fatal(err)
			}
			<-accepted
			stop()
			select {
			case err := <-ended:
				if err != nil {
					t.Errorf("the server ended with %v", err)
				}
			case <-time.After(programtest.Patience):
				t.Error("the server does not end")
			}
		})
	}
}
